"""What the gateway knows of one PBX now: its calls, its queues, its link. Only its own engine task writes to it."""

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Final

import structlog

from gateway.model.board import Board
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call
from gateway.model.events import PbxEvent
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.queues import Queue, QueueBook
from gateway.model.site import Site
from gateway.ports.connector import Gap, LinkState, LinkStatus

KEPT_GAPS: Final = 20
"""Gaps of a PBX that are shown; the oldest is dropped."""

_log = structlog.get_logger()


class Counts:
    """Numbers that only grow, and the last ones seen."""

    __slots__ = ("call_events", "events", "failed_events", "gap_s", "gaps", "lag_s")

    def __init__(self) -> None:
        self.events = 0
        """Events from the PBX."""
        self.call_events = 0
        """Events told about its calls."""
        self.failed_events = 0
        """Events that could not be applied: each is in the log as an error."""
        self.gaps = 0
        self.gap_s = 0.0
        self.lag_s = 0.0
        """Seconds between the last event's time and our taking it; the PBX's clock and ours differ in it as well."""


class PbxState:
    """One PBX, its recent ended calls bounded by ``recent_calls`` (the oldest is dropped)."""

    def __init__(self, pbx: PbxName, site: Site, *, recent_calls: int, now: float) -> None:
        self.pbx = pbx
        self.site = site
        self.tenant = DEFAULT_TENANT
        self.link = LinkState(status=LinkStatus.CONNECTING, detail=f"{pbx}: not connected yet", since=now)
        self.gaps: deque[Gap] = deque(maxlen=KEPT_GAPS)
        self.counts = Counts()
        self._board = Board(pbx, site, self.tenant)
        self._queues = QueueBook(pbx)
        self._recent: OrderedDict[CallId, Call] = OrderedDict()
        self._recent_calls = recent_calls

    @property
    def live(self) -> Sequence[Call]:
        """The calls that have not ended, in the order in which they began."""
        return sorted(self._board.live.values(), key=lambda call: call.began_at)

    @property
    def live_count(self) -> int:
        """How many calls are live."""
        return len(self._board.live)

    @property
    def recent(self) -> Sequence[Call]:
        """The ended calls that are kept, the last one first."""
        return [call for call in reversed(self._recent.values()) if call.merged_into is None]

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The queues by name."""
        return self._queues.queues(self._board.live)

    def find(self, call_ids: Iterable[CallId]) -> list[Call]:
        """Return those of the calls that are live or recent; one that was merged into another says so itself."""
        live = self._board.live
        found = (live.get(call_id) or self._recent.get(call_id) for call_id in call_ids)
        return [call for call in found if call is not None]

    def apply(self, event: PbxEvent, now: float) -> Sequence[CallEvent]:
        """Take an event and return what is to be told of the calls that it changed."""
        counts = self.counts
        counts.events += 1
        counts.lag_s = now - event.at
        self._queues.apply(event)
        try:
            step = self._board.apply(event)
        except Exception:  # noqa: BLE001  # one event that we do not understand must not cost the PBX's other calls
            counts.failed_events += 1
            _log.exception("event_not_applied", pbx=self.pbx, event_type=type(event).__name__, **{"pii.event": event})
            return ()
        for call in step.calls:
            if call.ended or call.merged_into is not None:
                self._keep(call)
        counts.call_events += len(step.events)
        return step.events

    def note_gap(self, gap: Gap) -> None:
        """Keep a time in which the PBX was not heard."""
        self.gaps.append(gap)
        self.counts.gaps += 1
        self.counts.gap_s += max(gap.ended_at - gap.began_at, 0.0)

    def _keep(self, call: Call) -> None:
        self._recent[call.call_id] = call  # a corrected call keeps its place
        while len(self._recent) > self._recent_calls:
            self._recent.popitem(last=False)
