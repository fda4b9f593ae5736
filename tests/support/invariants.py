"""What holds of calls whatever a PBX says, and in whatever order: a board whose every step is looked at."""

from collections.abc import Iterable
from typing import Any

import msgspec
from support.building import Story
from support.replaying import PBX

from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.ended import DOUBTFUL_S
from gateway.model.events import ConsultationStarted, LegCleared, LegCreated, LegSeen, PbxEvent, SnapshotDone
from gateway.model.ids import CallId, LegId
from gateway.model.record import record_of
from gateway.model.site import Site

_LAST = ("call.ended", "call.corrected")
_IN_ORDER = ("initiated", "alerting", "connected", "cleared")


class Watched:
    """Takes events as a board does, and raises an AssertionError where something does not hold that always should."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.board = Board(PBX, site)
        self.calls: dict[CallId, Call] = {}
        self.told: list[CallEvent] = []
        self.legs: set[LegId] = set()
        self._latest = 0.0
        self._as_returned: list[tuple[Call, bytes]] = []
        self._shared: set[LegId] = set()
        self._used_again: set[LegId] = set()

    def hear(self, events: Iterable[PbxEvent]) -> "Watched":
        for event in events:
            self.apply(event)
        return self

    def apply(self, event: PbxEvent) -> None:
        self._latest = max(self._latest, event.at)
        match event:
            case LegCreated() | LegSeen():
                if event.leg in self.legs and event.leg == event.root and isinstance(event, LegCreated):
                    # An application may give the id of a leg that is gone to a new one.
                    self._used_again.add(event.leg)
                self.legs.add(event.leg)
            case ConsultationStarted():
                self._shared.add(event.leg)
            case _:
                pass
        step = self.board.apply(event)
        for call in step.calls:
            self._look_at(call)
            self.calls[call.call_id] = call
            self._as_returned.append((call, msgspec.json.encode(call)))
        for told in step.events:
            self._hear_told(told)
        self._look_at_legs()

    def clear_all(self) -> "Watched":
        """Every leg is gone; then every call has ended, and none of them ever changed after it was returned."""
        for leg in sorted(self.legs):
            self.apply(LegCleared(at=self._latest, leg=leg, cause=16, sip=0))
        # A snapshot under way is complete some time: what waits for it must not wait for ever.
        self.apply(SnapshotDone(at=self._latest))
        self.look_at_end()
        return self

    def look_at_end(self) -> None:
        assert self.board.live == {}, "a call is live without legs"
        assert [call.call_id for call in self.calls.values() if not call.ended] == []
        for call in self.calls.values():
            ended = [event for event in self.told if event.call_id == call.call_id and event.type == "call.ended"]
            merged = call.merged_into is not None
            assert len(ended) == (0 if merged else 1), "a call ends once, a merged one with the call that it is part of"
            assert not merged or call.merged_into in self.calls
        for call, encoded in self._as_returned:
            assert msgspec.json.encode(call) == encoded, "a call changed after it was returned"
        msgspec.json.encode(self.told)

    def look_at_memory(self) -> None:
        """After a while the board keeps nothing of calls that ended."""
        board, last = self.board, LegId("the last one")
        later = self._latest + 2 * DOUBTFUL_S
        board.apply(SnapshotDone(at=later))
        for event in Story(self.site, at=later).comes_in(last).clears(last).events:
            board.apply(event)
        kept = (board._live, board._ended, board._call_of, board._members, board._doubts, board._consulting)
        assert [len(each) for each in kept] == [0, 1, 1, 0, 0, 0], "the board keeps what is over"

    def _look_at(self, call: Call) -> None:
        before = self.calls.get(call.call_id)
        if before is not None:
            assert before.seq <= call.seq
            assert before.version <= call.version
            assert not (before.ended and not call.ended), "an ended call came back"
            assert before.merged_into in (None, call.merged_into)
            assert call.answered_by[: len(before.answered_by)] == before.answered_by
            assert before.talk_s <= call.talk_s
            assert before.hold_s <= call.hold_s
            for leg in before.legs.values():
                now = call.legs[leg.id]
                assert leg.cleared_at in (None, now.cleared_at), "a cleared leg came back"
                assert leg.connected_at in (None, now.connected_at)
        if call.ended and call.merged_into is None:
            assert all(leg.cleared_at is not None for leg in call.legs.values()), "a call ended before its legs"
        record = record_of(call, self.site)
        msgspec.json.encode(record)
        _look_at_times(record)
        _look_at_seconds(record)
        assert len(set(call.answered_by)) == len(call.answered_by)
        assert record["caller"] is None or call.caller is not None

    def _hear_told(self, told: CallEvent) -> None:
        self.told.append(told)
        call_id, _, number = told.id.partition(":")
        assert call_id == told.call_id
        earlier = [event for event in self.told if event.call_id == told.call_id]
        assert int(number) == len(earlier), "a number is missing or was given twice"
        assert len(earlier) == 1 or earlier[-2].at <= told.at, "told before what was told earlier"
        assert told.type == "call.corrected" or all(event.type not in _LAST for event in earlier[:-1]), "told after the end"

    def _look_at_legs(self) -> None:
        """Each leg is in one call that is not part of another, and what happens to it happens there."""
        owners: dict[LegId, list[Call]] = {}
        for call in self.calls.values():
            if call.merged_into is None:
                for leg in call.legs:
                    owners.setdefault(leg, []).append(call)
        for leg, calls in owners.items():
            assert len(calls) == 1 or leg in self._shared | self._used_again, f"{leg} is in several calls"
            if any(call.legs[leg].is_live for call in calls):
                found = self.board.find(leg)
                assert found is not None, f"{leg} is not found"
                assert found in calls or leg in self._shared, f"{leg} is not found in its call"


def _look_at_times(record: dict[str, Any]) -> None:
    # RFC 3339 in UTC sorts as the times do.
    started, answered, ended = record["started_at"], record["answered_at"], record["ended_at"]
    assert answered is None or started <= answered, "answered before it began"
    assert ended is None or max(started, answered or started) <= ended, "ended before it began or was answered"
    for leg in record["legs"]:
        times = [leg["state_times"][state] for state in _IN_ORDER if state in leg["state_times"]]
        assert times == sorted(times), f"the times of leg {leg['id']} run backwards"
    for stay in record["queues"]:
        assert stay["left_at"] is None or stay["joined_at"] is None or stay["joined_at"] <= stay["left_at"]


def _look_at_seconds(record: dict[str, Any]) -> None:
    seconds = [record[key] for key in ("talk_s", "hold_s", "wait_s", "ivr_s")]
    seconds += [stay["wait_s"] for stay in record["queues"]]
    seconds += [agent["talk_s"] for agent in record["agents"]]
    seconds += [transfer.get("consult_s") for transfer in record["transfers"]]
    assert all(value is None or value >= 0.0 for value in seconds)
