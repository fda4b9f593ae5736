import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.ids import TAIL_BYTES, CallId, LegId, PbxName, call_id, ulid

ONE, OTHER = PbxName("one"), PbxName("other")
FIRST = LegId("1795346762.11")
ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


def time_of(ulid: str) -> int:
    """The milliseconds that a ULID's first ten characters are."""
    milliseconds = 0
    for character in ulid[:10]:
        milliseconds = milliseconds * 32 + "0123456789ABCDEFGHJKMNPQRSTVWXYZ".index(character)
    return milliseconds


@given(pbx=st.text(), leg=st.text(), at=st.floats(-1e12, 1e18, allow_nan=False))
def test_a_call_id_is_a_ulid_whatever_the_pbx_calls_its_legs_and_whatever_its_clock_says(pbx: str, leg: str, at: float) -> None:
    assert ULID.fullmatch(call_id(PbxName(pbx), LegId(leg), at))


@given(at=st.floats(0, 4_000_000_000))
def test_a_call_id_begins_with_the_time_at_which_the_call_began(at: float) -> None:
    assert time_of(call_id(ONE, FIRST, at)) == int(at * 1000)


def test_the_same_first_leg_at_the_same_time_is_the_same_call() -> None:
    assert call_id(ONE, FIRST, 1795346762.25) == call_id(ONE, FIRST, 1795346762.25)


@pytest.mark.parametrize(
    ("pbx", "leg"), [(OTHER, FIRST), (ONE, LegId("1795346762.12")), (PbxName("one1"), LegId("795346762.11"))]
)
def test_another_pbx_or_leg_at_the_same_time_is_another_call(pbx: PbxName, leg: LegId) -> None:
    assert call_id(pbx, leg, 1795346762.25) != call_id(ONE, FIRST, 1795346762.25)


@given(times=st.lists(st.integers(0, 4_000_000_000_000), min_size=2, max_size=5, unique=True))
def test_call_ids_sort_as_the_calls_began(times: list[int]) -> None:
    assert [call_id(ONE, FIRST, at / 1000) for at in sorted(times)] == sorted(call_id(ONE, FIRST, at / 1000) for at in times)


@given(at=st.floats(0, 4_000_000_000), tail=st.binary(min_size=TAIL_BYTES, max_size=TAIL_BYTES))
def test_a_ulid_has_its_time_and_its_tail(at: float, tail: bytes) -> None:
    made = ulid(at, tail)
    assert ULID.fullmatch(made)
    assert time_of(CallId(made)) == int(at * 1000)
    assert made != ulid(at, bytes(each ^ 1 for each in tail))
