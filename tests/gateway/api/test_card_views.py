import pytest

from gateway.api.card_views import draft_view, note_of_customer
from gateway.model.call_work import Author, CallWork
from gateway.model.claims import CustomerId
from gateway.model.customers import Note, NoteId
from gateway.model.ids import CallId


@pytest.mark.parametrize(("done_at", "draft"), [(None, True), (5.0, False)])
def test_what_somebody_still_writes_is_a_draft(done_at: float | None, draft: bool) -> None:
    work = CallWork(
        call_id=CallId("C"),
        author=Author("user-1"),
        by="Li",
        extension="8001",
        note_id=NoteId("N"),
        note="hello",
        note_version=2,
        noted_at=1_800_000_000.0,
        done_at=done_at,
        changed_at=1_800_000_001.0,
    )
    shown = draft_view(work, "user-1")
    assert (shown["draft"], shown["mine"], shown["version"], shown["at"]) == (draft, True, 2, "2027-01-15T08:00:00.000Z")
    assert draft_view(work, "user-2")["mine"] is False


def test_a_note_on_the_customer_is_none() -> None:
    note = Note(id=NoteId("N"), customer=CustomerId("wang"), call_id=CallId("C"), text="hello", author="Li", at=1_800_000_000.0)
    shown = note_of_customer(note, "Li")
    assert (shown["draft"], shown["mine"], shown["customer_id"]) == (False, True, "wang")
