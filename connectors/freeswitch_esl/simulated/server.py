"""An ESL server: takes logins, answers commands, sends events. It behaves as FreeSWITCH 1.10 does, also towards bad clients.

Source: captures of FreeSWITCH 1.10.12 (auth_rejected, command_before_auth, auth_ok_commands_plain, userauth, resync_midcall).
"""

import asyncio
import hmac
import ssl
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final
from uuid import UUID

import structlog

from connectors._kit.listen import listen
from connectors.freeswitch_esl.protocol.commands import EslCommand, EslCommandDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply
from connectors.freeswitch_esl.protocol.message import CUSTOM, Form
from connectors.freeswitch_esl.simulated.pbx_state import PbxState
from connectors.freeswitch_esl.simulated.switching import Switch
from gateway.model.errors import PeerProtocolError
from gateway.model.secret import Secret

GREETING: Final = b"Content-Type: auth/request\n\n"
GOODBYE: Final = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"
MAX_UNREAD_BYTES: Final = 64 * 1024 * 1024
"""Bytes that a client may leave unread before it is cut off: FreeSWITCH keeps 100,000 events for one."""
READ_BYTES: Final = 64 * 1024
_FORMS: Final = {"plain": Form.PLAIN, "json": Form.JSON}

log = structlog.get_logger(__name__)

Headers = list[tuple[str, str]]


class EslServer:
    """One simulated FreeSWITCH on one port."""

    def __init__(self, secret: Secret, clock: Callable[[], float], random: Random) -> None:
        """Make a server that nobody can reach yet.

        Args:
            secret: The password.
            clock: Seconds since the epoch.
            random: For Job-UUIDs.
        """
        self.secret = secret
        self.clock = clock
        self.random = random
        self.state = PbxState()
        self.switch = Switch(self.state, self.say, self._beside, clock, random)
        self.somebody_listens = asyncio.Event()
        """Set once a client has subscribed to events."""
        self.sessions: set[Session] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self, host: str, port: int, tls: ssl.SSLContext | None = None) -> int:
        """Listen, and return the port: a free one when ``port`` is 0.

        Raises:
            OSError: The port is taken.
        """
        self._server = await listen(self._begin, host, port, tls=tls)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Listen no more and cut all clients off."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Cut all clients off, as a broken line does."""
        for session in list(self.sessions):
            session.cut()

    def say(self, headers: Headers, body: str | None = None) -> None:
        """Send an event to everybody who wants it, and remember what it changes."""
        fields = dict(headers)
        self.state.hear(fields)
        self.switch.center.hear(fields)
        for session in list(self.sessions):
            session.tell(headers, body)

    def session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> "Session":
        """Make what serves one client."""
        return Session(self, reader, writer)

    def begin_job(self, command: str, job: str) -> None:
        """Run an ``api`` command and say what it printed; a call that it makes has its own time."""
        name, _, argument = command.partition(" ")
        if name == "originate":
            self._beside(self._originate(argument, job))
        else:
            self._say_done(command, job, self.run(command))

    async def _originate(self, argument: str, job: str) -> None:
        self._say_done(f"originate {argument}", job, await self.switch.originate(argument))

    def _say_done(self, command: str, job: str, printed: str) -> None:
        name, _, argument = command.partition(" ")
        headers = [
            ("Event-Name", "BACKGROUND_JOB"),
            ("Event-Date-Timestamp", str(int(self.clock() * 1_000_000))),
            ("Job-UUID", job),
            ("Job-Command", name),
            ("Job-Command-Arg", argument),
        ]
        self.say(headers, printed)

    def run(self, command: str) -> str:
        """Return what an ``api`` command prints; a call is only begun by one that runs in the background."""
        done = self.switch.obey(command)
        return self.state.answer(command) if done is None else done

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._beside(self._serve(self.session(reader, writer)))

    def _beside(self, work: "asyncio._CoroutineLike[None]") -> None:
        # A task of our own: one that asyncio's streams make complains when it is cancelled.
        task = asyncio.get_running_loop().create_task(work, name="freeswitch")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, session: "Session") -> None:
        self.sessions.add(session)
        try:
            await session.serve()
        finally:
            self.sessions.discard(session)
            session.cut()


class Session:
    """One client's connection."""

    def __init__(self, server: EslServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.logged_in = False
        self.events: set[str] = set()
        self._form = Form.PLAIN
        self._reader = reader
        self._writer = writer

    async def serve(self) -> None:
        """Answer until the client goes. Cancelling is safe."""
        self.send(GREETING)
        decoder = EslCommandDecoder()
        with suppress(OSError, PeerProtocolError):
            while data := await self._reader.read(READ_BYTES):
                for command in decoder.receive_data(data):
                    if not await self.answer(command):
                        await self._writer.drain()
                        return

    def cut(self) -> None:
        """Break the connection off."""
        self._writer.transport.abort()

    def send(self, data: bytes) -> None:
        """Send bytes, or cut a client off that does not read."""
        if self._writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
            log.warning("client_cut_off", because="it does not read")
            self.cut()
        else:
            self._writer.write(data)

    def tell(self, headers: Headers, body: str | None) -> None:
        """Send an event, if this client wants it."""
        fields = dict(headers)
        name = fields.get("Event-Name", "")
        if name == CUSTOM:
            name = fields.get("Event-Subclass", "")
        if "ALL" in self.events or name in self.events:
            self.send(encode_event(headers, body, self._form))

    async def answer(self, command: EslCommand) -> bool:
        """Answer one command; tell whether the connection goes on."""
        match command.name:
            case "exit":
                self.send(encode_reply("+OK bye") + encode_frame("text/disconnect-notice", GOODBYE))
                return False
            case "auth" | "userauth":
                return self._log_in(command)
            case _ if not self.logged_in:
                self.send(encode_reply("-ERR command not found"))
            case "event":
                self._subscribe(command.argument)
            case "nixevent":
                self.events -= set(command.argument.split()[1:])
                self.send(encode_reply("+OK events nixed"))
            case "noevents":
                self.events.clear()
                self.send(encode_reply("+OK no longer listening for events"))
            case "api":
                self.send(encode_frame("api/response", self.server.run(command.argument)))
            case "bgapi":
                self._job(command)
            case _:
                self.send(encode_reply("-ERR command not found"))
        return True

    def _log_in(self, command: EslCommand) -> bool:
        given = command.argument if command.name == "auth" else command.argument.partition(":")[2]
        if not hmac.compare_digest(given.encode(), self.server.secret.reveal().encode()):
            self.send(encode_reply("-ERR invalid") + encode_frame("text/disconnect-notice", GOODBYE))
            return False
        self.logged_in = True
        self.send(encode_reply("+OK accepted"))
        return True

    def _subscribe(self, argument: str) -> None:
        form, *names = argument.split() or [""]
        if form not in _FORMS or not names:
            self.send(encode_reply("-ERR no keywords supplied"))
            return
        self._form = _FORMS[form]
        self.events |= {name for name in names if name != CUSTOM}
        self.send(encode_reply(f"+OK event listener enabled {form}"))
        if self.events - {"BACKGROUND_JOB"}:
            self.server.somebody_listens.set()

    def _job(self, command: EslCommand) -> None:
        job = command.header("Job-UUID") or str(UUID(int=self.server.random.getrandbits(128), version=4))
        self.send(encode_reply(f"+OK Job-UUID: {job}", [("Job-UUID", job)]))
        self.server.begin_job(command.argument, job)
