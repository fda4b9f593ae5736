from connectors.sip_mirror.mapping.parties import HANDED_OVER_S, SETTLED_S, Parties, Party
from gateway.model.events import LegCleared, LegSeen, LegTransferred

DESK = ("1001", "1001")
OTHER = ("1002", "1002")


def outside(parties: Parties, at: float, number: str = "+85291234567", called: str = "1001") -> Party:
    return parties.caller_of(called, number, "Chan", at, watched=False, key=None)


def talking(parties: Parties) -> tuple[Party, Party]:
    """An outside caller and the desk that answered him."""
    caller = outside(parties, 0.0)
    desk = parties.ring(DESK, "1001", "", caller, 0.0)
    parties.answer(desk, 1.0)
    parties.take()
    return caller, desk


def test_a_caller_who_is_handed_over_stays_the_same() -> None:
    parties = Parties()
    caller, desk = talking(parties)
    parties.end(desk, 5.0)
    assert outside(parties, 5.0 + HANDED_OVER_S, called="1002") is caller
    parties.ring(OTHER, "1002", "", caller, 5.1)
    (handed,) = (event for event in parties.take() if isinstance(event, LegTransferred))
    assert (handed.by, handed.transferee, handed.to) == (desk.leg, caller.leg, "1002")


def test_who_calls_again_is_a_new_caller() -> None:
    parties = Parties()
    caller, desk = talking(parties)
    parties.end(desk, 5.0)
    assert outside(parties, 5.01 + HANDED_OVER_S) is not caller


def test_a_caller_who_hears_somebody_calls_nobody_else() -> None:
    parties = Parties()
    caller, _ = talking(parties)
    assert outside(parties, 5.0, called="1002") is not caller


def test_who_withholds_his_number_is_somebody_else_each_time() -> None:
    parties = Parties()
    assert outside(parties, 0.0, "") is not outside(parties, 0.0, "", "1002")


def test_a_group_rings_for_one_caller_and_a_second_call_of_the_same_number_is_another() -> None:
    parties = Parties()
    caller = outside(parties, 0.0)
    parties.ring(DESK, "1001", "", caller, 0.0)
    assert outside(parties, 0.2, called="1002") is caller
    assert outside(parties, 5.0, called="1002") is not caller


def test_what_is_over_is_told_when_nobody_went_on_with_the_time_at_which_it_was() -> None:
    parties = Parties()
    _, desk = talking(parties)
    parties.end(desk, 5.0)
    assert parties.take() == []
    assert parties.due == 5.0 + SETTLED_S
    parties.settle(5.0 + SETTLED_S)
    assert [event.at for event in parties.take() if isinstance(event, LegCleared)] == [5.0, 5.0]
    assert parties.due is None


def test_a_snapshot_lists_who_is_there_and_tells_nothing_else() -> None:
    parties = Parties()
    parties.quiet = True
    caller = outside(parties, 0.0)
    desk = parties.ring(DESK, "1001", "Agent One", caller, 0.0)
    assert parties.take() == []
    seen = [event for event in parties.seen(4.0) if isinstance(event, LegSeen)]
    assert [(event.leg, event.root, event.alerting, event.age_s) for event in seen] == [
        (caller.leg, caller.leg, False, 4.0), (desk.leg, caller.leg, True, 4.0),
    ]  # fmt: skip
