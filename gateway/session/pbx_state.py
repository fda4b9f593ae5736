"""What the gateway knows of one PBX now: its calls, its queues, its link.

Only its own engine task applies events to it. What others are shown of its calls is what was committed last: nobody sees what a
crash could take back.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import structlog

from gateway.model.agents import AgentBook
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.change import NOTHING, Step
from gateway.model.day_figures import CallDays
from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent, SnapshotDone
from gateway.model.habits import Habit
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.mailboxes import MailboxBook
from gateway.model.queue_figures import DayBook
from gateway.model.queues import Queue, QueueBook
from gateway.model.site import Site
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.ports.store import Heard

KEPT_GAPS: Final = 20
"""Gaps of a PBX that are shown; the oldest is dropped."""

_log = structlog.get_logger()


class Counts:
    """Numbers that only grow, and the last ones seen."""

    __slots__ = ("call_events", "events", "failed_events", "gap_s", "gaps", "lag_s", "snapshots")

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
        self.snapshots = 0
        """How often the PBX has listed all that there is."""


class PbxState:
    """One PBX."""

    def __init__(self, pbx: PbxName, site: Site, *, now: float) -> None:
        self.pbx = pbx
        self.site = site
        self.tenant = DEFAULT_TENANT
        self.link = LinkState(status=LinkStatus.CONNECTING, detail=f"{pbx}: not connected yet", since=now)
        self.gaps: deque[Gap] = deque(maxlen=KEPT_GAPS)
        self.counts = Counts()
        self.heard_at: float | None = None
        """Until when the PBX was heard and what it said applied, in seconds since the epoch by the PBX's clock."""
        self.away_since: float | None = None
        """Since when it was not heard because no gateway ran; None once it is heard again."""
        self.agents = AgentBook(site)
        """Who sits where, and what he does."""
        self.days = DayBook(site)
        """What the queues did today."""
        self.calls_today = CallDays(site)
        """What became today of callers from outside."""
        self.mailboxes = MailboxBook(site)
        """Whose voicemail waits."""
        self._board = Board(pbx, site, self.tenant)
        self._queues = QueueBook(pbx)
        self._shown: dict[CallId, Call] = {}

    @property
    def live(self) -> Sequence[Call]:
        """The calls that have not ended, in the order in which they began."""
        return sorted(self._shown.values(), key=lambda call: call.began_at)

    @property
    def live_count(self) -> int:
        """How many calls are live."""
        return len(self._shown)

    @property
    def queues(self) -> tuple[Queue, ...]:
        """The queues by name."""
        return self._queues.queues(self._shown)

    def find(self, call_ids: Iterable[CallId]) -> list[Call]:
        """Return those of the calls that are live."""
        found = (self._shown.get(call_id) for call_id in call_ids)
        return [call for call in found if call is not None]

    def apply(self, event: PbxEvent, now: float) -> Step:
        """Take an event and return the calls that it changed, and what is to be told of them."""
        counts = self.counts
        counts.events += 1
        counts.lag_s = now - event.at
        if self.heard_at is None or event.at > self.heard_at:
            self.heard_at = event.at
        if type(event) is SnapshotDone:
            counts.snapshots += 1
        self._queues.apply(event)
        self.mailboxes.apply(event)
        try:
            step = self._board.apply(event)
        except Exception:  # noqa: BLE001  # one event that we do not understand must not cost the PBX's other calls
            counts.failed_events += 1
            _log.exception("event_not_applied", pbx=self.pbx, event_type=type(event).__name__, **{"pii.event": event})
            return NOTHING
        counts.call_events += len(step.events)
        self._watch(event, step)
        return step

    def _watch(self, event: PbxEvent, step: Step) -> None:
        """Let the agents and the queues' figures follow; what goes wrong there costs no call."""
        try:
            self.agents.apply(event, step.calls)
            for call in step.calls:
                self.days.put(call)
                self.calls_today.put(call)
            if type(event) is ConnectionLost or type(event) is ConnectionMade:
                self.days.gap(event.at)
        except Exception:  # noqa: BLE001  # as above
            self.counts.failed_events += 1
            _log.exception("agents_not_applied", pbx=self.pbx, event_type=type(event).__name__, **{"pii.event": event})

    def learnt(self) -> list[Habit]:
        """Return what was learnt of the PBX since the last time."""
        return self._board.habits.news()

    def clock(self, now: float) -> float:
        """Return what the PBX's clock shows at ``now``, as far as its last event tells."""
        return now - self.counts.lag_s if self.counts.events else now

    def restore(self, calls: Sequence[Call], heard: Heard, habits: Sequence[Habit] = ()) -> Step:
        """Take over the calls of an earlier process, how far it heard the PBX and what it learnt of it; before any event.

        Returns:
            What changes by it: from then on none of the live calls was heard.
        """
        self.gaps.extend(heard.gaps)
        self._board.restore(calls, [(gap.began_at, gap.ended_at) for gap in heard.gaps], habits)
        self.agents.restore((), [call for call in calls if not call.ended])
        self.count_stored(calls)
        self.heard_at = self.away_since = heard.at
        step = self._board.apply(ConnectionLost(at=heard.at))
        self.show({call.call_id: call for call in step.calls})
        return step

    def count_stored(self, calls: Iterable[Call]) -> None:
        """Count calls of before among those of today; what was heard of one meanwhile stands."""
        listed = list(calls)
        self.days.put_stored(listed)
        self.calls_today.put_stored(listed)

    def show(self, calls: Mapping[CallId, Call]) -> None:
        """Let others see these calls as they are now."""
        for call_id, call in calls.items():
            if call.ended or call.merged_into is not None:
                self._shown.pop(call_id, None)
            else:
                self._shown[call_id] = call

    def note_gap(self, gap: Gap) -> None:
        """Keep a time in which the PBX was not heard."""
        self.gaps.append(gap)
        self.counts.gaps += 1
        self.counts.gap_s += max(gap.ended_at - gap.began_at, 0.0)
