from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from support.replaying import CAPTURES, pbx_events
from support.truth import read_truth

from connectors.asterisk_ami.replay import site_of
from gateway.model.board import Board
from gateway.model.events import LegCleared, LegCreated, PbxEvent
from gateway.model.ids import LegId, PbxName
from gateway.model.site import Site
from gateway.model.terms import LegRole
from gateway.ports.connector import Gap
from gateway.session.pbx_state import KEPT_GAPS, PbxState

SITE = Site(region="CN", extensions=r"^8\d{3}$", trunks=("PJSIP/trunk",))


def state(recent_calls: int = 100, site: Site = SITE) -> PbxState:
    return PbxState(PbxName("one"), site, recent_calls=recent_calls, now=0.0)


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


def applied(of: PbxState, events: Iterator[PbxEvent] | tuple[PbxEvent, ...]) -> PbxState:
    for event in events:
        of.apply(event, event.at + 0.25)
    return of


def test_calls_are_live_then_recent() -> None:
    of = state()
    created, cleared = short_calls(1)

    of.apply(created, 1.0)
    (live,) = of.live
    assert (of.live_count, list(of.recent)) == (1, [])

    told = of.apply(cleared, 2.0)
    assert [event.type for event in told] == ["call.ended"]
    (recent,) = of.recent
    assert (of.live_count, recent.call_id) == (0, live.call_id)
    assert of.find([live.call_id]) == [recent]


def test_recent_calls_are_bounded_and_the_last_one_is_first() -> None:
    of = applied(state(recent_calls=3), short_calls(5))

    assert [call.began_at for call in of.recent] == [4.0, 3.0, 2.0]


def test_lag_and_counts_are_kept() -> None:
    of = applied(state(), short_calls(2))

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
    assert (of.live_count, len(of.recent)) == (1, 1)
    assert [(line["event"], line["event_type"]) for line in logs] == [("event_not_applied", "LegCleared")]


def test_gaps_are_bounded_and_counted() -> None:
    of = state()
    for number in range(KEPT_GAPS + 5):
        of.note_gap(Gap(began_at=number, ended_at=number + 2.0, reason="test"))

    assert len(of.gaps) == KEPT_GAPS
    assert (of.counts.gaps, of.counts.gap_s) == (KEPT_GAPS + 5, 2.0 * (KEPT_GAPS + 5))


@pytest.mark.parametrize("name", ["22/attended_transfer", "22/queue_caller_hangs", "22-site2/connection_cut"])
def test_a_recorded_pbx_leaves_its_calls_recent(name: str) -> None:
    folder: Path = CAPTURES / "asterisk" / name
    of = applied(state(site=site_of(folder)), pbx_events(folder))

    assert of.live_count == 0
    assert len(of.recent) == len(read_truth(folder)["calls"])


def test_a_merged_call_is_found_but_no_recent_call() -> None:
    folder = CAPTURES / "asterisk" / "22" / "attended_transfer"
    of = state(site=site_of(folder))
    merged = []
    for event in pbx_events(folder):
        merged += [told for told in of.apply(event, event.at) if told.type == "call.merged"]

    (told,) = merged
    (gone,) = of.find([told.data["from"]])
    assert gone.merged_into == told.call_id
    assert gone not in of.recent


def test_a_corrected_call_replaces_the_one_that_ended() -> None:
    folder = CAPTURES / "asterisk" / "22-site2" / "midcall_connect"
    of = state(site=site_of(folder))
    corrected = set()
    for event in pbx_events(folder):
        corrected |= {told.call_id for told in of.apply(event, event.at) if told.type == "call.corrected"}

    ids = [call.call_id for call in of.recent]
    assert corrected
    assert len(ids) == len(set(ids))
    assert {call.call_id for call in of.recent if call.version > 1} == corrected
