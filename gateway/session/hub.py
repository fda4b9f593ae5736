"""Hands every event to whoever listens, in one order, and lets those who were away catch up.

A ring of the last events in memory, each encoded once, and the store's log behind it. A listener is a cursor on their order, so
a slow one costs nobody anything: who comes back reads from the log until he has reached the ring; who falls out of the ring
while he listens is told so, and may come back.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final

from gateway.model.errors import TielineError
from gateway.ports.store import EventLog, Told

MAX_BATCH_EVENTS: Final = 256
"""Events given to a listener at once, so that one who catches up leaves room for the others."""
EVERYTHING: Final = "*"


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

    def publish(self, events: Sequence[Told]) -> None:
        """Hand these events, which follow the last one, to all listeners; nobody is waited for."""
        if not events:
            return
        for told in events:
            self._ring[told.position % len(self._ring)] = told
        self._next = events[-1].position + 1
        self._oldest = max(self._oldest, self._next - len(self._ring))
        for listener in self._listeners:
            listener.wake()

    def listen(self, topics: Iterable[str], *, after: int | None = None, pbxs: Iterable[str] | None = None) -> "Listener":
        """Begin to listen; close the listener when done.

        Args:
            topics: Types, or what they begin with up to a dot (``call`` means all of ``call.…``), or ``*``.
            after: The last position that the listener has; None begins with what comes next.
            pbxs: Only these, and what is about no PBX; None means all.

        Raises:
            PositionLostError: Events after ``after`` are no longer held, or ``after`` is none of ours.
        """
        if after is not None and not min(self._oldest, self._log.kept_from) - 1 <= after <= self.position:
            raise PositionLostError(
                f"events after {after} are not held: load the calls anew and listen after the position given with them"
            )
        listener = Listener(self, topics, self.position if after is None else after, pbxs)
        self._listeners.add(listener)
        return listener

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
        """Return the next events after this position, a batch at most.

        Raises:
            TooSlowError: The ring no longer has them.
        """
        if not self.holds(position):
            self.lost_listeners += 1
            behind = self.position - position
            raise TooSlowError(f"{behind} events behind, of which {len(self._ring)} are held: come back after {position}")
        until = min(self._next, position + 1 + MAX_BATCH_EVENTS)
        batch = (self._ring[each % len(self._ring)] for each in range(position + 1, until))
        return [told for told in batch if told is not None]


class Listener:
    """A cursor on the hub's order."""

    def __init__(self, hub: Hub, topics: Iterable[str], position: int, pbxs: Iterable[str] | None) -> None:
        self._hub = hub
        chosen = frozenset(topics)
        self._everything = EVERYTHING in chosen
        self._topics = chosen
        self._prefixes = tuple(f"{topic}." for topic in chosen)
        self._pbxs = None if pbxs is None else frozenset(pbxs)
        self._news = asyncio.Event()
        self._catching_up = not hub.holds(position)
        self.position = position
        """The last position that was handed out or passed over."""
        self._news.set()

    def wake(self) -> None:
        """There is something new."""
        self._news.set()

    def close(self) -> None:
        """Listen no more."""
        self._hub.forget(self)

    async def next_batch(self) -> list[Told]:
        """Wait for events on the listener's topics and return them in order. Cancelling is safe: none is lost.

        Raises:
            TooSlowError: The listener is too far behind.
            PositionLostError: What it catches up on was deleted meanwhile.
            StoreUnavailableError: What it catches up on cannot be read now.
        """
        while True:
            await self._news.wait()
            self._catching_up = self._catching_up and not self._hub.holds(self.position)
            passed = await self._hub.logged_after(self.position) if self._catching_up else self._hub.told_after(self.position)
            if not passed:
                self._news.clear()
                continue
            self.position = passed[-1].position
            wanted = [told for told in passed if self._wants(told)]
            if wanted:
                return wanted

    def _wants(self, told: Told) -> bool:
        if self._pbxs is not None and told.pbx is not None and told.pbx not in self._pbxs:
            return False
        return self._everything or told.type in self._topics or told.type.startswith(self._prefixes)
