"""Calls that the dial plan hands over: FreeSWITCH connects to us for each (application ``socket``, ``async full``).

One application runs after the other, each until FreeSWITCH says that it is done. When we close, what was bridged stays bridged,
and all else goes on in the dial plan. One that is not known would kill the call: it is refused before it is sent.

Source: FreeSWITCH's ``mod_event_socket.c``; captures of 1.10.12 (outbound_*).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from connectors.freeswitch_esl.commands_values import number, path
from connectors.freeswitch_esl.outbound_values import endpoint, seconds, sound, terminators, word
from connectors.freeswitch_esl.protocol.commands import encode_command, execute
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import EslMessage, MessageKind
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerProtocolError, PeerUnavailableError
from gateway.model.ids import LegId

READ_BYTES: Final = 64 * 1024
MAX_WAITING: Final = 100
"""Applications of one call that wait for their turn."""
LINGER_S: Final = 5
"""Seconds for which FreeSWITCH keeps talking to us after the leg is gone, so that its last events come."""
ANSWER_TIMEOUT_S: Final = 10.0
APPLICATIONS: Final = frozenset(
    {"answer", "pre_answer", "playback", "play_and_get_digits", "record", "bridge", "transfer", "set", "sleep", "break"}
)
"""What may be run: FreeSWITCH says +OK to one that it does not know, and hangs up."""
_DONE: Final = "CHANNEL_EXECUTE_COMPLETE"
_WANTED: Final = frozenset({_DONE, "CHANNEL_HANGUP", "CHANNEL_HANGUP_COMPLETE"})
_LINGERS: Final = "linger"


class OutboundCall:
    """One leg that was handed over to us, until it ends or we let it go. :class:`OutboundServer` makes and reads it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, new_id: Callable[[], str]) -> None:
        self.leg = LegId("")
        self.ended: str | None = None
        """Why the leg is out of our hands; None while it is not."""
        self._reader = reader
        self._writer = writer
        self._new_id = new_id
        self._decoder = EslDecoder(_WANTED)
        self._facts: EslMessage | None = None
        self._replies: deque[asyncio.Future[EslMessage]] = deque()
        self._running: dict[str, asyncio.Future[EslMessage]] = {}

    def fact(self, key: str) -> str:
        """Return what FreeSWITCH said of the leg when it handed it over: ``Caller-Caller-ID-Number``; empty where nothing."""
        return "" if self._facts is None else self._facts.get(key)

    async def answer(self) -> None:
        """Pick up. Raises as :meth:`run_application` does."""
        await self.run_application("answer", "", ANSWER_TIMEOUT_S)

    async def play(self, file: str, timeout_s: float = 600.0) -> bool:
        """Play a file, or a stream such as ``tone_stream://%(200,100,440)``, to its end; tell whether it was there.

        Raises as :meth:`run_application` does.
        """
        done = await self.run_application("playback", sound(file), timeout_s)
        return done.get("Application-Response") == "FILE PLAYED"

    async def collect(
        self,
        file: str,
        *,
        minimum: int = 1,
        maximum: int = 1,
        tries: int = 1,
        wait_s: float = 5.0,
        between_s: float = 2.0,
        ends_with: str = "#",
        invalid: str = "silence_stream://100",
    ) -> str:
        """Play a file and return the keys that the caller pressed meanwhile or afterwards; empty when he pressed too few.

        Args:
            file: What to play, each time.
            minimum: Keys that are needed.
            maximum: Keys with which it is done.
            tries: How often it is asked.
            wait_s: Seconds for the first key, once all was played.
            between_s: Seconds for each further one.
            ends_with: Keys that end the input, of ``0-9*#``.
            invalid: What is played when it was too little.

        Raises as :meth:`run_application` does.
        """
        if not 1 <= minimum <= maximum <= 128 or not 1 <= tries <= 100:
            raise CommandRefusedError(f"{minimum} to {maximum} keys in {tries} tries cannot be collected")
        # A name of its own: what an earlier collection left must not be taken for this one's.
        variable = f"tieline_{self._new_id().replace('-', '_')}"
        first_ms, next_ms = round(seconds(wait_s) * 1000), round(seconds(between_s) * 1000)
        asked = f"{minimum} {maximum} {tries} {first_ms} {terminators(ends_with)} {sound(file)} {sound(invalid)}"
        argument = f"{asked} {variable} \\d+ {next_ms}"
        done = await self.run_application("play_and_get_digits", argument, 600.0)
        return done.get(f"variable_{variable}")

    async def record(self, file: str, longest_s: int, silence_s: int = 3) -> None:
        """Record the caller until he is silent, or for so long. Raises as :meth:`run_application` does."""
        limit = round(seconds(longest_s))
        await self.run_application(
            "record", f"{path(file)} {limit} 200 {round(seconds(silence_s))}", longest_s + ANSWER_TIMEOUT_S
        )

    async def bridge(self, target: str, timeout_s: float | None = None) -> str:
        """Connect the caller with somebody and return how that ended, when it has: ``SUCCESS``, ``USER_BUSY``.

        Cancelling it leaves the two together. Raises as :meth:`run_application` does.
        """
        done = await self.run_application("bridge", endpoint(target), timeout_s)
        return done.get("variable_originate_disposition")

    async def set(self, name: str, value: str) -> None:
        """Set a variable of the leg. Raises as :meth:`run_application` does."""
        await self.run_application("set", f"{word(name)}={value}", ANSWER_TIMEOUT_S)

    async def transfer(self, to: str, context: str) -> None:
        """Send the caller to a number of the dial plan; he is out of our hands then. Raises as :meth:`run_application` does."""
        where = f"{number(to, 'the number')} XML {word(context)}"
        try:
            await self.run_application("transfer", where, ANSWER_TIMEOUT_S)
        except PeerUnavailableError:
            if self.ended is None:
                raise

    async def hang_up(self, cause: str = "NORMAL_CLEARING") -> None:
        """End the call, at once: what runs is broken off.

        Raises:
            PeerUnavailableError: The leg is out of our hands.
            CommandUnansweredError: FreeSWITCH does not answer.
        """
        headers = [("call-command", "hangup"), ("hangup-cause", word(cause))]
        await self._ask(encode_command("sendmsg", "", headers), "hangup")

    async def variable(self, name: str) -> str:
        """Return a variable of the leg as it is now; empty where it has none. Raises as :meth:`hang_up` does."""
        reply = await self._ask(encode_command("getvar", word(name)), "getvar")
        return "" if reply.name.startswith("-ERR") else reply.name

    async def run_application(self, application: str, argument: str, timeout_s: float | None) -> EslMessage:
        """Run an application of the dial plan after those that run already, and return what FreeSWITCH says when it is done.

        Cancelling is safe: the application goes on.

        Args:
            application: One of ``APPLICATIONS``.
            argument: As the dial plan would write it.
            timeout_s: Seconds for which it may last; None is as long as the leg.

        Raises:
            CommandRefusedError: It was not sent, or FreeSWITCH does not take it.
            PeerUnavailableError: The leg is out of our hands.
            CommandUnansweredError: It is not done in time.
        """
        if application not in APPLICATIONS:
            raise CommandRefusedError(
                f"{application!r} is none of the applications that may be run: {', '.join(sorted(APPLICATIONS))}"
            )
        if len(self._running) >= MAX_WAITING:
            raise CommandRefusedError(f"{MAX_WAITING} applications of this call wait for their turn")
        event_id = self._new_id()
        done: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._running[event_id] = done
        try:
            reply = await self._ask(execute(application, argument, event_id, lock=True), application)
            if not reply.name.startswith("+OK"):
                raise CommandRefusedError(f"FreeSWITCH does not take {application}: {reply.name.removeprefix('-ERR').strip()}")
            return await _within(done, timeout_s, application)
        finally:
            del self._running[event_id]
            done.cancel()

    async def _ask(self, data: bytes, name: str) -> EslMessage:
        if self.ended is not None:
            raise PeerUnavailableError(f"{name} was not sent, the leg is gone: {self.ended}")
        reply: asyncio.Future[EslMessage] = asyncio.get_running_loop().create_future()
        self._replies.append(reply)
        self._writer.write(data)
        return await _within(reply, ANSWER_TIMEOUT_S, name)

    async def begin(self) -> None:
        """Learn whose call it is and ask for its events; :meth:`read` must run.

        Raises as :meth:`run_application` does.
        """
        self._facts = await self._ask(encode_command("connect"), "connect")
        self.leg = LegId(self.fact("Unique-ID"))
        if not self.leg:
            raise PeerUnavailableError("whoever connected hands no leg over: it is no FreeSWITCH's `socket` application")
        # In this order: without lingering the last events of a short call are lost.
        await self._ask(encode_command("linger", str(LINGER_S)), "linger")
        await self._ask(encode_command("myevents"), "myevents")

    async def read(self) -> None:
        """Read what FreeSWITCH says until it says no more. Cancelling is safe."""
        try:
            while data := await self._reader.read(READ_BYTES):
                for message in self._decoder.receive_data(data):
                    self._take_note(message)
            self._end("FreeSWITCH closed the connection")
        except (OSError, PeerProtocolError) as error:
            self._end(f"the connection broke: {error}")

    def let_go(self) -> None:
        """Leave the call to FreeSWITCH: what is bridged stays so."""
        self._end("we let it go")
        self._writer.close()

    def _take_note(self, message: EslMessage) -> None:
        if message.kind in (MessageKind.REPLY, MessageKind.API):
            if self._replies:
                reply = self._replies.popleft()
                if not reply.done():
                    reply.set_result(message)
        elif message.kind is MessageKind.DISCONNECT:
            if message.head_of("Content-Disposition") != _LINGERS:
                self._end("FreeSWITCH let it go")
        elif message.name == _DONE:
            done = self._running.get(message.get("Application-UUID"))
            if done is not None and not done.done():
                done.set_result(message)
        elif message.get("Unique-ID") in ("", self.leg):
            self._end(f"it was hung up ({message.get('Hangup-Cause') or 'no cause'})", lingers=True)

    def _end(self, why: str, *, lingers: bool = False) -> None:
        if self.ended is None:
            self.ended = why
        gone = PeerUnavailableError(f"the leg is gone: {self.ended}")
        # While it lingers the answers to what was asked still come.
        for future in (*self._running.values(), *(() if lingers else self._replies)):
            if not future.done():
                future.set_exception(gone)
                future.exception()  # seen: perhaps nobody waits for it


async def _within(future: "asyncio.Future[EslMessage]", timeout_s: float | None, name: str) -> EslMessage:
    # Not cancelled by the deadline: an answer that comes later keeps its place.
    await asyncio.wait([future], timeout=timeout_s)
    if not future.done():
        raise CommandUnansweredError(f"{name} was not done within {timeout_s:g} s")
    return future.result()
