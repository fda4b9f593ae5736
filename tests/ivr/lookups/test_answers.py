import pytest

from ivr.lookups.answers import AnswerError, taken

BODY = b'{"parcel": {"state": "on its way", "paid": true, "note": null, "weight": 1.5, "events": [{"place": "Wuhan"}]}}'


def test_values_are_taken_from_where_they_stand() -> None:
    take = {"status": "$.parcel.state", "paid": "$.parcel.paid", "note": "$.parcel.note", "kg": "$.parcel.weight"}

    assert taken(BODY, take | {"place": "$.parcel.events[0].place"}) == {
        "status": "on its way",
        "paid": "true",
        "note": "",
        "kg": "1.5",
        "place": "Wuhan",
    }


def test_where_nothing_is_taken_the_answer_may_be_anything() -> None:
    assert taken(b"OK", {}) == {}


@pytest.mark.parametrize(
    "path", ["$.parcel.events[1].place", "$.parcel.none", "$[0]", "$.parcel.state.x", "$.parcel", "parcel", "$..state"]
)
def test_what_is_not_there_is_said_by_its_path(path: str) -> None:
    with pytest.raises(AnswerError) as told:
        taken(BODY, {"x": path})
    assert path in str(told.value)


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"parcel": ', b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_json_is_none(body: bytes) -> None:
    with pytest.raises(AnswerError, match="no JSON"):
        taken(body, {"x": "$.x"})
