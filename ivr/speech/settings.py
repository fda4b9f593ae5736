"""The engines that can be configured, by their word ``engine``."""

from ivr.speech.aliyun import AliyunSettings
from ivr.speech.espeak import EspeakSettings
from ivr.speech.funasr import FunAsrSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.iflytek import IflytekSettings
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.openai import OpenAiHearingSettings, OpenAiSpeakingSettings
from ivr.speech.vosk import VoskSettings
from ivr.speech.whisper import WhisperSettings

HearingSettings = WhisperSettings | OpenAiHearingSettings | VoskSettings | FunAsrSettings | IflytekSettings | AliyunSettings
"""Of an engine that recognises speech."""
SpeakingSettings = KokoroSettings | HibariSettings | EspeakSettings | OpenAiSpeakingSettings
"""Of an engine that speaks."""
