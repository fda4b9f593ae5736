"""The engines that can be configured, by their word ``engine``."""

from ivr.speech.espeak import EspeakSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.whisper import WhisperSettings

HearingSettings = WhisperSettings
"""Of an engine that recognises speech."""
SpeakingSettings = KokoroSettings | HibariSettings | EspeakSettings
"""Of an engine that speaks."""
