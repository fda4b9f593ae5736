import sys

import pytest
from support.sounds import floats, loudness

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Voice
from ivr.speech.kokoro import MAX_TOKENS, KokoroSettings, _parts, speaker, spelled


def test_it_speaks_chinese_in_several_voices() -> None:
    speak = speaker(KokoroSettings())
    first = speak("您的账单是86.5元。", Voice(language="zh"))
    other = speak("您的账单是86.5元。", Voice(language="zh", name="zm_yunxi"))
    assert 1.5 < len(first) / 16_000 < 6.0
    assert loudness(floats(first)) > 1000
    assert other != first
    assert speak("……", Voice(language="zh")) is not None
    with pytest.raises(ConfigurationError, match="no voice 'nobody'; there is: zf_xiaoxiao"):
        speak("您好", Voice(language="zh", name="nobody"))


def test_latin_letters_are_spelled() -> None:
    assert spelled("单号SF 12，M") == "单号艾斯 艾弗  12，艾姆 "
    speak = speaker(KokoroSettings())
    assert len(speak("单号S F", Voice(language="zh"))) > 1.3 * len(speak("单号", Voice(language="zh")))


def test_long_texts_are_cut_at_a_stop() -> None:
    numbers = [50] * 300 + [4] + [50] * 400
    parts = list(_parts(numbers))
    assert [len(part) for part in parts] == [301, 400]
    assert [len(part) for part in _parts([50] * 1100)] == [MAX_TOKENS, MAX_TOKENS, 80]
    assert list(_parts([])) == []


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "misaki", None)
    with pytest.raises(ConfigurationError, match="make speech"):
        speaker(KokoroSettings())
