"""What an agent may see at this moment: by where he sits, and by the queues that the PBX says he serves."""

from collections.abc import Callable

import msgspec

from gateway.model.calls import Call
from gateway.model.ids import QueueName
from gateway.model.principals import Principal, Scope
from gateway.model.sight import CONVERSATION, GATEWAY, SEEN_BY_ALL, Sight, queue_now
from gateway.model.topics import ABOUT_CUSTOMERS
from gateway.ports.store import Told
from gateway.session.conversations_shown import ANYBODY
from gateway.session.engine import Engine


class _Data(msgspec.Struct, frozen=True):
    queue: str | None = None


class _Envelope(msgspec.Struct, frozen=True):
    data: _Data


_envelope = msgspec.json.Decoder(_Envelope)


class Sights:
    """Looks up what somebody's extension is part of."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._last: tuple[int, QueueName | None] = (-1, None)
        """The queue of the event that was looked at last, by its position: all who listen ask for the same one."""

    def of(self, principal: Principal) -> Sight | None:
        """Return what the principal sees; None where he sees everything."""
        if not principal.sees_own_only:
            return None
        return Sight(
            pbx=principal.pbx, extension=principal.extension, queues=frozenset(map(QueueName, self.queues_of(principal)))
        )

    def sees_call(self, principal: Principal, call: Call) -> bool:
        """Tell whether the principal sees this call."""
        sight = self.of(principal)
        return sight is None or sight.sees_call(call)

    def queues_of(self, principal: Principal) -> list[str]:
        """Return the queues that the principal's extension serves now, by name."""
        state = None if principal.pbx is None else self._engine.pbxs.get(principal.pbx)
        if state is None or principal.extension is None:
            return []
        agent = state.agents.find(principal.extension)
        return [] if agent is None else sorted(served.queue for served in agent.queues)

    def hearing(self, principal: Principal) -> Callable[[Told], bool] | None:
        """Return what tells whether the principal may hear an event, by what he serves then; None where he hears all."""
        own = self._own(principal)
        if principal.may(Scope.CUSTOMERS_READ):
            return own
        return lambda told: told.type not in ABOUT_CUSTOMERS and (own is None or own(told))

    def _own(self, principal: Principal) -> Callable[[Told], bool] | None:
        if not principal.sees_own_only:
            return None
        pbx, extension = principal.pbx, principal.extension
        mine = None if extension is None else f"extension:{extension}"
        state = None if pbx is None else self._engine.pbxs.get(pbx)

        def hears(told: Told) -> bool:
            subject = told.type.partition(".")[0]
            if subject in SEEN_BY_ALL:
                return True
            if subject == CONVERSATION:
                return self._concerns(principal, told)
            if told.pbx != pbx or state is None or extension is None:
                return False
            if subject == GATEWAY or mine in told.subjects:
                return True
            queue = self._queue_of(told)
            if queue is None:
                return False
            agent = state.agents.find(extension)
            return agent is not None and any(served.queue == queue for served in agent.queues)

        return hears

    def _concerns(self, principal: Principal, told: Told) -> bool:
        """Tell whether a conversation is or was his, or he may take it or might have."""
        mine = {ANYBODY, f"principal:{principal.id}", *(f"extension:{each}" for each in principal.addresses)}
        return not mine.isdisjoint(told.subjects) or any(f"queue:{name}" in told.subjects for name in self.queues_of(principal))

    def _queue_of(self, told: Told) -> QueueName | None:
        """Return the queue that an event is about, or in which the caller of its call waits now."""
        if self._last[0] != told.position:
            self._last = (told.position, self._look_up(told))
        return self._last[1]

    def _look_up(self, told: Told) -> QueueName | None:
        if told.type.startswith(("queue.", "callback.")):
            queue = _envelope.decode(told.json).data.queue
            return None if queue is None else QueueName(queue)
        state = None if told.pbx is None else self._engine.pbxs.get(told.pbx)
        if state is None or told.call_id is None:
            return None
        return next(map(queue_now, state.find([told.call_id])), None)
