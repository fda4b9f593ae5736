"""Hands every event to whoever listens, in one order, and lets those who were away catch up.

In memory: a ring of the last events, each encoded once. A listener is a cursor on the ring, so a slow one costs nobody anything:
when it falls so far behind, or asks for what is so old, that the ring no longer holds it, it is told so and must begin anew.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from gateway.model.errors import TielineError
from gateway.model.ids import CallId, PbxName, Tenant
from gateway.model.times import rfc3339

MAX_BATCH_EVENTS: Final = 256
"""Events given to a listener at once, so that one who catches up leaves room for the others."""
EVERYTHING: Final = "*"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to tell, before it has its place in the order."""

    id: str
    type: str
    """Dotted, past tense: ``call.answered``."""
    at: float
    """Seconds since the epoch."""
    tenant: Tenant
    pbx: PbxName
    call_id: CallId | None
    data: dict[str, Any]


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    id: str
    type: str
    time: str
    tenant: str
    pbx: str
    call_id: str | None = None
    position: int
    data: dict[str, Any]


class Told(msgspec.Struct, frozen=True):
    """One event in its place in the order."""

    position: int
    type: str
    pbx: PbxName
    json: bytes
    """The envelope, encoded."""


class ListenerError(TielineError):
    """A listener cannot be served on; its program must act: load what is now, then listen from there."""

    retryable = True


class PositionLostError(ListenerError):
    """What the listener asks for is no longer, or not yet, in the ring."""


class TooSlowError(ListenerError):
    """The listener takes events more slowly than they come."""


class Hub:
    """The one order of all events.

    Args:
        kept: Events that the ring holds for those who come back.
        first_position: Of the first event; larger than any that an earlier run gave out, so that a position from then is
            known to be lost and is not taken for one of now.
    """

    def __init__(self, *, kept: int, first_position: int) -> None:
        self._ring: list[Told | None] = [None] * kept
        self._oldest = first_position
        self._next = first_position
        self._encoder = msgspec.json.Encoder()
        self._listeners: set[Listener] = set()
        self.lost_listeners = 0
        """Listeners told that they were too slow."""

    @property
    def position(self) -> int:
        """The position of the last event; one less than the first when there was none."""
        return self._next - 1

    @property
    def listeners(self) -> int:
        """How many listen now."""
        return len(self._listeners)

    def publish(self, messages: Iterable[Message]) -> None:
        """Give each message its position and hand them to all listeners; nobody is waited for."""
        before = self._next
        for message in messages:
            position = self._next
            envelope = _Envelope(
                id=message.id,
                type=message.type,
                time=rfc3339(message.at),
                tenant=message.tenant,
                pbx=message.pbx,
                call_id=message.call_id,
                position=position,
                data=message.data,
            )
            told = Told(position, message.type, message.pbx, self._encoder.encode(envelope))
            self._ring[position % len(self._ring)] = told
            self._next = position + 1
        if self._next != before:
            self._oldest = max(self._oldest, self._next - len(self._ring))
            for listener in self._listeners:
                listener.wake()

    def listen(self, topics: Iterable[str], *, after: int | None = None, pbxs: Iterable[str] | None = None) -> "Listener":
        """Begin to listen; close the listener when done.

        Args:
            topics: Types, or what they begin with up to a dot (``call`` means all of ``call.…``), or ``*``.
            after: The last position that the listener has; None begins with what comes next.
            pbxs: Only these; None means all.

        Raises:
            PositionLostError: Events after ``after`` are no longer held, or ``after`` is none of ours.
        """
        if after is not None and not self._oldest - 1 <= after <= self.position:
            raise PositionLostError(
                f"events after {after} are not held: load the calls anew and listen after the position given with them"
            )
        listener = Listener(self, topics, self.position if after is None else after, pbxs)
        self._listeners.add(listener)
        return listener

    def forget(self, listener: "Listener") -> None:
        """Take a listener out."""
        self._listeners.discard(listener)

    def told_after(self, position: int) -> list[Told]:
        """Return the next events after this position, a batch at most.

        Raises:
            TooSlowError: The ring no longer has them.
        """
        if position + 1 < self._oldest:
            self.lost_listeners += 1
            behind = self.position - position
            raise TooSlowError(f"{behind} events behind, of which {len(self._ring)} are held: load the calls anew")
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
        """
        while True:
            await self._news.wait()
            passed = self._hub.told_after(self.position)
            if not passed:
                self._news.clear()
                continue
            self.position = passed[-1].position
            wanted = [told for told in passed if self._wants(told)]
            if wanted:
                return wanted

    def _wants(self, told: Told) -> bool:
        if self._pbxs is not None and told.pbx not in self._pbxs:
            return False
        return self._everything or told.type in self._topics or told.type.startswith(self._prefixes)
