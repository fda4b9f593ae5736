from gateway.model.call_work import Author, CallWork, is_draft, kept, written
from gateway.model.claims import CustomerId
from gateway.model.customers import NoteId
from gateway.model.dispositions import DispositionId
from gateway.model.ids import CallId

SOLVED = DispositionId("solved")
BLANK = CallWork(call_id=CallId("C"), author=Author("user-1"), by="Li", extension="8001", note_id=NoteId("N"), changed_at=1.0)


def test_what_is_said_twice_is_said_once() -> None:
    once = written(BLANK, SOLVED, "calls on Friday", done=False, now=2.0)
    assert written(once, SOLVED, "calls on Friday", done=False, now=3.0) is once
    assert written(BLANK, None, None, done=False, now=2.0) is BLANK
    assert written(BLANK, None, "  \n", done=False, now=2.0) is BLANK


def test_each_text_is_a_version_of_the_same_note() -> None:
    first = written(BLANK, None, "a", done=False, now=2.0)
    second = written(first, SOLVED, "b", done=False, now=3.0)
    third = written(second, SOLVED, None, done=False, now=4.0)

    assert [(each.note, each.note_version, each.noted_at) for each in (first, second, third)] == [
        ("a", 1, 2.0),
        ("b", 2, 3.0),
        (None, 3, 4.0),
    ]
    assert {first.note_id, second.note_id, third.note_id} == {"N"}
    assert (third.disposition, third.disposed_at) == (SOLVED, 3.0)


def test_done_is_dated_once_and_can_be_taken_back() -> None:
    done = written(BLANK, SOLVED, None, done=True, now=2.0)
    again = written(done, SOLVED, "more", done=True, now=3.0)

    assert (done.done_at, again.done_at, again.changed_at) == (2.0, 2.0, 3.0)
    assert written(again, SOLVED, "more", done=False, now=4.0).done_at is None


def test_a_note_is_a_draft_until_its_last_version_stands_with_the_customer() -> None:
    note = written(BLANK, None, "a", done=True, now=2.0)
    assert (is_draft(BLANK), is_draft(note)) == (False, True)
    stands = kept(note, NoteId("M"), CustomerId("wang"))
    assert (is_draft(stands), stands.note_id, stands.customer) == (False, "M", "wang")
    assert is_draft(written(stands, None, "b", done=True, now=3.0))
