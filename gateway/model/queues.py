"""The queues of one PBX: who waits in them and who could answer. Pure; read from events and from the live calls."""

from collections.abc import Iterable, Mapping

import msgspec

from gateway.model.calls import Call
from gateway.model.events import ConnectionMade, PbxEvent
from gateway.model.ids import CallId, PbxName, QueueName
from gateway.model.reports import MemberChanged, QueueSeen, QueuesListed


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be given callers of a queue."""

    member: str
    interface: str
    device_state: int
    """Asterisk's device state number, 0 unknown .. 8 on hold."""
    paused: bool
    reason: str
    penalty: int


class WaitingCaller(msgspec.Struct, frozen=True, kw_only=True):
    call_id: CallId
    caller: str | None
    joined_at: float | None
    """Seconds since the epoch; None when he was there before we were."""


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    pbx: PbxName
    queue: QueueName
    strategy: str | None
    waiting: tuple[WaitingCaller, ...]
    """Who came first stands first."""
    members: tuple[Member, ...]


class QueueBook:
    """What the PBX said of its queues and their members."""

    def __init__(self, pbx: PbxName) -> None:
        self._pbx = pbx
        self._strategies: dict[QueueName, str] = {}
        self._members: dict[QueueName, dict[str, Member]] = {}
        self._unconfirmed: set[tuple[QueueName, str]] = set()

    def apply(self, event: PbxEvent) -> None:
        """Take note of what an event says of queues; other events change nothing."""
        match event:
            case QueueSeen():
                self._strategies[event.queue] = event.strategy
            case MemberChanged():
                self._change(event)
            case ConnectionMade():
                self._unconfirmed = {(queue, member) for queue, members in self._members.items() for member in members}
            case QueuesListed():
                for queue, interface in self._unconfirmed:
                    self._members[queue].pop(interface, None)
                self._unconfirmed = set()
            case _:
                pass

    def queues(self, calls: Mapping[CallId, Call]) -> tuple[Queue, ...]:
        """Return all queues by name; ``calls`` are the live ones, who tell the waiting."""
        waiting = _waiting(calls.values())
        names = sorted({*self._strategies, *self._members, *waiting})
        return tuple(
            Queue(
                pbx=self._pbx,
                queue=name,
                strategy=self._strategies.get(name),
                waiting=tuple(sorted(waiting.get(name, ()), key=lambda each: each.joined_at or 0.0)),
                members=tuple(sorted(self._members.get(name, {}).values(), key=lambda each: (each.penalty, each.member))),
            )
            for name in names
        )

    def _change(self, event: MemberChanged) -> None:
        members = self._members.setdefault(event.queue, {})
        self._unconfirmed.discard((event.queue, event.interface))
        if event.removed:
            members.pop(event.interface, None)
            return
        members[event.interface] = Member(
            member=event.member,
            interface=event.interface,
            device_state=event.device_state,
            paused=event.paused,
            reason=event.reason,
            penalty=event.penalty,
        )


def _waiting(calls: Iterable[Call]) -> dict[QueueName, list[WaitingCaller]]:
    found: dict[QueueName, list[WaitingCaller]] = {}
    for call in calls:
        if call.queues and call.queues[-1].left_at is None:
            stay = call.queues[-1]
            caller = call.caller
            one = WaitingCaller(call_id=call.call_id, caller=None if caller is None else caller.party, joined_at=stay.joined_at)
            found.setdefault(stay.queue, []).append(one)
    return found
