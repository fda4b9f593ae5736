"""One connection to one FreeSWITCH, from its greeting to its end: what comes goes to a drain, what is asked has a deadline."""

import asyncio
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final

from connectors._kit.drain import Direction, Drain, Piece, SpoolError
from connectors.freeswitch_esl.protocol.commands import encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    PeerRefusedError,
    PeerUnavailableError,
    TielineError,
)

READ_BYTES: Final = 64 * 1024
MAX_WAITING: Final = 1_000
"""Commands that wait for their answers on one connection."""
JOB: Final = "BACKGROUND_JOB"
_NO_GREETING: Final = " before it said a word: does it want TLS, or nobody from this host?"
_ANSWERS: Final = (MessageKind.REPLY, MessageKind.API)


class EslLink:
    """One connection. Whoever owns it runs :meth:`read`, and gives each message that he decodes to :meth:`take_note`."""

    def __init__(
        self,
        stream: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        drain: Drain,
        decoder: EslDecoder,
        clock: Callable[[], float],
    ) -> None:
        """Take over an open stream.

        Args:
            stream: What was connected.
            drain: Where to put what comes.
            decoder: This connection's own.
            clock: Seconds since the epoch.
        """
        self.drain = drain
        self.decoder = decoder
        self.failure: TielineError | None = None
        """Why the connection ended; None while it lives."""
        self.greeting: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self.logged_in_at: float | None = None
        self.reads = 0
        """Reads that brought anything."""
        self.heard_at = clock()
        """When the last bytes came that were kept."""
        self.consuming = False
        """Set by the owner while he works on what he took from the drain."""
        self._reader, self._writer = stream
        self._clock = clock
        self._waiting: deque[asyncio.Future[EslMessage]] = deque()
        self._jobs: dict[str, asyncio.Future[EslMessage]] = {}

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
        unanswered = CommandUnansweredError(f"the connection ended first: {self.failure}")
        if not self.greeting.done():
            self.greeting.set_exception(PeerUnavailableError(str(self.failure)))
            self.greeting.exception()  # seen: perhaps nobody waits for it
        for answer in (*self._waiting, *self._jobs.values()):
            if not answer.done():
                answer.set_exception(unanswered)
                answer.exception()  # seen: who asked may be cancelled in this same turn
        self._waiting.clear()

    async def ask(
        self,
        name: str,
        argument: str,
        timeout_s: float,
        *,
        headers: Sequence[tuple[str, str]] = (),
        patient: bool = False,
    ) -> EslMessage:
        """Send a command, once, and return its answer; one that FreeSWITCH refuses (``-ERR``) is an answer too.

        Cancelling is safe, but the command was perhaps sent.

        Args:
            name: ``api``
            argument: ``show channels as json``
            timeout_s: Seconds to wait for the answer.
            headers: After the command's line.
            patient: Time in which we have not read what came does not count: the answer may be there.

        Raises:
            CommandRefusedError: It was not sent: see ``encode_command``, or too many wait.
            CommandUnansweredError: No answer came in time, or the connection ended. Whether it was done is not known.
        """
        data = encode_command(name, argument, headers)
        if self.failure is not None:
            raise CommandUnansweredError(f"{name} was not sent, the connection ended: {self.failure}")
        if len(self._waiting) >= MAX_WAITING:
            raise CommandRefusedError(f"{name} was not sent: {MAX_WAITING} commands wait for their answers")
        # Answers name no question: they come in the order of the questions, so that one given up keeps its place.
        answer: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        return await self._sent(name, data, answer, timeout_s, patient=patient)

    async def job(self, command: str, job_id: str, timeout_s: float) -> str:
        """Have an ``api`` command run in the background, once, and return what it printed; needs ``BACKGROUND_JOB`` events.

        Raises:
            CommandRefusedError: It was not sent, or FreeSWITCH does not take it.
            CommandUnansweredError: No result came in time. Whether it was done is not known.
        """
        done: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._jobs[job_id] = done
        try:
            reply = await self.ask("bgapi", command, timeout_s, headers=[("Job-UUID", job_id)])
            if not reply.name.startswith("+OK"):
                raise CommandRefusedError(reply.name.removeprefix("-ERR").strip() or "refused without a reason")
            await asyncio.wait([done], timeout=timeout_s)
            if not done.done():
                raise CommandUnansweredError(f"no result of {command.partition(' ')[0]} within {timeout_s:g} s")
            return done.result().body
        finally:
            del self._jobs[job_id]

    async def _sent(
        self, name: str, data: bytes, answer: "asyncio.Future[EslMessage]", timeout_s: float, *, patient: bool
    ) -> EslMessage:
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(data)
                await self._writer.drain()
            while True:
                # Not cancelled by the deadline: a patient one waits for the same answer again.
                await asyncio.wait([answer], timeout=timeout_s)
                if answer.done() or not (patient and self.is_behind):
                    break
            if not answer.done():
                raise TimeoutError
            return answer.result()
        except TimeoutError as error:
            raise CommandUnansweredError(f"no answer to {name} within {timeout_s:g} s") from error
        except OSError as error:
            raise CommandUnansweredError(f"{name}: the connection broke: {error}") from error

    def take_note(self, message: EslMessage) -> None:
        """See whether this message answers something."""
        if message.kind is MessageKind.AUTH_REQUEST:
            if not self.greeting.done():
                self.greeting.set_result(message)
        elif message.kind in _ANSWERS:
            if self._waiting:
                answer = self._waiting.popleft()
                if not answer.done():
                    answer.set_result(message)
        elif message.kind is MessageKind.REJECTION:
            self.fail(PeerRefusedError("its access list keeps this host out: `apply-inbound-acl` in event_socket.conf.xml"))
        elif message.kind is MessageKind.DISCONNECT:
            said = message.body.strip().partition("\n")[0]
            self.fail(PeerUnavailableError(f"it says goodbye: {said}"))
        elif message.name == JOB and (done := self._jobs.get(message.get("Job-UUID"))) is not None and not done.done():
            done.set_result(message)
