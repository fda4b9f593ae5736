"""Hands every event to whoever listens, in one order, and lets those who were away catch up.

A ring of the last events in memory, each encoded once, and the store's log behind it. Who has heard all so far is found by the
topics of each event and given it into a short buffer of his own, so that an event costs only those whom it concerns. Who falls
behind has no buffer: he is a cursor that reads the log and the ring until he has caught up; who falls out of the ring while he
listens is told so, and may come back. So a slow listener costs nobody anything.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from gateway.model.errors import TielineError
from gateway.model.ids import DEFAULT_TENANT, Tenant
from gateway.model.topics import topics_of_type
from gateway.ports.store import EventLog, Told

MAX_BATCH_EVENTS: Final = 256
"""Events given to a listener at once, so that one who catches up leaves room for the others."""
MAX_WAITING_EVENTS: Final = 1_000
"""Events in the buffer of a listener; beyond it he reads the ring."""


class ListenerError(TielineError):
    """A listener cannot be served on; its program must act: load what is now, then listen from there."""

    retryable = True


class PositionLostError(ListenerError):
    """What the listener asks for is kept no longer, or is not there yet."""


class TooSlowError(ListenerError):
    """The listener takes events more slowly than they come."""


class Hub:
    """The one order of all events.

    Args:
        kept: Events that the ring holds for those who come back.
        log: Where the events of before are.
        position: Of the last event of before; what is published follows it.
    """

    def __init__(self, *, kept: int, log: EventLog, position: int = 0) -> None:
        self._ring: list[Told | None] = [None] * kept
        self._log = log
        self._oldest = self._next = position + 1
        self._listeners: set[Listener] = set()
        self._by_topic: dict[str, set[Listener]] = {}
        """Those who have heard all so far."""
        self.most_waiting = min(MAX_WAITING_EVENTS, kept)
        self.lost_listeners = 0
        """Listeners told that they were too slow."""

    def go_on_after(self, position: int) -> None:
        """Begin after this position; before anything is published."""
        self._oldest = self._next = position + 1

    @property
    def position(self) -> int:
        """The position of the last event; one less than the first when there was none."""
        return self._next - 1

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    @property
    def kept_from(self) -> int:
        """The position of the oldest event that can be heard; the next one's when there is none."""
        return min(self._oldest, self._log.kept_from)

    @property
    def kept(self) -> int:
        """How many events the ring holds."""
        return len(self._ring)

    def publish(self, events: Sequence[Told]) -> None:
        """Hand these events, which follow the last one, to all whom they concern; nobody is waited for."""
        if not events:
            return
        for told in events:
            self._ring[told.position % len(self._ring)] = told
        self._next = events[-1].position + 1
        self._oldest = max(self._oldest, self._next - len(self._ring))
        for told in events:
            for topic in (*topics_of_type(told.type), *told.subjects):
                for listener in self._by_topic.get(topic, ()):
                    listener.offer(told)

    def listen(
        self,
        topics: Iterable[str],
        *,
        after: int | None = None,
        pbxs: Iterable[str] | None = None,
        audible: frozenset[str] | None = None,
        hears: Callable[[Told], bool] | None = None,
        tenant: Tenant = DEFAULT_TENANT,
    ) -> "Listener":
        """Begin to listen; close the listener when done.

        Args:
            topics: See :mod:`gateway.model.topics`; an event of any of them is heard, once.
            after: The last position that the listener has; None begins with what comes next.
            pbxs: Only these, and what is about no PBX; None means all.
            audible: First words of the types that may be heard at all; None means all.
            hears: Tells of each event on these topics whether it may be heard; None means all.
            tenant: Whose events.

        Raises:
            PositionLostError: Events after ``after`` are no longer held, or ``after`` is none of ours.
        """
        if after is not None and not self.kept_from - 1 <= after <= self.position:
            raise PositionLostError(
                f"events after {after} are not held: load the calls anew and listen after the position given with them"
            )
        listener = Listener(self, topics, self.position if after is None else after, pbxs, audible, hears, tenant)
        self._listeners.add(listener)
        return listener

    def index(self, listener: "Listener", topics: Iterable[str]) -> None:
        """Hand the listener every event of these topics from now on."""
        for topic in topics:
            self._by_topic.setdefault(topic, set()).add(listener)

    def leave_out(self, listener: "Listener", topics: Iterable[str]) -> None:
        """Hand the listener nothing more by itself."""
        for topic in topics:
            others = self._by_topic.get(topic)
            if others is not None:
                others.discard(listener)
                if not others:
                    del self._by_topic[topic]

    def forget(self, listener: "Listener") -> None:
        """Take a listener out."""
        self._listeners.discard(listener)

    def holds(self, position: int) -> bool:
        """Tell whether the ring has all events after this position."""
        return position + 1 >= self._oldest

    async def logged_after(self, position: int) -> list[Told]:
        """Return the next events after this position from the log, a batch at most.

        Raises:
            PositionLostError: They were deleted meanwhile.
            StoreUnavailableError: The log does not answer.
        """
        batch = await self._log.told_after(position, MAX_BATCH_EVENTS)
        if not batch or batch[0].position != position + 1:
            raise PositionLostError(f"events after {position} are no longer kept: load the calls anew")
        return batch

    def told_after(self, position: int) -> list[Told]:
        """Return the next events after this position, which the ring holds; a batch at most."""
        until = min(self._next, position + 1 + MAX_BATCH_EVENTS)
        batch = (self._ring[each % len(self._ring)] for each in range(position + 1, until))
        return [told for told in batch if told is not None]


class Listener:
    """Somebody who listens: see :meth:`Hub.listen`."""

    def __init__(
        self,
        hub: Hub,
        topics: Iterable[str],
        after: int,
        pbxs: Iterable[str] | None,
        audible: frozenset[str] | None,
        hears: Callable[[Told], bool] | None,
        tenant: Tenant,
    ) -> None:
        self._hub = hub
        self._topics = frozenset(topics)
        self._pbxs = None if pbxs is None else frozenset(pbxs)
        self._audible = audible
        self._hears = hears
        self._tenant = tenant
        self._news = asyncio.Event()
        self._waiting: deque[Told] = deque()
        self._cursor = after
        """The last position that was handed out or passed over."""
        self._in_hand: int | None = None
        """The position before what was handed out last, which may not have reached its program yet."""
        self._behind = True
        self._in_ring = False
        """What follows the cursor was in the ring once: if it is no longer, the listener is slow."""
        if after == hub.position:
            self._go_on_with_news()

    @property
    def position(self) -> int:
        """Everything up to it was heard or concerned others: who comes back after it misses nothing, and may hear some again."""
        if self._in_hand is not None:
            return self._in_hand
        if self._behind:
            return self._cursor
        return self._waiting[0].position - 1 if self._waiting else self._hub.position

    def offer(self, told: Told) -> None:
        """Take an event on one of the topics; the same one again where it is on several."""
        # In the order of positions: what is not after the last one was taken by another topic.
        if self._behind or (self._waiting and told.position <= self._waiting[-1].position) or not self._may_hear(told):
            return
        if len(self._waiting) == self._hub.most_waiting:
            self._behind, self._in_ring = True, True
            self._waiting.clear()
        else:
            self._waiting.append(told)
        self._news.set()

    def close(self) -> None:
        """Listen no more."""
        self._hub.leave_out(self, self._topics)
        self._hub.forget(self)

    async def next_batch(self) -> list[Told]:
        """Wait for events on the listener's topics and return them in order. Cancelling is safe: none is lost.

        Raises:
            TooSlowError: The listener is too far behind.
            PositionLostError: What it catches up on was deleted meanwhile.
            StoreUnavailableError: What it catches up on cannot be read now.
        """
        self._in_hand = None
        while True:
            if self._behind:
                batch = await self._catch_up()
            else:
                self._news.clear()
                batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH_EVENTS))]
                if not batch:
                    await self._news.wait()
            if batch:
                self._in_hand = batch[0].position - 1
                self._cursor = max(self._cursor, batch[-1].position)
                return batch

    async def _catch_up(self) -> list[Told]:
        """Return the wanted ones of the next events; when there are no more go on with what comes."""
        hub = self._hub
        if hub.holds(self._cursor):
            self._in_ring = True
            passed = hub.told_after(self._cursor)
            # Nothing here waits for anybody: others have their turn.
            await asyncio.sleep(0)
        elif self._in_ring:
            hub.lost_listeners += 1
            behind = hub.position - self._cursor
            raise TooSlowError(f"{behind} events behind, of which {hub.kept} are held")
        else:
            passed = await hub.logged_after(self._cursor)
        if passed:
            self._cursor = passed[-1].position
        elif self._cursor == hub.position:
            self._go_on_with_news()
        return [told for told in passed if self._wants(told)]

    def _go_on_with_news(self) -> None:
        self._behind = self._in_ring = False
        self._hub.index(self, self._topics)

    def _wants(self, told: Told) -> bool:
        on_topic = not self._topics.isdisjoint(topics_of_type(told.type)) or not self._topics.isdisjoint(told.subjects)
        return on_topic and self._may_hear(told)

    def _may_hear(self, told: Told) -> bool:
        if self._pbxs is not None and told.pbx is not None and told.pbx not in self._pbxs:
            return False
        if self._audible is not None and told.type.partition(".")[0] not in self._audible:
            return False
        return told.tenant == self._tenant and (self._hears is None or self._hears(told))
