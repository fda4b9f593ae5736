"""Whisper on sound of a telephone line, made by this machine's own voices."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from support import sounds

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import Heard, Wanted
from ivr.speech import whisper
from ivr.speech.whisper import WhisperSettings, recogniser

HINTS_ZH = ("查账单", "我要查账单", "换套餐", "我的包裹到哪了", "重置密码", "转人工")
HINTS_EN = ("your bill", "how much is my bill", "where is my parcel", "change my plan", "which service suits me")

Recognise = Callable[[bytes, Wanted], Heard]


@pytest.fixture(scope="module")
def recognise() -> Recognise:
    return recogniser(WhisperSettings())


def plain(text: str) -> str:
    return re.sub(r"[\W_]+", " ", text.lower()).strip()


@pytest.mark.parametrize("hints", [(), HINTS_EN], ids=["without hints", "with hints"])
@pytest.mark.parametrize("text", ["where is my parcel", "how much do I owe", "I forgot my password", "which service suits me"])
def test_english_is_heard(recognise: Recognise, text: str, hints: tuple[str, ...]) -> None:
    heard = recognise(sounds.padded(sounds.spoken(text)), Wanted(language="en", hints=hints))
    assert plain(heard.text) == plain(text)
    assert heard.language == "en"
    assert 0.5 < heard.confidence <= 1.0


@pytest.mark.parametrize("voice", ["zf_xiaoxiao", "zm_yunxi"])
@pytest.mark.parametrize("text", ["我要查账单", "我的包裹到哪了", "帮我重置密码"])
def test_chinese_is_heard_in_simplified_characters(recognise: Recognise, text: str, voice: str) -> None:
    heard = recognise(sounds.padded(sounds.spoken(text, "zh", voice)), Wanted(language="zh", hints=HINTS_ZH))
    assert plain(heard.text) == text
    assert heard.language == "zh"
    assert text not in [plain(each) for each in heard.alternatives]
    assert 1 <= len(heard.alternatives) <= whisper.ALTERNATIVES


def test_language_is_found_where_it_is_not_known(recognise: Recognise) -> None:
    assert recognise(sounds.spoken("我的包裹到哪了", "zh"), Wanted(hints=HINTS_ZH + HINTS_EN)).language == "zh"
    english = recognise(sounds.spoken("where is my parcel"), Wanted(hints=HINTS_ZH + HINTS_EN))
    assert (english.language, plain(english.text)) == ("en", "where is my parcel")
    assert recognise(sounds.spoken("where is my parcel"), Wanted(language="fr")).language == "en"


NOISES = {
    "nothing at all": bytes(16000 * 2),
    "a silent line": sounds.silence(3),
    "white noise": sounds.white(3, 2000),
    "wind": sounds.pink(3, 3000),
    "hum": sounds.hum(3, 1500),
    "music": sounds.music(4, 2000),
    "a key": sounds.key("5", 1.0),
    "too little": sounds.silence(0.05),
}


@pytest.mark.parametrize("hints", [(), HINTS_ZH + HINTS_EN], ids=["without hints", "with hints"])
@pytest.mark.parametrize("language", ["zh", "en", None])
@pytest.mark.parametrize("noise", NOISES)
def test_noise_has_no_words(recognise: Recognise, noise: str, language: str | None, hints: tuple[str, ...]) -> None:
    assert recognise(NOISES[noise], Wanted(language=language, hints=hints)).text == ""


def test_no_sound_is_no_word(recognise: Recognise) -> None:
    assert recognise(b"", Wanted()) == Heard(text="")


def test_what_is_longer_than_the_model_takes_is_heard_in_parts(recognise: Recognise) -> None:
    long = sounds.padded(sounds.spoken("where is my parcel"), 1.0, 27.0) + sounds.spoken("I forgot my password")
    heard = recognise(long, Wanted(language="en"))
    assert "where is my parcel" in plain(heard.text)
    assert "forgot my password" in plain(heard.text)
    assert heard.alternatives == ()


def test_any_number_of_hints_is_taken(recognise: Recognise) -> None:
    hints = tuple(f"第{number}个业务怎么办理" for number in range(500))
    assert "账单" in recognise(sounds.spoken("我要查账单", "zh"), Wanted(language="zh", hints=("查账单", *hints))).text


def test_model_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"no model")
    (tmp_path / "tokenizer.json").write_text("{}")
    with pytest.raises(ConfigurationError, match="holds no model that can be read"):
        recogniser(WhisperSettings(model=str(tmp_path)))
