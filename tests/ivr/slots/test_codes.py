import pytest

from ivr.slots.codes import MAX_CODE_CHARACTERS, MAX_TOKENS, codes, phones
from ivr.slots.spans import plain


@pytest.mark.parametrize(
    "said",
    [
        "幺三八零零幺三八零零零",
        "我的号码是138 0013 8000",
        "one three eight double zero one three eight triple zero",
        "it is one three eight oh oh, one three eight, then oh oh oh",
        "+86 138-0013-8000",
        "＋８６ １３８００１３８０００",
        "零零八六13800138000",
    ],
)
def test_a_telephone_number_is_read_however_it_is_said(said: str) -> None:
    assert [found.value for found in phones(plain(said), "CN")] == ["+8613800138000"]


def test_a_number_that_names_its_country_is_read_in_any_region() -> None:
    assert [found.value for found in phones("call +1 212 555 2368", "CN")] == ["+12125552368"]
    assert [found.value for found in phones("call 212 555 2368", "US")] == ["+12125552368"]


@pytest.mark.parametrize(
    "said", ["1380013800", "138001380001", "the number is 12", "SF13800138000", "twelve", "", "138 0013 8000 1"]
)
def test_what_is_no_telephone_number_is_not_guessed_at(said: str) -> None:
    assert phones(said, "CN") == []


@pytest.mark.parametrize(
    "said",
    [
        "sf12345678",
        "my parcel is S F 1 2 3 4 5 6 7 8, please",
        "S for sugar, F as in Freddie, one two three four five six seven eight",
        "ＳＦ１２３４５６７８",
        "单号SF一二三四五六七八到了吗",
        "SF-1234-5678",
        "SF12345678 2 days late",
    ],
)
def test_an_order_number_is_put_together_from_its_parts(said: str) -> None:
    assert [found.value for found in codes(plain(said), r"SF\d{8}")] == ["SF12345678"]


@pytest.mark.parametrize("said", ["SF1234567", "SF123456789", "S F 1 2 3 4 5 6 7 8 9", "safe 12345678"])
def test_a_wrong_length_is_no_order_number(said: str) -> None:
    assert codes(said, r"SF\d{8}") == []


def test_the_middle_of_a_longer_number_is_not_cut_out() -> None:
    assert codes("138 0013 8000", r"\d{8}") == []
    assert codes("138 00138000", r"\d{8}") == []
    assert [found.value for found in codes("order 12345678 2 days late", r"\d{8}")] == ["12345678"]


def test_a_pattern_may_want_what_otherwise_separates() -> None:
    assert [found.value for found in codes("it is 12-34.", r"\d\d-\d\d")] == ["12-34"]


def test_the_place_of_a_value_is_that_of_the_words() -> None:
    text = "well, S F 1 2 3 4 5 6 7 8 it is"
    (found,) = codes(text, r"SF\d{8}")

    assert text[found.start : found.end] == "S F 1 2 3 4 5 6 7 8"


def test_a_flood_of_digits_is_looked_at_in_bounds() -> None:
    assert codes("1 " * MAX_TOKENS * 2 + "SF12345678", r"SF\d{8}") == []
    assert codes("1 " * (MAX_CODE_CHARACTERS + 1), r"\d+") == []
