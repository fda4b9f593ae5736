import subprocess

import pytest
from support.sounds import floats, loudness

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import SpeechError, SpeechProblem, Voice
from ivr.speech.espeak import EspeakSettings, pinyin, speaker


@pytest.mark.parametrize(("language", "text"), [("zh", "我要查账单"), ("en", "the bill, please")])
def test_it_speaks_like_a_machine(language: str, text: str) -> None:
    sound = speaker(EspeakSettings())(text, Voice(language=language))
    assert 0.5 < len(sound) / 16_000 < 4.0
    assert loudness(floats(sound)) > 1000


def test_chinese_goes_in_as_syllables_with_tones() -> None:
    assert pinyin("查账单 ok") == "cha2 zhang4 dan1  ok"


def test_a_program_that_is_missing_or_fails_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    speak = speaker(EspeakSettings())

    def fails(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("espeak-ng", 10.0)

    monkeypatch.setattr("subprocess.run", fails)
    with pytest.raises(SpeechError) as caught:
        speak("hello", Voice(language="en"))
    assert caught.value.problem is SpeechProblem.BROKEN
    with pytest.raises(SpeechError, match="it speaks no 'fr' here"):
        speak("bonjour", Voice(language="fr"))
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(ConfigurationError, match="apt-get install espeak-ng"):
        speaker(EspeakSettings())
