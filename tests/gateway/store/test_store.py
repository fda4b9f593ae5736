"""What every store keeps to: memory, SQLite and PostgreSQL alike."""

import msgspec
import pytest
from support.batches import SITE, batch, call_like, heard_at, live_calls, recorded, told
from support.replaying import CAPTURES, PBX, pbx_events, run

from gateway.model.calls import Call
from gateway.model.errors import StoreTakenError
from gateway.model.habits import Habit, HabitKind
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant
from gateway.model.search import ANY_CALL, CallSearch, matches
from gateway.ports.store import Batch, Learnt, Store

OTHER = PbxName("other")


async def test_an_empty_store_has_nothing(store: Store) -> None:
    assert await store.last_position() == 0
    assert store.kept_from == 1
    assert await store.told_after(0, 10) == []
    assert await store.heard(DEFAULT_TENANT, PBX) is None
    assert await store.unfinished(DEFAULT_TENANT, PBX, changed_after=0.0, incomplete_after=0.0) == []
    assert await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=10) == []


async def test_calls_and_events_come_back_as_they_were(store: Store) -> None:
    calls, events = recorded(), [told(number) for number in range(1, 6)]

    await store.commit(batch(calls, events, heard_at=12.5))

    found = await store.find(DEFAULT_TENANT, [call.call_id for call in calls])
    assert sorted(found, key=lambda call: call.call_id) == sorted(calls, key=lambda call: call.call_id)
    assert await store.told_after(0, 10) == events
    assert await store.told_after(2, 2) == events[2:4]
    assert (await store.last_position(), store.kept_from) == (5, 1)
    assert await heard_at(store) == 12.5


async def test_an_event_may_be_about_no_pbx(store: Store) -> None:
    event = msgspec.structs.replace(told(1), pbx=None, call_id=None)

    await store.commit(batch(events=[event]))

    assert await store.told_after(0, 10) == [event]


async def test_an_event_is_still_about_whom_it_was_told_of(store: Store) -> None:
    about = msgspec.structs.replace(told(1), subjects=("call:c", "extension:1001", 'agent:Alice "The\0 Boss", 王芳'))
    await store.commit(batch(events=[about, told(2)]))

    assert await store.told_after(0, 10) == [about, told(2)]


async def test_a_call_that_changes_has_one_record(store: Store) -> None:
    (call, *_) = live_calls()
    await store.commit(batch([call], [told(1)]))
    ended = call_like(call, 0, ended_at=2_000.0)
    ended.call_id = call.call_id

    await store.commit(batch([ended], [told(2)], heard_at=3.0))
    await store.commit(batch(heard_at=4.0))

    assert await store.find(DEFAULT_TENANT, [call.call_id]) == [ended]
    assert [each for _, each in await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=10)] == [ended]
    assert await heard_at(store) == 4.0


async def test_what_was_learnt_of_a_pbx_is_kept_once_and_apart_from_others(store: Store) -> None:
    one, two = Habit(HabitKind.ANSWERED, "PJSIP/carrier", "4001"), Habit(HabitKind.ANSWERED, "PJSIP/carrier", "4\0")
    learnt = [Learnt(tenant=DEFAULT_TENANT, pbx=PBX, habit=habit) for habit in (one, two)]
    await store.commit(Batch(learnt=learnt[:1]))
    await store.commit(Batch(learnt=[*learnt, *learnt, Learnt(tenant=DEFAULT_TENANT, pbx=OTHER, habit=one)]))

    found = await store.habits(DEFAULT_TENANT, PBX)
    assert len(found) == 2
    assert one in found
    assert await store.habits(DEFAULT_TENANT, OTHER) == [one]
    assert await store.habits(Tenant("another"), PBX) == []


async def test_a_position_is_given_once(store: Store) -> None:
    (call, *_) = live_calls()
    await store.commit(batch(events=[told(1), told(2)]))

    with pytest.raises(StoreTakenError):
        await store.commit(batch([call], [told(2, id="another")]))

    assert await store.find(DEFAULT_TENANT, [call.call_id]) == []
    assert await store.told_after(0, 10) == [told(1), told(2)]
    await store.commit(batch([call], [told(3)]))
    assert await store.last_position() == 3


async def test_what_is_unfinished_is_live_or_ended_lately(store: Store) -> None:
    (like, *_) = recorded()
    like.changed_at = 1_000.0
    live = call_like(like, 1, ended_at=None)
    lately = call_like(like, 2, ended_at=990.0)
    lately.changed_at = 995.0
    long_ago = call_like(like, 3, ended_at=500.0)
    long_ago.changed_at = 500.0
    elsewhere = call_like(like, 4, ended_at=None, pbx=OTHER)
    doubtful = call_like(like, 5, ended_at=500.0)
    doubtful.changed_at, doubtful.complete = 500.0, False
    await store.commit(batch([live, lately, long_ago, elsewhere, doubtful]))

    found = await store.unfinished(DEFAULT_TENANT, PBX, changed_after=900.0, incomplete_after=400.0)

    assert sorted(call.call_id for call in found) == [live.call_id, lately.call_id, doubtful.call_id]


async def test_ended_calls_are_listed_page_by_page_from_the_last(store: Store) -> None:
    (like, *_) = recorded()
    # Several of one moment, as one commit after a gap gives them.
    calls = [call_like(like, number, ended_at=1_000.0 + number // 3) for number in range(20)]
    merged = call_like(like, 98, ended_at=2_000.0)
    merged.merged_into = calls[0].call_id
    await store.commit(batch([*calls, merged, call_like(like, 99, ended_at=None)]))

    pages, after = [], None
    while page := await store.ended(DEFAULT_TENANT, pbxs=[PBX], after=after, limit=6):
        pages.append([call.call_id for _, call in page])
        after = page[-1][0]

    assert [len(page) for page in pages] == [6, 6, 6, 2]
    assert [call_id for page in pages for call_id in page] == [call.call_id for call in reversed(calls)]
    assert await store.ended(DEFAULT_TENANT, pbxs=[OTHER], after=None, limit=6) == []
    assert [call.merged_into for call in await store.find(DEFAULT_TENANT, [merged.call_id])] == [calls[0].call_id]


SEARCHES = (
    ANY_CALL,
    CallSearch(since=1795346870.0),
    CallSearch(until=1795346870.0),
    CallSearch(since=1795346870.0, until=1795346890.0),
    *(CallSearch(direction=direction) for direction in ("inbound", "outbound", "internal")),
    *(CallSearch(outcome=outcome) for outcome in ("answered", "abandoned", "busy", "no_answer")),
    *(CallSearch(terms=(frozenset({term}),)) for term in ("extension:1001", "queue:support", "agent:Agent One", "number:5000")),
    pytest.param(CallSearch(terms=(frozenset({"number:+85291234567", "number:nobody"}),)), id="one of two numbers"),
    CallSearch(direction="inbound", outcome="answered", terms=(frozenset({"extension:1001"}), frozenset({"queue:support"}))),
    CallSearch(terms=(frozenset({"extension:1"}),)),
    CallSearch(name="tai m"),
    CallSearch(name="CHAN", outcome="abandoned"),
    CallSearch(name="%"),
    CallSearch(name="_"),
    CallSearch(name="nobody", named=frozenset({"number:+85291234567"})),
)


@pytest.mark.parametrize("search", SEARCHES, ids=str)
async def test_calls_are_found_by_what_they_are(store: Store, search: CallSearch) -> None:
    names = (
        "queue_caller_hangs",
        "queue_abandon",
        "outbound",
        "internal",
        "hold",
        "direct_busy",
        "direct_noanswer",
        "ring_group",
    )
    calls: list[Call] = []
    for name in names:
        calls += run(pbx_events(CAPTURES / "asterisk" / "22" / name), SITE)[0].values()
    await store.commit(batch(calls))
    await store.commit(batch(calls))  # a correction keeps each once
    expected = sorted(
        (call.call_id for call in calls if call.ended and call.merged_into is None and matches(call, SITE, search)), reverse=True
    )

    found, after = list[CallId](), None
    while page := await store.ended(DEFAULT_TENANT, pbxs=None, after=after, limit=2, search=search):
        found += [call.call_id for _, call in page]
        after = page[-1][0]
    assert sorted(found, reverse=True) == expected
    assert (search == ANY_CALL) == (len(found) == len(names))


async def test_what_is_pruned_is_found_no_more(store: Store) -> None:
    calls = recorded()
    await store.commit(batch(calls))
    search = CallSearch(terms=(frozenset({"extension:1001"}),))
    assert await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9, search=search) != []

    await store.prune_calls(DEFAULT_TENANT, before=2_000_000_000.0)

    assert await store.ended(DEFAULT_TENANT, pbxs=None, after=None, limit=9, search=search) == []


async def test_tenants_know_nothing_of_each_other(store: Store) -> None:
    (call, *_) = recorded()
    await store.commit(batch([call], heard_at=5.0))

    other = Tenant("other")
    assert await store.find(other, [call.call_id]) == []
    assert await store.ended(other, pbxs=None, after=None, limit=10) == []
    assert await store.unfinished(other, PBX, changed_after=0.0, incomplete_after=0.0) == []
    assert await store.heard(other, PBX) is None


async def test_what_is_old_is_pruned_and_positions_go_on(store: Store) -> None:
    (like, *_) = recorded()
    old, young = call_like(like, 1, ended_at=100.0), call_like(like, 2, ended_at=300.0)
    live = call_like(like, 3, ended_at=None)
    live.began_at = 50.0
    events = [told(number, at=100.0 * number) for number in range(1, 6)]
    await store.commit(batch([old, young, live], events))

    assert await store.prune_calls(DEFAULT_TENANT, before=200.0) == 1
    assert await store.prune_events(DEFAULT_TENANT, before=350.0) == 3

    found = await store.find(DEFAULT_TENANT, [call.call_id for call in (old, young, live)])
    assert sorted(call.call_id for call in found) == [young.call_id, live.call_id]
    assert (store.kept_from, await store.told_after(0, 10)) == (4, events[3:])
    assert await store.prune_events(DEFAULT_TENANT, before=900.0) == 2
    assert (store.kept_from, await store.last_position()) == (6, 5)
    assert await store.prune_calls(DEFAULT_TENANT, before=200.0) == await store.prune_events(DEFAULT_TENANT, before=900.0) == 0


async def test_text_that_a_database_would_refuse_is_kept(store: Store) -> None:
    (like, *_) = recorded()
    call = call_like(like, 1, ended_at=100.0)
    call.digits = "1\x002"
    call.click_to_dial = False
    call.caller_leg = next(iter(call.legs))
    call.legs = {id_: msgspec.structs.replace(leg, dialled="40\x0001") for id_, leg in call.legs.items()}

    await store.commit(batch([call]))

    assert await store.find(DEFAULT_TENANT, [call.call_id]) == [call]


async def test_many_calls_are_found_at_once(store: Store) -> None:
    (like, *_) = recorded()
    calls = [call_like(like, number, ended_at=float(number)) for number in range(1, 1_001)]
    await store.commit(batch(calls))

    assert len(await store.find(DEFAULT_TENANT, [call.call_id for call in calls])) == 1_000
    assert await store.find(DEFAULT_TENANT, [CallId("nothing")]) == []
