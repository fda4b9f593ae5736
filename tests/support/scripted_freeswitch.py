"""A FreeSWITCH that says just what a test wants it to: for what a good one never does."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final, Self

from support.virtual_time import clock

from connectors._kit.drain import Drain
from connectors._kit.stream import open_stream
from connectors.freeswitch_esl.command_link import CommandLink
from connectors.freeswitch_esl.link import EslLink
from connectors.freeswitch_esl.protocol.commands import EslCommand, EslCommandDecoder
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply
from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.ids import PbxName
from gateway.model.secret import Secret

GREETING: Final = b"Content-Type: auth/request\n\n"
SECRET: Final = "a secret"
_READ_BYTES: Final = 64 * 1024

Reply = Callable[[EslCommand], bytes | None]


class ScriptedFreeswitch:
    """Answers each command by ``replies``; what has none is answered with +OK. Use as an asynchronous context manager."""

    def __init__(self) -> None:
        self.greeting = GREETING
        self.replies: dict[str, Reply] = {}
        """By the command's name; None says nothing."""
        self.heard: list[EslCommand] = []
        self.connections = 0
        self.port = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._begin, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def settings(self, **changed: Any) -> FreeswitchSettings:
        """Return what leads here."""
        given = {"host": "127.0.0.1", "port": self.port, "secret": Secret(SECRET), "retry_min_s": 0.1}
        return FreeswitchSettings(**{**given, **changed})

    def asked(self, name: str) -> list[EslCommand]:
        """Return the commands of this name that came."""
        return [command for command in self.heard if command.name == name]

    def say(self, data: bytes) -> None:
        """Say this to everybody."""
        for writer in self._writers:
            writer.write(data)

    def cut(self) -> None:
        """End all connections with nothing but an end of file, as a killed process does."""
        for writer in self._writers:
            writer.close()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer), name="scripted")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        decoder = EslCommandDecoder()
        writer.write(self.greeting)
        try:
            while data := await reader.read(_READ_BYTES):
                for command in decoder.receive_data(data):
                    self.heard.append(command)
                    answer = self.replies.get(command.name, _taken)(command)
                    if answer is not None:
                        writer.write(answer)
        except OSError:
            pass
        finally:
            self._writers.discard(writer)
            writer.transport.abort()


def _taken(_command: EslCommand) -> bytes:
    return encode_reply("+OK")


def printed(text: str) -> bytes:
    """Return the answer to an ``api`` command."""
    return encode_frame("api/response", text)


def result(job: str, text: str) -> bytes:
    """Return the event that brings what a background job printed."""
    return encode_event([("Event-Name", "BACKGROUND_JOB"), ("Job-UUID", job)], text)


def done_with(text: str) -> Reply:
    """Return a reply to ``bgapi``: taken, and its result at once."""

    def reply(command: EslCommand) -> bytes:
        job = command.header("Job-UUID")
        return encode_reply(f"+OK Job-UUID: {job}", [("Job-UUID", job)]) + result(job, text)

    return reply


class Talk:
    """A link to a scripted FreeSWITCH, with the least that reads it; it is closed at the end of the block."""

    def __init__(self, pbx: ScriptedFreeswitch, folder: Path) -> None:
        self._pbx = pbx
        self._folder = folder

    async def __aenter__(self) -> EslLink:
        stream = await open_stream(self._pbx.settings().where)
        drain = Drain(self._folder, 1 << 20, 1 << 20, lambda _: None)
        self.link = EslLink(stream, drain, EslDecoder(), clock)
        self._tasks = [asyncio.create_task(self.link.read()), asyncio.create_task(self._consume())]
        return self.link

    async def __aexit__(self, *_: object) -> None:
        self.link.answer_nothing_more()
        await asyncio.gather(*self._tasks)
        self.link.drain.close()

    async def _consume(self) -> None:
        while pieces := await self.link.drain.take():
            for piece in pieces:
                for message in self.link.decoder.receive_data(piece.data):
                    self.link.take_note(message)


class CommandTalk:
    """A command connection to a scripted FreeSWITCH that is kept while the block runs."""

    def __init__(self, pbx: ScriptedFreeswitch, folder: Path, **changed: Any) -> None:
        self.remarks: list[str] = []
        self._link = CommandLink(PbxName("fs1"), pbx.settings(**changed), folder, clock, Random(1))

    async def __aenter__(self) -> CommandLink:
        self._running = asyncio.create_task(self._link.run(self.remarks.append))
        return self._link

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.wait([self._running])
