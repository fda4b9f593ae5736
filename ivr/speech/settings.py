"""The engines that can be configured, by their word ``engine``."""

from ivr.speech.espeak import EspeakSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.openai import OpenAiHearingSettings, OpenAiSpeakingSettings
from ivr.speech.vosk import VoskSettings
from ivr.speech.whisper import WhisperSettings

HearingSettings = WhisperSettings | OpenAiHearingSettings | VoskSettings
"""Of an engine that recognises speech."""
SpeakingSettings = KokoroSettings | HibariSettings | EspeakSettings | OpenAiSpeakingSettings
"""Of an engine that speaks."""
