"""The agents of one PBX: who sits where, in which state, and since when. Pure; read from the PBX's events and from its calls.

An agent is known by the extension of his desk. Who is logged in there, at a shared desk perhaps another one each day, is told by
the names of its queue members. Time comes with the events, so that a replay tells the same; a state that ends by itself ends at
its own time, whichever event comes next.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeGuard

import msgspec

from gateway.model.agent_desk import Desk
from gateway.model.agent_interfaces import desk_of, membership_of, number_of
from gateway.model.agent_presence import Doing, Presence, presences_of
from gateway.model.agent_states import Agent
from gateway.model.calls import Call
from gateway.model.events import ConnectionLost, ConnectionMade, PbxEvent, SnapshotDone
from gateway.model.ids import CallId, QueueName
from gateway.model.reports import AgentLoggedIn, AgentLoggedOut, DeviceChanged, MemberChanged, QueuesListed
from gateway.model.site import Site

LISTING_S: Final = 30.0
"""Seconds after a connection is made in which the PBX lists its members; then what is known has to do."""
MAX_DESKS: Final = 20_000
"""Of one PBX; further ones are passed over."""
_NEVER: Final = float("inf")
_NOT_IN_USE: Final = 1
_UNAVAILABLE: Final = 5
"""Asterisk's device states."""
_JUST_NOW_S: Final = 3.0
"""Seconds by which the PBX's word that somebody logged in, dated in whole seconds, may come later."""


class AgentChanged(msgspec.Struct, frozen=True, kw_only=True):
    """An agent is in another state, or serves other queues."""

    at: float
    """Seconds since the epoch."""
    agent: Agent


class AgentBook:
    """All agents of one PBX."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._desks: dict[str, Desk] = {}
        self._names: dict[str, str] = {}
        self._present: dict[CallId, dict[str, Presence]] = {}
        self._busy: dict[str, dict[CallId, Presence]] = {}
        """The same by telephone."""
        self._devices: dict[str, dict[str, str]] = {}
        self._pool: dict[str, str] = {}
        self._unconfirmed: set[tuple[str, QueueName]] = set()
        self._touched: dict[str, None] = {}
        self._relisted: dict[str, None] = {}
        self._listing_until = 0.0
        self._due = _NEVER
        self._changes: list[AgentChanged] = []
        self._unkept: dict[str, None] = {}

    @property
    def agents(self) -> list[Agent]:
        """All that are known, by extension."""
        return [self._desks[extension].now for extension in sorted(self._desks)]

    def find(self, extension: str) -> Agent | None:
        """Return who sits at this extension."""
        desk = self._desks.get(extension)
        return None if desk is None else desk.now

    def members(self, queue: QueueName) -> list[Agent]:
        """Return the agents of a queue, by extension."""
        found = (desk.now for desk in self._desks.values() if queue in desk.memberships)
        return sorted(found, key=lambda agent: agent.extension)

    def take_changes(self) -> list[AgentChanged]:
        """Return what has changed since the last time, in order."""
        taken, self._changes = self._changes, []
        return taken

    def take_unkept(self) -> list[Agent]:
        """Return those who have changed since the last time, for the next process."""
        taken, self._unkept = self._unkept, {}
        return [self._desks[extension].now for extension in taken]

    def keep_again(self, agents: Iterable[Agent]) -> None:
        """Take back what could not be kept."""
        self._unkept |= {agent.extension: None for agent in agents}

    def know(self, names: Iterable[tuple[str, str | None]]) -> None:
        """Take over extensions and the names of those who sit there, where they are known; others stay as they are."""
        for extension, name in names:
            if name:
                self._names[extension] = name
            else:
                self._names.pop(extension, None)
            desk = self._desk(extension)
            if desk is not None:
                desk.rename(name)

    def restore(self, agents: Iterable[Agent], calls: Iterable[Call]) -> None:
        """Take over what an earlier process knew, before any event; a ``ConnectionMade`` must follow.

        Args:
            agents: As they were kept last.
            calls: The live ones, as they were before the sight of them was lost.
        """
        for call in calls:
            self._place(call)
        for agent in agents:
            desk = self._desk(agent.extension)
            if desk is not None:
                desk.now = agent
                desk.changed_at = agent.since or 0.0
                desk.wrap_up = agent.wrap_up
                desk.memberships = {served.queue: served for served in agent.queues}
        self._touched.clear()
        self._lose_sight()
        self._look_for_due()

    def tick(self, at: float) -> None:
        """End what ends by itself until ``at``."""
        if self._due <= at:
            for extension, desk in self._desks.items():
                while desk.due_at <= at:
                    self._look_at(extension, desk.end_what_is_due())
            self._look_for_due()
        if self._listing_until and self._listing_until <= at:
            self._settle(at)

    def apply(self, event: PbxEvent, calls: Iterable[Call]) -> None:
        """Take note of an event, and of the calls that it changed."""
        at, kind = event.at, type(event)
        if self._due <= at or (self._listing_until and self._listing_until <= at):
            self.tick(at)
        if kind is ConnectionLost:
            self._lose_sight()
            return
        for call in calls:
            at = max(at, call.changed_at)
            self._place(call)
        handler = _HANDLERS.get(kind)
        if handler is not None:
            handler(self, event)
        if self._touched:
            touched, self._touched = self._touched, {}
            for extension in touched:
                self._look_at(extension, at)

    # What the PBX says

    def _member_changed(self, event: MemberChanged) -> None:
        extension = desk_of(event.interface, event.state_interface, self._site, self._pool)
        desk = self._desk(extension)
        if desk is None:
            return
        self._unconfirmed.discard((extension, event.queue))
        known = desk.memberships.get(event.queue)
        just_now = event.logged_in_at is not None and event.at - event.logged_in_at < _JUST_NOW_S
        if event.removed:
            if known is not None and known.interface == event.interface:
                del desk.memberships[event.queue]
        else:
            desk.memberships[event.queue] = membership_of(event, known)
        if event.listed and (known is None or desk.unsure):
            self._relisted[extension] = None
        elif known is None and not event.removed and not just_now:
            # He has been a member for longer, and nobody listed him: what he does now he may have done before.
            self._look_at(extension, event.at, discovered=True)
        else:
            self._touched[extension] = None

    def _device_changed(self, event: DeviceChanged) -> None:
        technology, slash, name = event.device.partition("/")
        if not slash or technology == "Local":
            return
        extension = name.partition("@")[0]
        self._devices.setdefault(extension, {})[event.device] = event.state
        if extension in self._desks:
            self._touched[extension] = None

    def _agent_logged_in(self, event: AgentLoggedIn) -> None:
        self._move_pool_agent(event.agent, number_of(event.device))

    def _agent_logged_out(self, event: AgentLoggedOut) -> None:
        self._move_pool_agent(event.agent, event.agent)

    def _move_pool_agent(self, agent: str, extension: str) -> None:
        """An agent of the pool sits somewhere else now, or nowhere: then he is known by his own id."""
        before = self._pool.get(agent, agent)
        if extension == agent:
            self._pool.pop(agent, None)
        else:
            self._pool[agent] = extension
        old, new = self._desks.get(before), self._desk(extension)
        if old is None or new is None or old is new:
            return
        # The PBX tells his state as a member only afterwards.
        state = _UNAVAILABLE if extension == agent else _NOT_IN_USE
        for queue, membership in tuple(old.memberships.items()):
            if membership.pool_agent == agent:
                del old.memberships[queue]
                new.memberships[queue] = msgspec.structs.replace(membership, device_state=state)
        self._touched |= {before: None, extension: None}

    def _connection_made(self, event: ConnectionMade) -> None:
        self._unconfirmed = {(extension, queue) for extension, desk in self._desks.items() for queue in desk.memberships}
        if any(desk.unsure for desk in self._desks.values()):
            self._listing_until = event.at + LISTING_S

    def _queues_listed(self, event: QueuesListed) -> None:
        for extension, queue in sorted(self._unconfirmed):
            self._desks[extension].memberships.pop(queue, None)
            self._relisted[extension] = None
        self._unconfirmed = set()
        self._settle(event.at)

    def _snapshot_done(self, event: SnapshotDone) -> None:
        # The members are listed after the legs, where there are any.
        if not self._unconfirmed and not self._relisted:
            self._settle(event.at)

    def _lose_sight(self) -> None:
        for desk in self._desks.values():
            desk.unsure = True

    def _settle(self, at: float) -> None:
        """All was listed: what is known now counts, and of what nobody heard nothing is guessed."""
        self._listing_until = 0.0
        relisted, self._relisted = self._relisted, {}
        for extension, desk in self._desks.items():
            if desk.unsure or extension in relisted:
                self._look_at(extension, at, discovered=True)

    # What follows from it

    def _desk(self, extension: str) -> Desk | None:
        desk = self._desks.get(extension)
        if desk is None and len(self._desks) < MAX_DESKS:
            desk = self._desks[extension] = Desk(extension, self._site.queue_rules)
            desk.present = self._busy.setdefault(extension, {})
            desk.devices = self._devices.setdefault(extension, {})
        return desk

    def _place(self, call: Call) -> None:
        """Bring what this call does with telephones up to date."""
        before = self._present.get(call.call_id)
        now = presences_of(call)
        if not now and before is None:
            return
        before = before or {}
        if now == before:
            return
        for extension in {**before, **now}:
            old, new = before.get(extension), now.get(extension)
            if old == new:
                continue
            calls = self._busy.setdefault(extension, {})
            if new is None:
                calls.pop(call.call_id, None)
                if not calls and extension not in self._desks:
                    del self._busy[extension]
            else:
                calls[call.call_id] = new
            # Whoever a queue gave a caller is an agent, though no member is known: he picked it up, say.
            desk = self._desk(extension) if _is_talk(new) else self._desks.get(extension)
            if desk is not None:
                self._touched[extension] = None
                if _is_talk(old) and not _is_talk(new) and not desk.unsure:
                    desk.end_talk(old, call.changed_at)
        if now:
            self._present[call.call_id] = now
        else:
            del self._present[call.call_id]

    def _look_for_due(self) -> None:
        self._due = min((desk.due_at for desk in self._desks.values()), default=_NEVER)

    def _look_at(self, extension: str, at: float, *, discovered: bool = False) -> None:
        """Find out in which state the desk is now, and tell it where that is another.

        Args:
            extension: The desk's.
            at: When it came to be so.
            discovered: It was so already when we began to hear the PBX (again).
        """
        desk = self._desks[extension]
        if desk.unsure and not discovered:
            # What it does is not known until all is listed.
            return
        before = desk.now
        if discovered:
            desk.discover(at, self._names.get(extension), self._pool)
        else:
            desk.change(at, self._names.get(extension), self._pool)
        self._due = min(self._due, desk.due_at)
        if not before.says_as(desk.now):
            # What a PBX dates earlier than what was told already counts as then.
            desk.told_at = max(at, desk.told_at, desk.now.since or at)
            self._changes.append(AgentChanged(at=desk.told_at, agent=desk.now))
            self._unkept[extension] = None


def _is_talk(presence: Presence | None) -> TypeGuard[Presence]:
    return presence is not None and presence.doing is Doing.TALKING


_HANDLERS: Final[dict[type, Callable[[AgentBook, Any], None]]] = {
    MemberChanged: AgentBook._member_changed,
    DeviceChanged: AgentBook._device_changed,
    AgentLoggedIn: AgentBook._agent_logged_in,
    AgentLoggedOut: AgentBook._agent_logged_out,
    ConnectionMade: AgentBook._connection_made,
    QueuesListed: AgentBook._queues_listed,
    SnapshotDone: AgentBook._snapshot_done,
}
