import itertools
from collections.abc import Callable

import pytest
from support.building import CALLER, SITE, START, Story

from gateway.model import callbacks
from gateway.model.callbacks import (
    Callback,
    CallbackId,
    CallbackState,
    Missed,
    News,
    Owner,
    Talked,
    Unmissed,
    assigned,
    claimed,
    done,
    news_of,
    promised,
    released,
)
from gateway.model.errors import CallbackTakenError
from gateway.model.ids import DEFAULT_TENANT, CallId
from gateway.model.terms import DialResult, QueueResult, TransferKind

NUMBER = "+861062551234"
LI = Owner(id="user-li", name="Li", extension="8001", at=START + 100)
WANG = Owner(id="user-wang", name="Wang", extension="8002", at=START + 101)


def ids() -> Callable[[float], CallbackId]:
    numbers = itertools.count(1)
    return lambda _at: CallbackId(f"CB{next(numbers)}")


def abandoned(at: float = START, leg: str = "caller", number: str | None = CALLER, queue: str = "support") -> Story:
    story = Story(at=at).comes_in(leg, number=number, display="Wang").queues(queue, leg=leg).later(12)
    return story.leaves_queue(queue, QueueResult.ABANDONED, leg=leg).hangs_up(leg)


def news(story: Story) -> list[News]:
    return [each for call in story.calls.values() for each in news_of(call, SITE)]


def listed(*told: News, known: list[Callback] | None = None) -> list[Callback]:
    return callbacks.follow(known or [], told, ids())


def test_who_gives_up_in_a_queue_is_to_be_called() -> None:
    (entry,) = listed(*news(abandoned()))

    assert (entry.number, entry.caller_name, entry.queue, entry.extension) == (NUMBER, "Wang", "support", None)
    assert (entry.waited_s, entry.outcome, entry.stage, entry.state) == (12.0, "abandoned", "queue", "open")
    assert (entry.first_at, entry.last_at, len(entry.calls), entry.version) == (START + 12, START + 12, 1, 1)


def test_who_rings_an_extension_in_vain_is_to_be_called_by_it() -> None:
    story = Story().comes_in().rings("8001").later(20).dial_ends("8001", DialResult.NO_ANSWER).clears("8001")
    (entry,) = listed(*news(story.later(1).clears("caller")))

    assert (entry.queue, entry.extension, entry.outcome, entry.stage) == (None, "8001", "no_answer", "ringing")


def test_who_withholds_his_number_cannot_be_called() -> None:
    assert listed(*news(abandoned(number=None))) == []


def test_who_gives_up_before_he_waits_for_anybody_wants_nobody() -> None:
    assert listed(*news(Story().comes_in().connects("caller").later(3).hangs_up("caller"))) == []


def test_calls_inside_the_house_are_nobodys_to_return() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").later(20).hangs_up("8001", "8002")
    assert news(story) == []


def test_a_live_call_is_not_missed_yet() -> None:
    assert news(Story().comes_in().queues("support").later(100)) == []


def test_calls_of_one_number_in_one_queue_are_one_entry() -> None:
    known = listed(*news(abandoned()))
    (again,) = listed(*news(abandoned(START + 600, "second")), known=known)

    assert again.id == known[0].id
    assert (len(again.calls), again.first_at, again.last_at, again.version) == (2, START + 12, START + 612, 2)


def test_another_queue_is_another_entry() -> None:
    known = listed(*news(abandoned()))
    (other,) = listed(*news(abandoned(START + 600, "second", queue="sales")), known=known)
    assert other.id != known[0].queue
    assert other.queue == "sales"


def test_a_call_told_of_twice_counts_once() -> None:
    told = news(abandoned())
    known = listed(*told)
    assert listed(*told, known=known) == []
    assert len(listed(*told, *told)[0].calls) == 1


@pytest.mark.parametrize("inbound", [True, False])
def test_an_entry_closes_by_itself_when_the_caller_was_talked_with(inbound: bool) -> None:
    known = listed(*news(abandoned()))
    story = Story(at=START + 60)
    if inbound:
        story.comes_in("later").rings("8002", by="later").later(2).answers("8002", by="later")
    else:
        story.phones("8002", f"0{CALLER}").rings("trunk", by="8002", device="PJSIP/carrier", number=CALLER)
        story.later(2).answers("trunk", by="8002")
    (closed,) = listed(*news(story), known=known)

    assert (closed.state, closed.closed_at, closed.closed_by) == ("reached", START + 62, "8002")


def test_a_talk_of_before_does_not_close_it() -> None:
    story = Story(at=START - 60).comes_in("early").rings("8002", by="early").answers("8002", by="early")
    assert listed(*news(story), known=listed(*news(abandoned()))) == []


def test_who_calls_again_after_he_was_reached_is_to_be_called_anew() -> None:
    (entry,) = listed(*news(abandoned()))
    talked = Talked(call_id=CallId("T"), tenant=DEFAULT_TENANT, number=NUMBER, by="8002", began_at=START, at=START + 60)
    (closed,) = listed(talked, known=[entry])
    made = callbacks.follow([closed], news(abandoned(START + 600, "second")), lambda _at: CallbackId("CB2"))

    assert [(each.id, each.state, len(each.calls)) for each in made] == [("CB2", "open", 1)]


def test_a_correction_takes_a_call_back() -> None:
    told = news(abandoned())
    (entry,) = listed(*told)
    (missed,) = told
    gone = Unmissed(call_id=missed.call_id, tenant=DEFAULT_TENANT, at=START + 30)
    (withdrawn,) = listed(gone, known=[entry])

    assert (withdrawn.state, withdrawn.calls, withdrawn.closed_at) == ("withdrawn", (), START + 30)
    assert listed(gone, known=[withdrawn]) == []


def test_a_correction_of_one_of_two_calls_leaves_the_other() -> None:
    first, second = news(abandoned()), news(abandoned(START + 600, "second"))
    (entry,) = listed(*first, *second)
    (left,) = listed(Unmissed(call_id=first[0].call_id, tenant=DEFAULT_TENANT, at=START), known=[entry])
    assert (left.state, left.calls) == ("open", (second[0].call_id,))


def test_a_correction_may_say_why_otherwise() -> None:
    (missed,) = news(abandoned())
    (entry,) = listed(missed)
    assert isinstance(missed, Missed)
    other = Missed(**{field: getattr(missed, field) for field in Missed.__struct_fields__} | {"outcome": "busy"})
    (corrected,) = listed(other, known=[entry])
    assert (corrected.outcome, len(corrected.calls)) == ("busy", 1)


def test_an_answered_call_says_who_talked_and_that_it_was_not_missed() -> None:
    story = Story().comes_in().queues("support").rings("8001").answers("8001").later(5)
    story.transfers(TransferKind.BLIND, by="8001", to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").answers("8002", bridge="b2").later(9).hangs_up("caller", "8002")

    assert [type(each) for each in news(story)] == [Unmissed, Talked]
    assert [each.by for each in news(story) if isinstance(each, Talked)] == ["8002"]


def test_one_takes_it_on_and_no_other() -> None:
    (entry,) = listed(*news(abandoned()))
    his = claimed(entry, LI)

    assert (his.state, his.owner, his.version) == ("claimed", LI, 2)
    assert claimed(his, LI) is his
    with pytest.raises(CallbackTakenError, match="Li has taken it on"):
        claimed(his, WANG)
    with pytest.raises(CallbackTakenError, match="Li has taken it on"):
        done(his, WANG, None, of_others=False)
    with pytest.raises(CallbackTakenError, match="Li has taken it on"):
        released(his, WANG, of_others=False)


def test_it_is_given_back_by_its_owner_or_a_supervisor() -> None:
    his = claimed(listed(*news(abandoned()))[0], LI)
    for back in (released(his, LI, of_others=False), released(his, WANG, of_others=True)):
        assert (back.state, back.owner) == ("open", None)
        assert released(back, WANG, of_others=False) is back
        assert claimed(back, WANG).owner == WANG


def test_it_is_given_to_somebody_whoever_had_it() -> None:
    (entry,) = listed(*news(abandoned()))
    given = Owner(id="wang", name="Wang", extension="8002", at=START + 9, by="Boss")
    for before in (entry, claimed(entry, LI)):
        his = assigned(before, given)
        assert (his.state, his.owner, his.version) == ("claimed", given, before.version + 1)
        assert assigned(his, given) is his
    with pytest.raises(CallbackTakenError, match="closed: done by Li"):
        assigned(done(entry, LI, None, of_others=False), given)


def test_done_is_done_once_and_stays_its_owners() -> None:
    his = claimed(listed(*news(abandoned()))[0], LI)
    over = done(his, LI, "calls again", of_others=False)

    assert (over.state, over.note, over.closed_by, over.closed_at) == ("done", "calls again", "Li", LI.at)
    assert done(over, LI, "calls again", of_others=False) is over
    with pytest.raises(CallbackTakenError, match="closed: done by Li"):
        claimed(over, WANG)
    assert done(his, WANG, None, of_others=True).owner == LI


def test_a_promise_is_its_owners_and_no_missed_call() -> None:
    story = Story().comes_in(display="Wang").queues("support").rings("8001").answers("8001").later(30)
    call = story.hangs_up("caller", "8001").call()
    entry = promised(call, NUMBER, LI, "before Friday", ids())

    assert (entry.outcome, entry.state, entry.owner, entry.queue, entry.note) == (
        "promised",
        CallbackState.CLAIMED,
        LI,
        "support",
        "before Friday",
    )
    assert listed(*news(story), known=[entry]) == []
