"""One connection to one Asterisk, from its greeting to its end: what comes goes to a drain, what is asked has a deadline."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec

from connectors._kit.drain import Direction, Drain, Piece, SpoolError
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage, MessageKind, encode_action
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    PeerRefusedError,
    PeerUnavailableError,
    TielineError,
)

BOOTED: Final = "FullyBooted"
"""The event by which the PBX says that it is ready."""
READ_BYTES: Final = 64 * 1024
_NO_GREETING: Final = " before it said a word: does it want TLS, a certificate of ours, or nobody from this host?"
MAX_LIST_ITEMS: Final = 100_000
"""Items of one list that we keep for whoever asked; the mapping sees all."""


class Answer(msgspec.Struct, frozen=True):
    """What an action brought."""

    asked_at: float
    """When it was asked for, in seconds since the epoch."""
    at: float
    """When its last message arrived."""
    messages: list[AmiMessage]
    """The response, then what it lists."""


class _Pending:
    def __init__(self, asked_at: float, answer: asyncio.Future[Answer]) -> None:
        self.asked_at = asked_at
        self.answer = answer
        self.messages: list[AmiMessage] = []


class AmiLink:
    """One connection. Whoever owns it runs :meth:`read`, and gives each message that he decodes to :meth:`take_note`."""

    def __init__(
        self,
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        drain: Drain,
        decoder: AmiDecoder,
        clock: Callable[[], float],
        prefix: str,
    ) -> None:
        """Take over an open stream.

        Args:
            stream: What was connected.
            drain: Where to put what comes and what we tell.
            decoder: This connection's own.
            clock: Seconds since the epoch.
            prefix: Begins our ActionIDs: other clients' ids come by in events.
        """
        self.drain = drain
        self.decoder = decoder
        self.failure: TielineError | None = None
        """Why the connection ended; None while it lives."""
        self.greeting: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.booted = asyncio.Event()
        """Set when the PBX says that it is ready. Users without class ``system`` never hear it."""
        self.logged_in_at: float | None = None
        self.reads = 0
        """Reads that brought anything."""
        self.heard_at = clock()
        """When the last bytes came that were kept."""
        self.consuming = False
        """Set by the owner while he works on what he took from the drain."""
        self._reader, self._writer = stream
        self._clock = clock
        self._prefix = prefix
        self._marker = f"\r\nActionID: {prefix}".encode()
        self._asked = 0
        self._pending: dict[str, _Pending] = {}
        self._login_id: str | None = None

    @property
    def is_behind(self) -> bool:
        """Whether something came that has not been worked on."""
        return self.consuming or self.drain.waiting_bytes > 0

    async def read(self) -> None:
        """Put what the PBX says into the drain until the connection ends; then ``failure`` says why."""
        try:
            while data := await self._reader.read(READ_BYTES):
                self.reads += 1
                at = self._clock()
                await self.drain.put(Piece(at, Direction.RECEIVED, data))
                self.heard_at = at
            self.fail(PeerUnavailableError("it closed the connection" + ("" if self.reads else _NO_GREETING)))
        except SpoolError as error:
            self.fail(error)
        except (OSError, ssl.SSLError) as error:
            self.fail(PeerUnavailableError(f"the connection broke: {error.strerror or error}"))
        finally:
            self.drain.finish()

    def fail(self, error: TielineError) -> None:
        """End the connection for this reason; the first one stands. What was kept can still be read."""
        # A PBX that refuses us closes at once: the reason is the refusal, whichever is read first.
        if self.failure is None or isinstance(error, PeerRefusedError):
            self.failure = error
        # No farewell: a peer that does not read would keep us waiting.
        self._writer.transport.abort()

    def answer_nothing_more(self) -> None:
        """Tell whoever waits for an answer that none comes."""
        self.fail(PeerUnavailableError("we closed the connection"))
        if not self.greeting.done():
            self.greeting.set_exception(PeerUnavailableError(str(self.failure)))
            self.greeting.exception()  # seen: perhaps nobody waits for it
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(CommandUnansweredError(f"the connection ended first: {self.failure}"))
                pending.answer.exception()  # seen: who asked may be cancelled in this same turn

    async def log_in_with(self, name: str, headers: Sequence[tuple[str, str]], timeout_s: float) -> list[AmiMessage]:
        """Ask as :meth:`ask` does, for the login: a success opens the session, and the secret is told to nobody else."""
        self._login_id = f"{self._prefix}{self._asked + 1}" if name == "Login" else None
        return (await self._exchange(name, headers, timeout_s, tell=False, patient=False)).messages

    async def ask(self, name: str, headers: Sequence[tuple[str, str]], timeout_s: float, *, patient: bool = False) -> Answer:
        """Send an action, once, and return its answer; one that Asterisk refuses (``Response: Error``) is an answer too.

        A list is complete when its last event (``EventList: Complete``) came. Cancelling is safe, but the action was perhaps
        sent.

        Args:
            name: The action.
            headers: Its headers, without ``ActionID``.
            timeout_s: Seconds to wait for the answer.
            patient: Time in which we have not read what came does not count: the answer may be there.

        Raises:
            CommandRefusedError: It was not sent: see ``encode_action``, or the spool is full.
            CommandUnansweredError: No answer came in time, or the connection ended. Whether it was done is not known.
        """
        return await self._exchange(name, headers, timeout_s, tell=True, patient=patient)

    async def _exchange(
        self, name: str, headers: Sequence[tuple[str, str]], timeout_s: float, *, tell: bool, patient: bool
    ) -> Answer:
        self._asked += 1
        action_id = f"{self._prefix}{self._asked}"
        data = encode_action(name, headers, action_id)
        if tell:
            try:
                # Before it is sent: a cause is heard before its effect.
                await self.drain.put(Piece(self._clock(), Direction.SENT, data))
            except SpoolError as error:
                raise CommandRefusedError(f"{name} was not sent: {error}") from error
        if self.failure is not None:
            raise CommandUnansweredError(f"{name} was not sent, the connection ended: {self.failure}")
        pending = self._pending[action_id] = _Pending(self._clock(), asyncio.get_running_loop().create_future())
        self.decoder.marker = self._marker
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(data)
                await self._writer.drain()
            while True:
                # Not cancelled by the deadline: a patient one waits for the same answer again.
                await asyncio.wait([pending.answer], timeout=timeout_s)
                if pending.answer.done() or not (patient and self.is_behind):
                    break
            if not pending.answer.done():
                raise TimeoutError
            return pending.answer.result()
        except TimeoutError as error:
            raise CommandUnansweredError(f"no answer to {name} within {timeout_s:g} s") from error
        except OSError as error:
            raise CommandUnansweredError(f"{name}: the connection broke: {error}") from error
        finally:
            del self._pending[action_id]
            if not self._pending:
                self.decoder.marker = None

    def take_note(self, message: AmiMessage, at: float) -> None:
        """See whether this message, which arrived at ``at``, answers something."""
        if message.kind is MessageKind.BANNER:
            if not self.greeting.done():
                self.greeting.set_result(message.name)
            return
        if message.name == BOOTED:
            self.booted.set()
        if not self._pending:
            return
        action_id = message.get("ActionID")
        pending = self._pending.get(action_id)
        if pending is None or pending.answer.done():
            return
        if len(pending.messages) <= MAX_LIST_ITEMS:
            pending.messages.append(message)
        if message.kind is MessageKind.RESPONSE:
            if action_id == self._login_id and message.name == "Success":
                self.logged_in_at = at
            complete = message.get("EventList") != "start"
        else:
            # Before 13 some lists ended without saying so in a header; "cancelled" ends one too.
            complete = message.get("EventList").lower() in ("complete", "cancelled")
        if complete:
            pending.answer.set_result(Answer(pending.asked_at, at, pending.messages))


async def live(
    link: AmiLink, consume: Callable[[], Awaitable[None]], talk: Callable[[], Awaitable[None]], name: str
) -> TielineError:
    """Run one connection to its end and return why it ended. Cancelling is safe: it ends the connection.

    Args:
        link: The connection.
        consume: Takes from the link's drain until that is empty for good.
        talk: Logs in and asks; the errors that it raises end the connection.
        name: Begins the tasks' names.
    """

    async def talk_or_fail() -> None:
        try:
            await talk()
        except* TielineError as errors:
            link.fail(_first(errors))

    try:
        async with asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(link.read(), name=f"{name}.read")
            talking = tasks.create_task(talk_or_fail(), name=f"{name}.talk")
            await consume()
            link.answer_nothing_more()
            if link.logged_in_at is None:
                # It may have been told already why we are not wanted, and waits for nothing more.
                await asyncio.wait([talking])
            reading.cancel()
            talking.cancel()
    finally:
        link.answer_nothing_more()
        link.drain.close()
    assert link.failure is not None  # answer_nothing_more gave it one at the latest
    return link.failure


def _first(errors: BaseExceptionGroup[TielineError]) -> TielineError:
    """Return the first error of a group; others came of it."""
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
