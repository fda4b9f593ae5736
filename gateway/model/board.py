"""The live calls of one PBX: which call a leg belongs to, when two calls are one, and what a gap hid.

Pure: fed with events in order, it answers with steps. The same board serves live traffic, replay and tests.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.model import details, gaps, reducer, restoring, transfers
from gateway.model.call_events import CallEvent
from gateway.model.calls import Call, begun
from gateway.model.change import NOTHING, Change, Step, together
from gateway.model.doubts import Doubts
from gateway.model.ended import EndedCalls
from gateway.model.events import (
    AgentCompleted,
    BridgesMerged,
    ConnectionLost,
    ConnectionMade,
    ConsultationStarted,
    LegBridged,
    LegCleared,
    LegConnected,
    LegCreated,
    LegDialled,
    LegPickedUp,
    LegSeen,
    LegsTwinned,
    LegTransferred,
    LegUnbridged,
    LegUnparked,
    PbxEvent,
    QueueEntrySeen,
    SnapshotDone,
)
from gateway.model.habits import Habit, Habits
from gateway.model.ids import DEFAULT_TENANT, CallId, LegId, PbxName, Tenant
from gateway.model.members import Members
from gateway.model.reports import CallDetail
from gateway.model.site import Site
from gateway.model.terms import BridgeKind

LATE_S: Final = 2.0
"""Seconds by which a PBX may say again what it has said of a leg that is gone."""


class Board:
    """All live calls of one PBX, and those that ended lately."""

    def __init__(self, pbx: PbxName, site: Site, tenant: Tenant = DEFAULT_TENANT) -> None:
        self.pbx = pbx
        self.site = site
        self.tenant = tenant
        self._live: dict[CallId, Call] = {}
        self._ended = EndedCalls()
        self._call_of: dict[LegId, CallId] = {}
        self._members = Members()
        self._doubts = Doubts()
        self._roots: dict[CallId, set[LegId]] = {}
        """Legs that were gone before we came, or are still to come, by which later ones are told to belong to a call."""
        self._consulting: dict[LegId, CallId] = {}
        """Legs that are in a second call as well, as its caller: they consult by feature code, without a leg of their own."""
        self.habits = Habits()
        """What was learnt of the PBX."""

    @property
    def live(self) -> Mapping[CallId, Call]:
        """The calls that have not ended, by id; helper legs without a party are none."""
        return {key: call for key, call in self._live.items() if call.published}

    def apply(self, event: PbxEvent) -> Step:
        """Take an event and return the calls that it changed, and what is to be told of them."""
        kind = type(event)
        route = _ROUTES.get(kind)
        if route is not None:
            return route(self, event)
        leg = getattr(event, "leg", None)
        return NOTHING if leg is None else self._one(leg, event)

    def restore(
        self, calls: Iterable[Call], gaps_before: Iterable[tuple[float, float]] = (), habits: Iterable[Habit] = ()
    ) -> None:
        """Take over an earlier board's calls, gaps and habits, before any event; a ``ConnectionLost`` must follow."""
        self.habits = Habits(habits)
        self._live, self._ended, self._call_of, self._members, self._consulting = restoring.places_of(calls)
        self._ended.remember_gaps(gaps_before)

    def find(self, leg: LegId) -> Call | None:
        """Return the live call that a leg belongs to."""
        return self._live.get(self._call_of.get(leg, CallId("")))

    def _one(self, leg: LegId, event: PbxEvent) -> Step:
        self._doubts.lives(leg, event)
        found = self._call_of.get(leg)
        call = None if found is None else self._live.get(found)
        if call is None:
            return NOTHING
        applied = reducer.apply(call, event, self.site)
        step = self._keep(applied.calls[0], applied.events) if applied.calls else NOTHING
        return step if not self._consulting else together((step, *self._consult(leg, event)))

    def _consult(self, leg: LegId, event: PbxEvent) -> Iterable[Step]:
        """Let the event work on the consultation that ``leg`` is in too, and end what is over of consultations."""
        second = self._live.get(self._consulting.get(leg, CallId("")))
        if second is not None:
            change = Change(second, self.site, event.at)
            reducer.apply_to(change, event)
            yield self._keep(change.call, change.events)
        for shared, key in tuple(self._consulting.items()):
            consultation, main = self._live.get(key), self._live.get(self._call_of.get(shared, CallId("")))
            if consultation is None:
                del self._consulting[shared]
            elif all(other.cleared_at is not None for other in consultation.legs.values() if other.id != shared):
                yield self._leave_call(consultation, shared, event.at)
            elif main is not None and all(other.cleared_at is not None for other in main.legs.values() if other.id != shared):
                # The caller is gone: whoever consulted is in the consultation alone now.
                yield self._leave_call(main, shared, event.at)
                self._call_of[shared] = key

    def _leave_call(self, call: Call, shared: LegId, at: float) -> Step:
        """Whoever is in two calls is out of this one."""
        del self._consulting[shared]
        self._leave_bridge(call, shared)
        change = Change(call, self.site, at)
        reducer.clear_leg(change, shared, 0, 0)
        return self._keep(change.call, change.events)

    def _consultation_started(self, event: ConsultationStarted) -> Step:
        main, helpers = self.find(event.leg), self.find(event.helper)
        leg = None if main is None else main.legs.get(event.leg)
        if leg is None or helpers is main or not leg.is_live or leg.id in self._consulting:
            return NOTHING
        change = self._new(event.helper, event.at) if helpers is None else Change(helpers, self.site, event.at)
        if leg.id not in change.call.legs:
            reducer.start_consultation(change, leg, event.to)
            self._consulting[event.leg] = self._call_of[event.helper] = change.call.call_id
            self._roots.setdefault(change.call.call_id, set()).add(event.helper)
        return self._keep(change.call, change.events)

    def _keep(self, call: Call, events: Sequence[CallEvent], gone: Sequence[Call] = ()) -> Step:
        """Take the changed call over; ended ones move to those remembered."""
        for folded in gone:
            self._retire(folded, call.changed_at)
            for leg, key in tuple(self._consulting.items()):
                if key == folded.call_id:
                    self._consulting[leg] = call.call_id
            roots = self._roots.pop(folded.call_id, set())
            if roots:
                self._roots.setdefault(call.call_id, set()).update(roots)
            for known in folded.legs.values():
                if call.legs[known.id].bridge != known.bridge:
                    self._members.leave(known.id, known.bridge)
            for leg in (*folded.legs, *roots):
                if self._call_of.get(leg) == folded.call_id:
                    self._call_of[leg] = call.call_id
        if gone:
            self._consulting = {leg: key for leg, key in self._consulting.items() if self._call_of.get(leg) != key}
        if call.ended:
            self._retire(call, call.changed_at)
        else:
            self._live[call.call_id] = call
        if not call.published:
            return NOTHING
        return Step(calls=(call, *(other for other in gone if other.published)), events=tuple(events))

    def _retire(self, call: Call, at: float) -> None:
        self._live.pop(call.call_id, None)
        for forgotten in self._ended.add(call, at):
            for leg in forgotten.legs:
                if self._call_of.get(leg, "") in (forgotten.call_id, forgotten.merged_into):
                    del self._call_of[leg]
            for leg in self._roots.pop(forgotten.call_id, ()):
                if self._call_of.get(leg) == forgotten.call_id:
                    del self._call_of[leg]

    def _new(self, leg: LegId, at: float) -> Change:
        return Change(begun(self.pbx, self.tenant, leg, at), self.site, at)

    def _leg_created(self, event: LegCreated) -> Step:
        self.habits.leg_created(event)
        if event.leg in self._call_of and not self._is_used_again(event):
            return NOTHING
        call = self.find(event.root)
        change = self._new(event.leg, event.at) if call is None else Change(call, self.site, event.at)
        reducer.apply_to(change, event)
        self._call_of[event.leg] = change.call.call_id
        return self._keep(change.call, change.events)

    def _is_used_again(self, event: LegCreated) -> bool:
        """Tell whether an application gives the id of a leg that is gone to a new one; a late word is not later than this."""
        if (known := self._live.get(self._call_of[event.leg])) is not None:
            return event.leg not in known.legs  # a consultation begins before its first leg
        ended = self._ended.get(self._call_of[event.leg])
        return ended is not None and event.root == event.leg and event.at - ended.changed_at > LATE_S

    def _leg_connected(self, event: LegConnected) -> Step:
        if (call := self.find(event.leg)) is not None:
            self.habits.leg_connected(call, event)
        return self._one(event.leg, event)

    def _leg_bridged(self, event: LegBridged) -> Step:
        call = self.find(event.leg)
        leg = None if call is None else call.legs.get(event.leg)
        if leg is None or not leg.is_live:
            return NOTHING
        if leg.bridge != event.bridge:
            self._members.leave(leg.id, leg.bridge)
        members = self._members.join(leg.id, event.bridge)
        if event.kind is BridgeKind.HOLDING or len(members) == 1:
            return self._one(event.leg, event)
        if event.leg in self._consulting:
            return self._consulting_leg_bridged(event, members)
        return self._joined((event.leg, *(leg for leg in members if leg not in self._consulting)), event)

    def _consulting_leg_bridged(self, event: LegBridged, members: set[LegId]) -> Step:
        """Who consults goes between two bridges: back with the caller, the consultation goes on without him."""
        consultation = self._live.get(self._consulting[event.leg])
        if consultation is not None and not any(leg in consultation.legs for leg in members - {event.leg}):
            change = Change(consultation, self.site, event.at)
            reducer.leave_consultation(change, event.leg)
            del self._consulting[event.leg]
            return together((self._keep(change.call, change.events), self._one(event.leg, event)))
        return self._one(event.leg, event)

    def _leg_unbridged(self, event: LegUnbridged) -> Step:
        self._members.leave(event.leg, event.bridge)
        return self._one(event.leg, event)

    def _leave_bridge(self, call: Call | None, leg_id: LegId) -> None:
        leg = None if call is None else call.legs.get(leg_id)
        if leg is not None:
            self._members.leave(leg_id, leg.bridge)

    def _bridges_merged(self, event: BridgesMerged) -> Step:
        return self._joined(self._members.merge(event.bridge, event.into), event)

    def _leg_cleared(self, event: LegCleared) -> Step:
        return NOTHING if self._doubts.hold_back(event) else self._clear(event)

    def _clear(self, event: LegCleared) -> Step:
        self._leave_bridge(self.find(event.leg), event.leg)
        return self._one(event.leg, event)

    def _joined(self, legs: Iterable[LegId | None], event: PbxEvent) -> Step:
        """These legs are of one call now: fold the others' calls into the one that outranks them, then apply the event."""
        # Others are named because they were in the bridge once: that they live is for the snapshot to say.
        self._doubts.lives(getattr(event, "leg", LegId("")), event)
        calls: dict[CallId, Call] = {}
        for leg in legs:
            call = None if leg is None else self.find(leg)
            if call is not None:
                calls[call.call_id] = call
            if isinstance(event, LegTransferred) and leg in self._consulting:
                consultation = self._live.get(self._consulting[leg])
                if consultation is not None:
                    calls[consultation.call_id] = consultation
        if not calls:
            return NOTHING
        first, *rest = calls.values()
        for call in rest:
            if transfers.outranks(call, first):
                first = call
        change = Change(first, self.site, max(event.at, *(call.changed_at for call in calls.values()), first.changed_at))
        gone = [transfers.fold(change, call) for call in calls.values() if call is not first]
        reducer.apply_to(change, event)
        return self._keep(change.call, change.events, gone)

    def _connection_lost(self, event: ConnectionLost) -> Step:
        self._ended.gap_began(event.at)
        for key, call in self._live.items():
            change = Change(call, self.site, event.at)
            gaps.lose_sight(change)
            self._live[key] = change.call
        return Step(calls=tuple(self.live.values()))

    def _connection_made(self, event: ConnectionMade) -> Step:
        self._ended.gap_ended(event.at)
        self._doubts.begin(leg.id for call in self._live.values() for leg in call.legs.values() if leg.is_live)
        return NOTHING

    def _leg_seen(self, event: LegSeen) -> Step:
        self._doubts.lives(event.leg, event)
        own = self.find(event.leg)
        if own is None and event.leg in self._call_of:
            return NOTHING
        call = own or self.find(event.root)
        known = None if own is None else own.legs.get(event.leg)
        if known is not None and known.bridge != event.bridge:
            self._members.leave(known.id, known.bridge)
        change = self._new(event.leg, event.at - event.age_s) if call is None else Change(call, self.site, event.at)
        gaps.see(change, event)
        self._call_of[event.leg] = change.call.call_id
        if event.root not in self._call_of:
            self._call_of[event.root] = change.call.call_id
            self._roots.setdefault(change.call.call_id, set()).add(event.root)
        step = self._keep(change.call, change.events)
        if event.bridge is None:
            return step
        bridged = LegBridged(at=event.at, leg=event.leg, bridge=event.bridge, kind=BridgeKind.TALK, replaced=None)
        return together((step, self._leg_bridged(bridged)))

    def _queue_entry_seen(self, event: QueueEntrySeen) -> Step:
        call = self.find(event.leg)
        if call is None:
            return NOTHING
        change = Change(call, self.site, event.at)
        gaps.see_queue_entry(change, event)
        return self._keep(change.call, change.events)

    def _snapshot_done(self, event: SnapshotDone) -> Step:
        unheard, cleared = self._doubts.resolve()
        steps = [self._clear(end) for end in cleared]
        for leg in unheard:
            call = self.find(leg)
            if call is not None:
                change = Change(call, self.site, event.at)
                self._leave_bridge(call, leg)
                reducer.clear_leg(change, leg, 0, 0, unheard=True)
                steps.append(self._keep(change.call, change.events))
            second = self._live.get(self._consulting.pop(leg, CallId("")))
            if second is not None:
                change = Change(second, self.site, event.at)
                reducer.clear_leg(change, leg, 0, 0, unheard=True)
                steps.append(self._keep(change.call, change.events))
        for call in tuple(self._live.values()):
            change = Change(call, self.site, event.at)
            reducer.update(change)
            steps.append(self._keep(change.call, change.events))
        return together(steps)

    def _agent_completed(self, event: AgentCompleted) -> Step:
        live = self.find(event.leg)
        if live is not None:
            # It adds nothing to what was heard; a file may even be ahead of the PBX's own events.
            return NOTHING if live.complete else self._one(event.leg, event)
        call = self._ended.get(self._call_of.get(event.leg, CallId("")))
        if call is None or not call.published or call.complete:
            return NOTHING
        # The queue wrote it down, and it was read only after the gap in which it happened.
        return self._corrected(call, event.at, lambda change: gaps.correct_by_queue(change, event))

    def _call_detail(self, event: CallDetail) -> Step:
        found = self._call_of.get(event.leg)
        if found is None:
            return self._from_detail(event)
        call = self._live.get(found) or self._ended.get(found)
        if call is None or call.complete or event.leg != call.caller_leg:
            return NOTHING
        return self._corrected(call, event.at, lambda change: self._correct(change, event))

    def _corrected(self, call: Call, at: float, correct: Callable[[Change], bool]) -> Step:
        change = Change(call, self.site, at)
        if not correct(change):
            return NOTHING
        if call.call_id in self._live:
            return self._keep(change.call, change.events)
        self._ended.replace(change.call)
        return Step(calls=(change.call,), events=tuple(change.events))

    def _correct(self, change: Change, event: CallDetail) -> bool:
        dialled = self.habits.dialled(event)
        return details.correct(change, event, dialled, answers_itself=self.habits.answers_itself(event))

    def _from_detail(self, event: CallDetail) -> Step:
        """A call that came and went while nobody listened is known from the CDR alone."""
        ended_at = event.at if event.ended_at is None else event.ended_at
        if not self._ended.in_a_gap(ended_at):
            return NOTHING
        seen = details.caller_seen(event, ended_at)
        if seen is None:
            return NOTHING
        change = self._new(event.leg, seen.at - seen.age_s)
        gaps.see_past(change, seen, ended_at)
        self._call_of[event.leg] = change.call.call_id
        self._correct(change, event)
        return self._keep(change.call, change.events)


_ROUTES: Final[dict[type, Callable[[Board, Any], Step]]] = {
    LegCreated: Board._leg_created,
    LegConnected: Board._leg_connected,
    LegBridged: Board._leg_bridged,
    LegUnbridged: Board._leg_unbridged,
    BridgesMerged: Board._bridges_merged,
    LegCleared: Board._leg_cleared,
    LegDialled: lambda board, event: board._one(event.target, event),
    LegsTwinned: lambda board, event: board._joined((event.leg, event.twin), event),
    LegTransferred: lambda board, event: board._joined((event.by, event.consult, event.transferee, event.target), event),
    LegPickedUp: lambda board, event: board._joined((event.leg, event.by), event),
    LegUnparked: lambda board, event: board._joined((event.leg, event.by), event),
    ConnectionLost: Board._connection_lost,
    ConsultationStarted: Board._consultation_started,
    ConnectionMade: Board._connection_made,
    LegSeen: Board._leg_seen,
    QueueEntrySeen: Board._queue_entry_seen,
    SnapshotDone: Board._snapshot_done,
    CallDetail: Board._call_detail,
    AgentCompleted: Board._agent_completed,
}
