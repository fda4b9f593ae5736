"""One desk: what is known of its telephone, its queues and its calls, and the state that follows from them. Pure."""

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Final

import msgspec

from gateway.model.agent_interfaces import Membership, is_away, is_served
from gateway.model.agent_presence import Doing, Presence
from gateway.model.agent_states import Agent, AgentState, WrapUp
from gateway.model.desk import WRAP_UP
from gateway.model.ids import CallId, QueueName
from gateway.model.queue_rules import QueueRules

_NO_NAME: Final = re.compile(r"[/@]|^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
_NEVER: Final = float("inf")
_A_SECOND: Final = 1.0
"""What a PBX dates in whole seconds may have been so much later."""
_LINGERS_S: Final = 1.0
"""Seconds for which a leg that left its bridge may still be there before it counts as a call again."""
_BY_DOING: Final = {
    Doing.LINGERING: (AgentState.BUSY, "in_call"),
    Doing.RINGING: (AgentState.BUSY, "ringing"),
    Doing.RESERVED: (AgentState.RESERVED, None),
    Doing.IN_CALL: (AgentState.BUSY, "in_call"),
    Doing.TALKING: (AgentState.TALKING, None),
}


class Desk:
    """What is known of one desk; the book of agents writes to it, and then lets it find out its state."""

    __slots__ = (
        "_rules",
        "changed_at",
        "devices",
        "given",
        "last_talk",
        "lingers_on",
        "lingers_since",
        "memberships",
        "now",
        "present",
        "told_at",
        "unsure",
        "wrap_up",
    )

    def __init__(self, extension: str, rules: QueueRules) -> None:
        self._rules = rules
        self.now = Agent(extension=extension)
        self.changed_at = 0.0
        """When the state became another, in seconds since the epoch."""
        self.told_at = 0.0
        """The time of what was told last."""
        self.memberships: dict[QueueName, Membership] = {}
        self.devices: dict[str, str] = {}
        """The PBX's word for each telephone's state."""
        self.present: dict[CallId, Presence] = {}
        self.wrap_up: WrapUp | None = None
        self.given: tuple[CallId, QueueName] | None = None
        """The call that a queue gave, and the queue, before anybody listened: the PBX lists the member as with a caller."""
        self.last_talk: tuple[CallId | None, QueueName | None] = (None, None)
        """The last conversation for a queue that was heard, and the queue."""
        self.lingers_since: float | None = None
        """Since when all that is left of its calls is a leg outside of any bridge."""
        self.lingers_on = False
        """For longer than a leg does that is about to go."""
        self.unsure = False
        """What it did was not heard for a while."""

    @property
    def due_at(self) -> float:
        """When its state ends by itself; infinity when it does not."""
        due = _NEVER if self.wrap_up is None else self.wrap_up.until
        if self.lingers_since is None or self.lingers_on:
            return due
        return min(due, self.lingers_since + _LINGERS_S)

    def rename(self, name: str | None) -> None:
        """Show another name; None shows the queue member's."""
        self.now = msgspec.structs.replace(self.now, name=name or _name_of(self.memberships.values()))

    def end_what_is_due(self) -> float:
        """End the first of what ends by itself; return when it did, in seconds since the epoch."""
        due = self.due_at
        if self.wrap_up is not None and self.wrap_up.until <= due:
            self.wrap_up = None
        else:
            self.lingers_on = True
        return due

    def end_talk(self, talk: Presence, at: float) -> None:
        """A conversation for a queue is over: the time after it begins."""
        self.last_talk = (talk.call_id, talk.queue)
        membership = None if talk.queue is None else self.memberships.get(talk.queue)
        if membership is not None:
            until = at + self._wrap_up_s(membership)
            if until > at:
                self.wrap_up = WrapUp(queue=membership.queue, call_id=talk.call_id, since=at, until=until)

    def change(self, at: float, name: str | None, pool: Collection[str]) -> None:
        """Find out the state, which may have become another just ``at``.

        Args:
            at: Seconds since the epoch.
            name: Who sits there, where it is known.
            pool: The agents of the pool that are logged in.
        """
        presence = self._strongest()
        at = max(at, self.changed_at)
        if presence is not None and presence.doing is Doing.LINGERING:
            if self.lingers_since is None:
                self.lingers_since = at
            if not self.lingers_on and presence.call_id == self.now.call_id:
                return
            presence = msgspec.structs.replace(presence, since=self.lingers_since)
        left_at = self.lingers_since if presence is None else None
        if presence is None or presence.doing is not Doing.LINGERING:
            self.lingers_since, self.lingers_on = None, False
        state, reason, call_id, queue = self._state(presence, pool)
        same = self._is(state, reason, call_id)
        since = self.now.since
        if not same:
            told = left_at if presence is None else presence.since
            # A call may have begun long before it became what the agent does.
            limit = max(self.changed_at, at - _LINGERS_S)
            begun = told if told is not None and (told > limit or told in (since, self.lingers_since)) else at
            since = begun if since is None else max(begun, since)
            self.changed_at = at
        self._become(state, reason, call_id, queue, since, name)

    def discover(self, at: float, name: str | None, pool: Collection[str]) -> None:
        """Find out the state after a time in which nobody heard the PBX: since when it is so is only told where it is proved."""
        self._find_wrap_up(max(at, self.changed_at))
        presence = self._strongest()
        self.given = None
        if presence is not None and presence.doing is Doing.IN_CALL:
            queues = [membership.queue for membership in self.memberships.values() if membership.in_call]
            self.given = (presence.call_id, min(queues)) if queues else None
        state, reason, call_id, queue = self._state(presence, pool)
        same = self._is(state, reason, call_id)
        since = self._proved_since(state, presence, same)
        if not same:
            self.changed_at = max(at, self.changed_at)
        self.unsure = False
        self._become(state, reason, call_id, queue, since, name)

    def _is(self, state: AgentState, reason: str | None, call_id: CallId | None) -> bool:
        now = self.now
        return (now.state, now.reason, now.call_id) == (state, reason, call_id)

    def _become(
        self,
        state: AgentState,
        reason: str | None,
        call_id: CallId | None,
        queue: QueueName | None,
        since: float | None,
        name: str | None,
    ) -> None:
        before = self.now
        memberships = self.memberships
        self.now = Agent(
            extension=before.extension,
            agent=_agent_of(memberships.values()) if memberships else before.agent,
            name=name or _name_of(memberships.values()) or before.name,
            state=state,
            reason=reason,
            since=since,
            call_id=call_id,
            queue=queue,
            queues=tuple(memberships[each] for each in sorted(memberships)),
            wrap_up=self.wrap_up,
        )

    def _strongest(self) -> Presence | None:
        found: Presence | None = None
        for presence in self.present.values():
            if presence.waits_in_pool and any(membership.pool_agent is not None for membership in self.memberships.values()):
                continue
            if found is None or presence.doing > found.doing:
                found = presence
        return found

    def _state(
        self, presence: Presence | None, pool: Collection[str]
    ) -> tuple[AgentState, str | None, CallId | None, QueueName | None]:
        if presence is not None:
            if presence.doing is Doing.IN_CALL and self.given is not None and self.given[0] == presence.call_id:
                return AgentState.TALKING, None, *self.given
            state, reason = _BY_DOING[presence.doing]
            return state, reason, presence.call_id, presence.queue
        memberships = [membership for membership in self.memberships.values() if is_served(membership, pool)]
        if not memberships:
            return AgentState.LOGGED_OUT, None, None, None
        if all(membership.paused for membership in memberships):
            reasons = [membership.reason for membership in memberships if membership.reason]
            if reasons and all(reason == WRAP_UP for reason in reasons):
                return AgentState.AFTER_CALL_WORK, None, *self.last_talk
            return AgentState.NOT_READY, reasons[0] if reasons else None, None, None
        if is_away(self.devices, memberships):
            return AgentState.OFFLINE, None, None, None
        if self.wrap_up is not None:
            return AgentState.AFTER_CALL_WORK, None, self.wrap_up.call_id, self.wrap_up.queue
        return AgentState.READY, None, None, None

    def _wrap_up_s(self, membership: Membership) -> float:
        return membership.wrap_up_s or self._rules.of(membership.queue).wrap_up_s

    def _find_wrap_up(self, at: float) -> None:
        """See by the members' last calls whether a conversation that nobody heard has just ended."""
        ends = Counter(membership.last_call for membership in self.memberships.values())
        for membership in self.memberships.values():
            last, known = membership.last_call, self.wrap_up
            if last is None or (known is not None and last <= known.since + _A_SECOND):
                continue
            until = last + self._wrap_up_s(membership)
            if until > at and (known is None or until > known.until):
                # Where a PBX dates his last call, whichever queue gave it, all his queues have the same.
                queue = membership.queue if ends[last] == 1 else None
                self.wrap_up = WrapUp(queue=queue, call_id=None, since=last, until=until)

    def _proved_since(self, state: AgentState, presence: Presence | None, same: bool) -> float | None:
        before = self.now.since
        match state:
            case AgentState.TALKING:
                # A conversation first heard of now began at some time before.
                return before if same else None
            case AgentState.BUSY | AgentState.RESERVED:
                return before if same or presence is None else presence.since
            case AgentState.AFTER_CALL_WORK:
                if self.wrap_up is None:
                    return self._paused_since(before if same else None)
                return self.wrap_up.since
            case AgentState.NOT_READY:
                return self._paused_since(before if same else None)
            case AgentState.READY | AgentState.OFFLINE | AgentState.LOGGED_OUT:
                # Something else may have come and gone unheard.
                return None

    def _paused_since(self, before: float | None) -> float | None:
        pauses = [membership.last_pause for membership in self.memberships.values()]
        known = [pause for pause in pauses if pause is not None]
        if len(known) < len(pauses):
            return None
        last = max(known)
        return before if before is not None and last <= before + _A_SECOND else last


def _agent_of(memberships: Iterable[Membership]) -> str | None:
    """Return who is logged in: an agent of a pool, else the last who did, by name where several did at once."""
    ordered = sorted(
        memberships, key=lambda each: (each.pool_agent is None, -(each.logged_in_at or 0.0), not each.dynamic, each.member)
    )
    return (ordered[0].member or None) if ordered else None


def _name_of(memberships: Iterable[Membership]) -> str | None:
    """Return the members' name; one without a name is shown under his interface, address or UUID, which is none."""
    return min((each.member for each in memberships if each.member and _NO_NAME.search(each.member) is None), default=None)
