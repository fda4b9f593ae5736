"""A FreeSWITCH that hands one call over to our outbound server: one that is scripted, and one that says what was recorded."""

import asyncio
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, Self

from connectors.freeswitch_esl.protocol.commands import EslCommand, EslCommandDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event, encode_frame, encode_reply

LEG: Final = "a28a08a3-48a4-42fc-9cb6-8bc27a30d546"
_READ_BYTES: Final = 64 * 1024

Reply = Callable[[EslCommand], bytes]


def leg_event(name: str, **more: str) -> bytes:
    """Return an event about the leg; ``__`` in a header's name stands for ``-``."""
    fields = {key.replace("__", "-"): value for key, value in more.items()}
    return encode_event([("Event-Name", name), ("Unique-ID", LEG), *fields.items()])


def handed_over() -> bytes:
    """Return what it answers to ``connect``: the leg, quoted, as a reply's headers."""
    return (
        f"Event-Name: CHANNEL_DATA\nUnique-ID: {LEG}\nCaller-Caller-ID-Number: %2B8613800138000\n"
        "Content-Type: command/reply\nReply-Text: %2BOK%0A\nSocket-Mode: async\nControl: full\n\n"
    ).encode()


def gone(disposition: str) -> bytes:
    """Return the notice that the leg is gone: ``linger`` while more is told of it, ``disconnect`` at the end."""
    return encode_frame("text/disconnect-notice", "Disconnected, goodbye.\n", [("Content-Disposition", disposition)])


class HandingFreeswitch:
    """Runs one application after the other, each done at once, unless a test says otherwise. An asynchronous context manager."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.heard: list[EslCommand] = []
        self.applications: dict[str, Reply] = {}
        """What an application brings; others are taken and done."""
        self.replies: dict[str, Reply] = {"connect": lambda _: handed_over()}
        self.is_over = asyncio.Event()
        """We closed the connection."""

    async def __aenter__(self) -> Self:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._task = asyncio.create_task(self._serve(reader), name="handing")
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()
        await asyncio.wait([self._task])

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    def ran(self) -> list[tuple[str, str]]:
        """Return the applications that were run, with their arguments."""
        asked = [command for command in self.heard if command.header("call-command") == "execute"]
        return [(command.header("execute-app-name"), command.header("execute-app-arg")) for command in asked]

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        decoder = EslCommandDecoder()
        try:
            while data := await reader.read(_READ_BYTES):
                for command in decoder.receive_data(data):
                    self.heard.append(command)
                    self.writer.write(self._answer(command))
        except OSError:
            pass
        finally:
            self.is_over.set()

    def _answer(self, command: EslCommand) -> bytes:
        application = command.header("execute-app-name")
        if command.header("call-command") == "execute":
            return self.applications.get(application, _taken_and_done)(command)
        return self.replies.get(command.name, _taken)(command)


def done(command: EslCommand, **more: str) -> bytes:
    """Return the event that an application is done."""
    named = {"Application": command.header("execute-app-name"), "Application__UUID": command.header("Event-UUID")}
    return leg_event("CHANNEL_EXECUTE_COMPLETE", **{**named, **more})


def _taken(_command: EslCommand) -> bytes:
    return encode_reply("+OK")


def _taken_and_done(command: EslCommand) -> bytes:
    return encode_reply("+OK") + done(command)


class RecordedFreeswitch(HandingFreeswitch):
    """Says what a real one said: after each command what came until the next one was sent."""

    def __init__(self, port: int, folder: Path) -> None:
        super().__init__(port)
        self._wire = gzip.decompress((folder / "wire.esl.gz").read_bytes())
        sent = [json.loads(line) for line in (folder / "sent.jsonl").read_text().splitlines()]
        self._offsets = [entry["rx_offset"] for entry in sent] + [len(self._wire)]
        self._lingers = any(entry["sent"].startswith("linger") for entry in sent)
        self._next = 0

    def _answer(self, command: EslCommand) -> bytes:
        if command.name == "linger" and not self._lingers:
            return encode_reply("+OK will linger 5 seconds")
        if self._next + 1 >= len(self._offsets):
            return encode_reply("+OK")
        start, stop = self._offsets[self._next : self._next + 2]
        self._next += 1
        return self._wire[start:stop]
