from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.slots.numbers import canonical, numbers, whole

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


@pytest.mark.parametrize(
    ("said", "value"),
    [
        ("一二三", "123"),
        ("十", "10"),
        ("十二", "12"),
        ("一百零五", "105"),
        ("一百二", "120"),
        ("一千二百五", "1250"),
        ("一千零五十", "1050"),
        ("两千", "2000"),
        ("三万五", "35000"),
        ("一万零二百", "10200"),
        ("三百万", "3000000"),
        ("一亿", "100000000"),
        ("二点五", "2.5"),
        ("3万", "30000"),
        ("1.5k", "1500"),
        ("-3", "-3"),
        ("负三", "-3"),
        ("minus twenty one", "-21"),
        ("半", "0.5"),
        ("1,250.50", "1250.5"),
        ("one two three", "123"),
        ("twenty one", "21"),
        ("twenty-one", "21"),
        ("a hundred and five", "105"),
        ("twelve hundred and fifty", "1250"),
        ("one thousand two hundred and five", "1205"),
        ("2 hundred", "200"),
        ("three million", "3000000"),
        ("two point five", "2.5"),
    ],
)
def test_a_number_is_read_as_it_is_meant(said: str, value: str) -> None:
    assert [canonical(each.value) for each in numbers(said)] == [value]


@pytest.mark.parametrize("said", ["一下", "等一下", "有一点慢", "someone", "often", ""])
def test_words_that_hold_a_number_are_none(said: str) -> None:
    assert numbers(said) == []


def in_chinese(number: int) -> str:
    """Say a whole number below a hundred million in full."""
    if number >= 10**4:
        big, rest = divmod(number, 10**4)
        return f"{in_chinese(big)}万" + (f"{'零' if rest < 1000 else ''}{in_chinese(rest)}" if rest else "")
    said, skipped = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = number // unit % 10
        if digit:
            said += ("零" if skipped else "") + "零一二三四五六七八九"[digit] + name
        skipped = bool(said) and not digit
    return said or "零"


def in_english(number: int) -> str:
    """Say a whole number below a thousand million in full."""
    for size, name in ((10**6, "million"), (1000, "thousand"), (100, "hundred")):
        if number >= size:
            most, rest = divmod(number, size)
            return f"{in_english(most)} {name}" + (f" and {in_english(rest)}" if rest else "")
    if number < 20:
        return SMALL[number]
    return f"{TENS[number // 10]}" + (f"-{SMALL[number % 10]}" if number % 10 else "")


@given(st.integers(0, 10**8 - 1))
def test_a_number_said_in_full_comes_back(number: int) -> None:
    assert whole(in_chinese(number)) == number
    assert whole(in_english(number)) == number


@given(st.integers(0, 10**8))
def test_a_written_number_is_itself(number: int) -> None:
    assert whole(str(number)) == number
    assert whole(f"{number:,}") == number


@given(st.text(alphabet="零一二两三百千万亿点半十0159.,-k ahundredtwo", max_size=40))
def test_whatever_is_said_nothing_is_raised(text: str) -> None:
    assert all(text[each.start : each.end] and isinstance(each.value, Decimal) for each in numbers(text))


def test_only_a_whole_number_is_whole() -> None:
    assert whole("2.5") is None
    assert whole("two of them") is None
