"""What somebody sees who sees only his own: the calls of his telephone, and who waits now in the queues that it serves. Pure."""

from collections.abc import Iterable
from typing import Final

import msgspec

from gateway.model.calls import Call
from gateway.model.ids import PbxName, QueueName
from gateway.model.legs import PartyKind

SEEN_BY_ALL: Final = frozenset({"agent", "customer"})
"""First words of the types of events that everybody hears who may hear them at all: colleagues' states, customers."""
GATEWAY: Final = "gateway"
CONVERSATION: Final = "conversation"


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """Where somebody sits, and what he serves there at this moment."""

    pbx: PbxName | None
    extension: str | None
    """None has no calls of his own."""
    queues: frozenset[QueueName] = frozenset()

    def sees_queue(self, pbx: PbxName, queue: QueueName) -> bool:
        """Tell whether this queue is one of his."""
        return pbx == self.pbx and queue in self.queues

    def sees_call(self, call: Call) -> bool:
        """Tell whether his telephone has or had a leg in the call, or its caller waits in one of his queues."""
        if call.pbx != self.pbx:
            return False
        waits_in = queue_now(call)
        return has_leg(call, self.extension) or (waits_in is not None and waits_in in self.queues)

    def sees(self, calls: Iterable[Call]) -> list[Call]:
        """Return those of the calls that he sees."""
        return [call for call in calls if self.sees_call(call)]


def has_leg(call: Call, extension: str | None) -> bool:
    """Tell whether this telephone has or had a leg in the call."""
    return extension is not None and any(leg.party == extension and leg.kind is PartyKind.EXTENSION for leg in call.legs.values())


def queue_now(call: Call) -> QueueName | None:
    """Return the queue in which the caller waits at this moment."""
    if call.ended or not call.queues or call.queues[-1].left_at is not None:
        return None
    return call.queues[-1].queue
