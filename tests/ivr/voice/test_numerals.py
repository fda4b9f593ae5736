import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.voice.numerals import speakable


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("发到+8613800138000，对吗？", "zh", "发到幺三八，零零幺三，八零零零，对吗？"),
        (
            "Send it to +8613800138000, right?",
            "en",
            "Send it to one three eight, zero zero one three, eight zero zero zero, right?",
        ),
        ("运单SF12345678", "zh", "运单S F 幺二三四，五六七八"),
        ("Member M100001.", "en", "Member M one zero zero, zero zero one."),
        ("本月账单是86.50元，2026-12-10前付清。", "zh", "本月账单是86.5元，12月10号前付清。"),
        ("to be paid by 2026-12-10", "en", "to be paid by December 10"),
        ("extension 1002", "en", "extension 1002"),
        ("1234567", "en", "one two three, four five six seven"),
        ("一共￥100，15:30前", "zh", "一共100元，15点30分前"),
        ("2026-13-45", "en", "two zero two six, one three four five"),
        ("查包裹请按1。", "zh", "查包裹请按1。"),
    ],
)
def test_what_is_said(text: str, language: str, said: str) -> None:
    assert speakable(text, language) == said


@given(st.text(max_size=60), st.sampled_from(["zh", "en"]))
def test_any_text_can_be_said(text: str, language: str) -> None:
    assert isinstance(speakable(text, language), str)


@given(st.text(alphabet="0123456789", min_size=5, max_size=25))
def test_no_digit_is_lost(number: str) -> None:
    words = speakable(number, "en").replace(",", "").split()
    names = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    assert "".join(str(names.index(word)) for word in words) == number
