"""A FreeSWITCH whose dial plan calls us by ``socket`` and brings a caller's sound by ``unicast``, as its source has it.

What of it is from where: answers, events and notices from ``mod_event_socket.c`` and recordings of 1.10.12; what ``unicast``
does, when, and what it does not say from ``switch_ivr.c`` (``switch_ivr_activate_unicast``, ``switch_ivr_park``,
``unicast_thread_run``). One loop stands for the leg's thread: read a frame, send it, do one command, each 20 ms.
"""

import asyncio
from collections import deque
from typing import Final, Self, cast

from connectors.freeswitch_esl.protocol.commands import EslCommand, EslCommandDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply
from gateway.ports.media import FRAME_BYTES, FRAME_S

LEG: Final = "a28a08a3-48a4-42fc-9cb6-8bc27a30d546"
NO_SOUND: Final = b"\xff" * FRAME_BYTES
"""What it sends where the caller sent nothing."""
PACE_S: Final = FRAME_S


class Sound(asyncio.DatagramProtocol):
    """The socket of ``unicast``; the thread that reads it ends with an empty datagram."""

    def __init__(self, call: "OutboundCall", remote: tuple[str, int]) -> None:
        self.call, self.remote = call, remote
        self.transport: asyncio.DatagramTransport | None = None
        self._reads = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._reads = self._reads and bool(data)
        if self._reads:
            self.call.plays(data)

    def send(self, frame: bytes) -> None:
        assert self.transport is not None
        self.transport.sendto(frame, self.remote)

    def close(self) -> None:
        assert self.transport is not None
        self.transport.close()


class OutboundCall:
    """A leg in the application ``socket``; an asynchronous context manager.

    Args:
        facts: What differs in the leg's data: ``Channel-Read-Codec-Rate``.
    """

    def __init__(self, address: tuple[str, int], leg: str = LEG, **facts: str) -> None:
        self.leg = leg
        self.says: deque[bytes] = deque()
        """Frames of the caller; where there are none he sends nothing."""
        self.hears: list[tuple[float, bytes]] = []
        """What was played to him, and when, by the loop's clock."""
        self.heard: list[EslCommand] = []
        """What we told it."""
        self.ended_by: str | None = None
        """``caller``, ``pbx``; None while the leg lives."""
        self.went_on = asyncio.Event()
        """The dial plan goes on behind the application, or the leg has gone elsewhere."""
        self.over = asyncio.Event()
        self.deaf = False
        """It cannot open the sockets of ``unicast``, and says nothing of it."""
        self.exported: dict[str, str] = {}
        """The variables that were set by the application ``export``."""
        self.sound: Sound | None = None
        self._address = address
        self._facts = {"Channel-Read-Codec-Name": "PCMU", "Channel-Read-Codec-Rate": "8000", **facts}
        self._events = False
        self._queue: deque[EslCommand] = deque()
        self._parked = False
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection(*self._address)
        self._tasks.append(asyncio.create_task(self._listen(), name="freeswitch.listener"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def die(self) -> None:
        """Be gone without a word."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        self._unicast_ends()
        self._writer.transport.abort()
        await asyncio.sleep(0)

    def press(self, digit: str) -> None:
        """The caller presses a key."""
        self.tell("DTMF", **{"DTMF-Digit": digit, "DTMF-Duration": "1280", "DTMF-Source": "ENDPOINT"})

    def hang_up(self, by: str = "caller") -> None:
        """The leg is hung up: the event, the notice, and the connection is closed."""
        if self.ended_by is None:
            self.ended_by = by
            self.tell("CHANNEL_HANGUP", **{"Hangup-Cause": "NORMAL_CLEARING"})
            self._leave_park()
            self._good_bye()
            self.over.set()

    def go_elsewhere(self) -> None:
        """``uuid_transfer``: the leg leaves the application; the connection stays open."""
        self._leave_park()
        self.went_on.set()

    def tell(self, name: str, **headers: str) -> None:
        if self._events and not self._writer.is_closing():
            self._writer.write(encode_event([("Event-Name", name), ("Unique-ID", self.leg), *headers.items()]))

    def speaks(self) -> bytes:
        """What the caller says in the next 20 ms."""
        return self.says.popleft() if self.says else NO_SOUND

    def plays(self, data: bytes) -> None:
        """The caller hears this."""
        self.hears.append((asyncio.get_running_loop().time(), data))

    async def _listen(self) -> None:
        decoder = EslCommandDecoder()
        try:
            while data := await self._reader.read(65536):
                for command in decoder.receive_data(data):
                    self.heard.append(command)
                    self._answer(command)
        except ConnectionError:
            pass
        # We closed: the listener ends, and the leg is no longer under control.
        self._leave_park()
        self._writer.close()
        if self.ended_by is None:
            self.went_on.set()

    def _answer(self, command: EslCommand) -> None:
        if command.name == "connect":
            lines = {"Event-Name": "CHANNEL_DATA", "Unique-ID": self.leg, **self._facts, "variable_vip_note": "%E5%A4%96"}
            lines |= {"Content-Type": "command/reply", "Reply-Text": "%2BOK%0A", "Socket-Mode": "async"}
            self._writer.write("".join(f"{key}: {value}\n" for key, value in lines.items()).encode() + b"\n")
            self._parked = True
            self._tasks.append(asyncio.create_task(self._park(), name="freeswitch.leg"))
        elif command.name == "myevents":
            self._events = True
            self._writer.write(encode_reply("+OK Events Enabled"))
        elif command.name == "sendmsg":
            # It is put into the leg's queue; what becomes of it is not told.
            self._queue.append(command)
            self._writer.write(encode_reply("+OK"))
        else:
            self._writer.write(encode_reply("-ERR command not found"))

    async def _park(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while self._parked:
            if self.sound is not None:
                self.sound.send(self.speaks())
            if self._queue:
                await self._do(self._queue.popleft())
            due += PACE_S
            await asyncio.sleep(due - loop.time())

    async def _do(self, command: EslCommand) -> None:
        if command.header("call-command") == "hangup":
            self.hang_up("pbx")
        elif command.header("execute-app-name") == "export":
            name, _, value = command.header("execute-app-arg").partition("=")
            self.exported[name] = value
            self.tell("CHANNEL_EXECUTE_COMPLETE", **{"Application": "export", "Application-UUID": command.header("Event-UUID")})
        elif command.header("call-command") == "unicast" and not self.deaf:
            remote = command.header("remote-ip"), int(command.header("remote-port"))
            local = command.header("local-ip"), int(command.header("local-port"))
            loop = asyncio.get_running_loop()
            _, self.sound = await loop.create_datagram_endpoint(lambda: Sound(self, remote), local_addr=local)

    def _leave_park(self) -> None:
        if self._parked:
            self._parked = False
            self.tell("CHANNEL_UNPARK")
            self._unicast_ends()

    def _unicast_ends(self) -> None:
        if self.sound is not None:
            self.sound.close()
            self.sound = None

    def _good_bye(self) -> None:
        if not self._writer.is_closing():
            notice = [("Controlled-Session-UUID", self.leg), ("Content-Disposition", "disconnect")]
            self._writer.write(encode_frame("text/disconnect-notice", "Disconnected, goodbye.\n", notice))
            self._writer.close()
