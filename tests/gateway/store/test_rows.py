from support.batches import HABIT, SITE, call_like, live_calls, recorded, told
from support.replaying import PBX

from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.store import ChangedCall, Learnt
from gateway.store.rows import call_row, event_row, habit_row, sorted_at
from gateway.store.tables import CALLS, EVENTS, HABITS


def test_a_row_has_every_column() -> None:
    for call in (*recorded(), *live_calls()):
        assert call_row(ChangedCall(call=call, site=SITE)).keys() == {column.name for column in CALLS.columns}
    assert event_row(told(1)).keys() == {column.name for column in EVENTS.columns}
    learnt = Learnt(tenant=DEFAULT_TENANT, pbx=PBX, habit=HABIT)
    assert habit_row(learnt).keys() == {column.name for column in HABITS.columns}


def test_what_can_be_searched_for_is_what_the_record_says() -> None:
    (call, *_) = (each for each in recorded() if each.merged_into is None)
    row = call_row(ChangedCall(call=call, site=SITE))

    assert (row["state"], row["direction"], row["outcome"]) == ("ended", "inbound", "answered")
    assert row["caller_e164"] == "+85291234567"
    assert row["sorted_at"] == call.ended_at == row["ended_at"]


def test_an_ended_call_stands_by_its_end_where_that_was_heard() -> None:
    (call, *_) = recorded()
    assert sorted_at(call_like(call, 1, ended_at=call.began_at + 5)) == call.began_at + 5
    assert sorted_at(call_like(call, 1, ended_at=None)) == call.began_at
