import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors._kit import disguise
from connectors._kit.disguise import Disguise

KEY = b"a key of the tests"


def test_a_number_keeps_its_first_digits_and_its_length() -> None:
    made = Disguise(KEY)
    number = made.number(b"+8613800138000")
    assert number != b"+8613800138000"
    assert number.startswith(b"+8613800")
    assert number[8:].isdigit()
    # The same subscriber without the country's code is the same one afterwards.
    assert made.number(b"13800138000") == number.removeprefix(b"+86")


def test_no_two_numbers_become_one() -> None:
    made = Disguise(KEY)
    assert len({made.number(b"138%08d" % number) for number in range(0, 1_000_000, 97)}) == len(range(0, 1_000_000, 97))


@given(name=st.text(min_size=1).map(str.encode) | st.binary(min_size=1))
def test_a_name_keeps_its_length_and_is_the_same_each_time(name: bytes) -> None:
    new = Disguise(KEY).name(name)
    assert len(new) == len(name)
    assert Disguise(KEY).name(name) == new


def test_another_key_makes_other_people() -> None:
    assert Disguise(b"one").name("王芳芳".encode()) != Disguise(b"two").name("王芳芳".encode())


def test_a_known_name_is_replaced_wherever_it_is_a_word_of_its_own() -> None:
    made = Disguise(KEY)
    new = made.name(b"Alice Liddell")
    assert made.known_names(b"call for Alice Liddell.") == b"call for " + new + b"."
    assert made.known_names(b"Alice Liddells") == b"Alice Liddells"


def test_of_too_many_names_only_the_announced_places_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disguise, "MAX_NAMES", 1)
    made = Disguise(KEY)
    made.name(b"Alice")
    assert made.name(b"Robert") != b"Robert"
    assert made.known_names(b"Robert") == b"Robert"


def test_digits_stay_digits() -> None:
    assert Disguise(KEY).digits(b"4711").isdigit()
    assert len(Disguise(KEY).digits(b"4711")) == 4
