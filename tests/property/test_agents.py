"""Agents keep their invariants whatever becomes of a PBX's events on the way: dropped, doubled, late, out of order, cut."""

from typing import Final

from hypothesis import given, settings
from hypothesis import strategies as st
from support.any_events import any_events
from support.building import SITE, START
from support.replaying import PBX
from support.scripts import SCRIPTS, played, together, with_gap

from gateway.model.agent_states import Agent, AgentState
from gateway.model.agents import AgentBook, AgentChanged
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.events import ConnectionLost, LegCleared, LegCreated, LegSeen, PbxEvent, SnapshotDone
from gateway.model.ids import CallId, LegId, QueueName
from gateway.model.queue_figures import DayBook
from gateway.model.reports import DeviceChanged, MemberChanged, QueuesListed

DESKS: Final = ("8001", "8002", "8003")
IN_CALLS: Final = frozenset({AgentState.TALKING, AgentState.RESERVED, AgentState.BUSY})


@st.composite
def news_of_members(draw: st.DrawFn) -> list[PbxEvent]:
    """What a PBX says of members and telephones, at any time."""
    events: list[PbxEvent] = []
    for _ in range(draw(st.integers(0, 12))):
        at, desk = START + draw(st.integers(0, 240)) / 4, draw(st.sampled_from(DESKS))
        match draw(st.sampled_from(["member", "member", "device", "listed"])):
            case "member":
                events.append(
                    MemberChanged(
                        at=at,
                        queue=QueueName(draw(st.sampled_from(["support", "vip"]))),
                        member=draw(st.sampled_from(["Wang", f"Desk {desk}"])),
                        interface=draw(st.sampled_from([f"PJSIP/{desk}", f"Local/{desk}@queue"])),
                        device_state=draw(st.sampled_from([1, 2, 5])),
                        paused=draw(st.booleans()),
                        reason=draw(st.sampled_from(["", "lunch"])),
                        penalty=0,
                        removed=draw(st.booleans()),
                        last_call=draw(st.sampled_from([None, at - 2.0])),
                        last_pause=draw(st.sampled_from([None, at])),
                        logged_in_at=draw(st.sampled_from([None, at])),
                        wrap_up_s=draw(st.sampled_from([0.0, 5.0])),
                        listed=draw(st.booleans()),
                    )
                )
            case "device":
                state = draw(st.sampled_from(["NOT_INUSE", "INUSE", "UNAVAILABLE"]))
                events.append(DeviceChanged(at=at, device=f"PJSIP/{desk}", state=state))
            case _:
                events.append(QueuesListed(at=at))
    return events


@st.composite
def shifts(draw: st.DrawFn) -> list[PbxEvent]:
    chosen = draw(st.lists(st.sampled_from(SCRIPTS), min_size=1, max_size=3))
    waits = st.integers(0, 36).map(lambda quarters: quarters / 4)
    calls = [played(script, lambda: draw(waits), draw(st.integers(0, 80)) / 4, f"{n}.") for n, script in enumerate(chosen)]
    events = together([*calls, draw(news_of_members())])
    for _ in range(draw(st.integers(0, 6))):
        where = draw(st.integers(0, len(events) - 1))
        if draw(st.booleans()):
            events.insert(where, events.pop(draw(st.integers(0, len(events) - 1))))
        elif len(events) > 1:
            del events[where]
    if draw(st.booleans()):
        events = with_gap(events, draw(st.integers(0, len(events))), draw(st.integers(0, 15)))
    return events


class WatchedBook:
    """A book whose every change is looked at."""

    def __init__(self) -> None:
        self.board = Board(PBX, SITE)
        self.book = AgentBook(SITE)
        self.days = DayBook(SITE)
        self.before: dict[str, Agent] = {}
        self.changed_at: dict[str, float] = {}
        self.changes: list[AgentChanged] = []
        self.live: set[CallId] = set()
        self.deaf = False
        self.legs: set[LegId] = set()
        self.latest = START

    def apply(self, event: PbxEvent) -> None:
        self.latest = max(self.latest, event.at)
        if isinstance(event, LegCreated | LegSeen):
            self.legs.add(event.leg)
        self.deaf = self.deaf or isinstance(event, ConnectionLost)
        step = self.board.apply(event)
        self.book.apply(event, step.calls)
        for call in step.calls:
            self.days.put(call)
            (self.live.discard if call.ended or call.merged_into is not None else self.live.add)(call.call_id)
        self.look()

    def look(self) -> None:
        for change in self.book.take_changes():
            self.changes.append(change)
            agent, old = change.agent, self.before.get(change.agent.extension)
            assert change.at >= self.changed_at.get(agent.extension, 0.0), "told before what was told earlier"
            assert agent.since is None or agent.since <= change.at, "it began after it was told"
            assert (agent.state in IN_CALLS) == (agent.call_id is not None) or agent.state is AgentState.AFTER_CALL_WORK
            assert agent.state is AgentState.NOT_READY or agent.state is AgentState.BUSY or agent.reason is None
            if old is not None and old.since is not None and agent.since is not None and not self.deaf:
                assert old.since <= agent.since, "a state began before the one before it"
            self.before[agent.extension], self.changed_at[agent.extension] = agent, change.at
        assert [agent.extension for agent in self.book.agents] == sorted({agent.extension for agent in self.book.agents})
        if not self.deaf:
            for agent in self.book.agents:
                assert agent.state not in IN_CALLS or agent.call_id in self.live, f"{agent.extension} is in a call that is over"

    def clear_all(self) -> None:
        """Every leg is gone, all is listed, and time goes by; then nobody is in a call, and nothing is left to end."""
        for leg in sorted(self.legs):
            self.apply(LegCleared(at=self.latest, leg=leg, cause=16, sip=0))
        self.apply(SnapshotDone(at=self.latest))
        self.apply(QueuesListed(at=self.latest + 60.0))
        self.book.tick(self.latest + 600.0)
        self.look()
        assert all(agent.state not in IN_CALLS | {AgentState.AFTER_CALL_WORK} for agent in self.book.agents)
        assert not self.book._present
        assert {extension for extension, calls in self.book._busy.items() if calls} == set()


@settings(max_examples=100)
@given(events=shifts())
def test_the_invariants_hold_whatever_gets_lost_or_late(events: list[PbxEvent]) -> None:
    watched = WatchedBook()
    for event in events:
        watched.apply(event)
    watched.clear_all()


@settings(max_examples=100)
@given(events=any_events())
def test_the_invariants_hold_of_any_events_at_all(events: list[PbxEvent]) -> None:
    watched = WatchedBook()
    watched.deaf = True
    for event in events:
        watched.apply(event)
    watched.clear_all()


@settings(max_examples=60)
@given(events=shifts(), ticks=st.lists(st.integers(0, 300), max_size=6))
def test_a_clock_that_ticks_tells_nothing_else(events: list[PbxEvent], ticks: list[int]) -> None:
    """What ends by itself is told with its own time, by the tick or by the next event."""
    events = sorted(events, key=lambda event: event.at)
    ticking, silent = WatchedBook(), WatchedBook()
    for event in events:
        for tick in ticks:
            if START + tick / 4 < event.at:
                ticking.book.tick(min(START + tick / 4, ticking.latest))
        ticking.apply(event)
        silent.apply(event)
    for one in (ticking, silent):
        one.book.tick(one.latest + 600.0)
        one.look()
    assert ticking.changes == silent.changes


@settings(max_examples=60)
@given(events=shifts())
def test_the_figures_are_those_of_the_calls_as_they_are_last(events: list[PbxEvent]) -> None:
    watched = WatchedBook()
    calls: dict[CallId, Call] = {}
    board = Board(PBX, SITE)
    for event in events:
        watched.apply(event)
        calls |= {call.call_id: call for call in board.apply(event).calls}
    read = DayBook(SITE)
    read.put_stored(call for call in calls.values() if call.merged_into is None)
    for queue in (QueueName("support"), QueueName("vip")):
        assert watched.days.today(queue, START) == read.today(queue, START)
