import msgspec
import pytest

from gateway.api.cursors import cursor_of, place_of
from gateway.api.problems import ApiError


class Place(msgspec.Struct, frozen=True, array_like=True):
    at: float
    name: str


@pytest.mark.parametrize("place", [Place(1.5, "a"), Place(-1e300, "陈"), Place(0.0, "x" * 50), None])
def test_a_cursor_leads_back_to_its_place(place: Place | None) -> None:
    cursor = cursor_of(place)
    assert place_of(cursor, Place) == place
    assert cursor is None or cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("cursor", ["", "x", "nonsense", "WzEsMl0", "Ww", "é"])
def test_what_no_answer_gave_is_refused(cursor: str) -> None:
    with pytest.raises(ApiError) as caught:
        place_of(cursor, Place)
    assert (caught.value.status, caught.value.kind) == (400, "bad-parameter")
