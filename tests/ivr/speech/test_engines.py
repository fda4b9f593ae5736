import pytest

from gateway.model.secret import Secret
from ivr.speech.aliyun import AliyunSettings
from ivr.speech.engines import hearing_by, speaking_by
from ivr.speech.espeak import EspeakSettings
from ivr.speech.funasr import FunAsrSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.iflytek import IflytekSettings
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.openai import OpenAiHearingSettings, OpenAiSpeakingSettings
from ivr.speech.settings import HearingSettings
from ivr.speech.vosk import VoskSettings
from ivr.speech.whisper import WhisperSettings

SERVER = "https://speech.example/v1"


def test_those_that_speak_a_language_are_asked_in_their_order() -> None:
    theirs = OpenAiSpeakingSettings(url=SERVER, key=Secret("k"), voices={"en": "alloy"})
    found = speaking_by((theirs, KokoroSettings(), HibariSettings(), EspeakSettings()))
    assert {language: [engine.name for engine in engines] for language, engines in found.items()} == {
        "en": ["openai", "hibari", "espeak"],
        "zh": ["kokoro", "espeak"],
    }
    assert speaking_by((EspeakSettings(),)).keys() == {"zh", "en"}
    assert speaking_by(()) == {}


def test_those_that_hear_are_asked_in_their_order() -> None:
    settings = (OpenAiHearingSettings(url=SERVER), VoskSettings(url="ws://asr.example:2700", language="en"), WhisperSettings())
    chain = hearing_by(settings, answer_s=8.0)
    assert chain is not None
    assert chain.abilities.languages == {"zh", "en"}
    assert not chain.abilities.is_streaming
    assert hearing_by((), answer_s=8.0) is None


@pytest.mark.parametrize(
    "settings",
    [
        WhisperSettings(),
        VoskSettings(url="ws://asr.example:2700", language="zh"),
        FunAsrSettings(url="ws://asr.example:10095"),
        IflytekSettings(app_id="a", key=Secret("k"), secret=Secret("s")),
        AliyunSettings(app_key="a", key_id="i", key_secret=Secret("s")),
    ],
    ids=lambda settings: type(settings).__name__,
)
def test_one_is_enough(settings: HearingSettings) -> None:
    chain = hearing_by((settings,), answer_s=8.0)
    assert chain is not None
    assert "zh" in chain.abilities.languages
