from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.replaying import CAPTURES, pbx_events
from support.truth import read_truth

from connectors.asterisk_ami.replay import site_of
from gateway.model.agents import AgentBook
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.events import LegCleared, LegCreated, PbxEvent
from gateway.model.ids import CallId, LegId, PbxName
from gateway.model.site import Site
from gateway.model.terms import LegRole
from gateway.ports.connector import Gap
from gateway.ports.store import Heard
from gateway.session.pbx_state import KEPT_GAPS, PbxState

SITE = Site(region="CN", extensions=r"^8\d{3}$", trunks=("PJSIP/trunk",))


def state(site: Site = SITE) -> PbxState:
    return PbxState(PbxName("one"), site, now=0.0)


def short_calls(count: int) -> Iterator[PbxEvent]:
    for number in range(count):
        leg = LegId(str(number))
        yield LegCreated(
            at=float(number),
            leg=leg,
            name=f"PJSIP/8001-{number}",
            device="PJSIP/8001",
            role=LegRole.ORIGINATING,
            root=leg,
            number="8001",
            display=None,
            dialled="8002",
            place=None,
        )
        yield LegCleared(at=number + 0.5, leg=leg, cause=16, sip=0)


def applied(of: PbxState, events: Iterable[PbxEvent]) -> dict[CallId, Call]:
    """Apply the events and show what they changed; return every call as it is at the end."""
    calls: dict[CallId, Call] = {}
    for event in events:
        step = of.apply(event, event.at + 0.25)
        calls |= {call.call_id: call for call in step.calls}
        of.show(calls)
    return calls


def test_calls_are_shown_when_they_are_committed_and_no_longer_when_they_ended() -> None:
    of = state()
    created, cleared = short_calls(1)

    begun = of.apply(created, 1.0)
    assert of.live_count == 0
    of.show({call.call_id: call for call in begun.calls})
    (live,) = of.live
    assert (of.live_count, of.find([live.call_id])) == (1, [live])

    ended = of.apply(cleared, 2.0)
    assert [event.type for event in ended.events] == ["call.ended"]
    assert of.live == [live]
    of.show({call.call_id: call for call in ended.calls})
    assert (of.live_count, of.find([live.call_id])) == (0, [])


def test_how_far_the_pbx_was_heard_never_goes_back() -> None:
    of = state()
    first, second = short_calls(1)
    of.apply(second, 0.0)
    of.apply(first, 0.0)

    assert of.heard_at == second.at


def test_what_an_earlier_process_left_is_live_and_unheard() -> None:
    earlier, later = state(), state()
    created, cleared = short_calls(1)
    (call,) = applied(earlier, [created]).values()

    step = later.restore([call], Heard(tenant=later.tenant, pbx=later.pbx, at=0.25))

    assert [each.call_id for each in later.live] == [call.call_id]
    assert [each.complete for each in step.calls] == [False]
    assert (later.heard_at, later.away_since) == (0.25, 0.25)
    assert [event.id for event in later.apply(cleared, 1.0).events] == [f"{call.call_id}:{call.seq + 1}"]


def test_lag_and_counts_are_kept() -> None:
    of = state()
    applied(of, short_calls(2))

    assert (of.counts.events, of.counts.lag_s, of.counts.failed_events) == (4, 0.25, 0)
    assert of.counts.call_events == 4


def test_an_event_that_cannot_be_applied_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    of = state()
    events = list(short_calls(2))
    original = Board.apply

    def apply(board: Board, event: PbxEvent) -> object:
        if event is events[1]:
            raise KeyError("a fault of ours")
        return original(board, event)

    monkeypatch.setattr(Board, "apply", apply)
    with capture_logs() as logs:
        applied(of, tuple(events))

    assert of.counts.failed_events == 1
    assert of.live_count == 1
    assert [(line["event"], line["event_type"]) for line in logs] == [("event_not_applied", "LegCleared")]


def test_a_fault_about_agents_costs_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    of = state()

    def apply(*_: object) -> None:
        raise KeyError("a fault of ours")

    monkeypatch.setattr(AgentBook, "apply", apply)
    with capture_logs() as logs:
        calls = applied(of, tuple(short_calls(2)))

    assert all(call.ended for call in calls.values())
    assert of.counts.failed_events == len(logs) > 0
    assert {line["event"] for line in logs} == {"agents_not_applied"}


def test_gaps_are_bounded_and_counted() -> None:
    of = state()
    for number in range(KEPT_GAPS + 5):
        of.note_gap(Gap(began_at=number, ended_at=number + 2.0, reason="test"))

    assert len(of.gaps) == KEPT_GAPS
    assert (of.counts.gaps, of.counts.gap_s) == (KEPT_GAPS + 5, 2.0 * (KEPT_GAPS + 5))


@pytest.mark.parametrize("name", ["22/attended_transfer", "22/queue_caller_hangs", "22-site2/connection_cut"])
def test_a_recorded_pbx_leaves_no_live_call(name: str) -> None:
    folder: Path = CAPTURES / "asterisk" / name
    of = state(site=site_of(folder))
    calls = applied(of, pbx_events(folder))

    assert of.live_count == 0
    assert sum(call.merged_into is None for call in calls.values()) == len(read_truth(folder)["calls"])
