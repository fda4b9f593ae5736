"""A recorder of the AMI: logs in, keeps every byte with its moment, and asks what a scenario asks.

It writes the files of a capture folder: ``wire.ami``, ``chunks.jsonl``, ``sent.jsonl`` and, when the connection was cut,
``parts.json``. It parses nothing but the responses to its own actions.
"""

import asyncio
import contextlib
import gzip
import json
import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

GZIP_OVER_BYTES: Final = 20_000
"""Larger wires are written compressed."""


class AmiRecorder:
    """One AMI user's connection, or several one after the other, as one tape."""

    def __init__(self, port: int, user: str = "full", secret: str = "full-secret") -> None:
        self.port, self.user, self.secret = port, user, secret
        self.wire = bytearray()
        self.chunks: list[tuple[float, int, int]] = []
        self.sent: list[tuple[float, str]] = []
        self.parts: list[dict[str, float]] = []
        self.closed = asyncio.Event()
        self._news = asyncio.Event()
        self._actions = 0
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None

    async def open(self) -> "AmiRecorder":
        """Connect and log in; used again after ``cut`` it makes the next part of the tape."""
        self.closed.clear()
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self.port)
        begin = len(self.wire)
        self.parts.append({"offset": begin, "length": 0, "connected": time.time(), "disconnected": 0.0})
        self._reading = asyncio.get_running_loop().create_task(self._read(reader), name="ami-recorder")
        await self.wait(rb"^Asterisk Call Manager/", begin)
        await self.action("Login", ("Username", self.user), ("Secret", self.secret), ("Events", "on"))
        return self

    async def action(self, name: str, *headers: tuple[str, str], timeout_s: float = 10) -> str:
        """Send an action and return its response as text.

        Raises:
            TimeoutError: No response in time.
            EOFError: The connection is closed.
        """
        begin = len(self.wire)
        identity = self.send(name, *headers)
        pattern = rb"Response: [^\r]*\r\n(?:[^\r\n]+\r\n)*?ActionID: " + identity.encode() + rb"\r\n(?:[^\r\n]*\r\n)*?\r\n"
        return (await self.wait(pattern, begin, timeout_s)).group(0).decode("utf-8", "replace")

    async def listing(self, name: str, complete: str, *headers: tuple[str, str]) -> str:
        """Send an action that answers with events; return everything up to its last one, or its refusal."""
        begin = len(self.wire)
        response = await self.action(name, *headers)
        if response.startswith("Response: Error"):
            return response
        await self.wait(rb"Event: " + complete.encode() + rb"\r\n(?:[^\r\n]+\r\n)*\r\n", begin)
        return self.wire[begin:].decode("utf-8", "replace")

    def send(self, name: str, *headers: tuple[str, str]) -> str:
        """Send an action, wait for nothing, return its ActionID."""
        assert self._writer is not None
        self._actions += 1
        identity = f"act-{self._actions}"
        lines = [f"Action: {name}", f"ActionID: {identity}", *(f"{key}: {value}" for key, value in headers)]
        text = "\r\n".join(lines) + "\r\n\r\n"
        self.sent.append((time.time(), text))
        self._writer.write(text.encode())
        return identity

    async def wait(self, pattern: bytes, begin: int = 0, timeout_s: float = 15) -> re.Match[bytes]:
        """Wait until the tape from ``begin`` on holds the pattern."""
        wanted = re.compile(pattern, re.MULTILINE)
        async with asyncio.timeout(timeout_s):
            while (found := wanted.search(bytes(self.wire[begin:]))) is None:
                if self.closed.is_set():
                    raise EOFError(f"the AMI closed before {pattern!r} came")
                self._news.clear()
                await self._news.wait()
        return found

    async def leg_name(self, prefix: str) -> str:
        """The name of the newest leg that begins so, such as ``PJSIP/1001-0000000c`` for ``PJSIP/1001``.

        Asked on a connection of its own, so that the tape holds only what the scenario sends.
        """
        return (await leg_names(self.port, prefix))[-1]

    async def cut(self) -> None:
        """Drop the connection as a network does, without Logoff."""
        if self._writer is None or self._reading is None:
            return
        self._writer.transport.abort()
        self.parts[-1]["disconnected"] = time.time()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reading
        self.parts[-1]["length"] = len(self.wire) - self.parts[-1]["offset"]
        self._writer = self._reading = None

    async def close(self) -> None:
        """Log off and wait for the end of the tape."""
        if not self.closed.is_set():
            with contextlib.suppress(TimeoutError, EOFError):
                await self.action("Logoff", timeout_s=3)
            await asyncio.sleep(0.05)
        await self.cut()

    def write(self, folder: Path) -> None:
        """Write the tape's files of a capture folder."""
        for old in ("wire.ami", "wire.ami.gz", "parts.json"):
            (folder / old).unlink(missing_ok=True)
        if len(self.wire) > GZIP_OVER_BYTES:
            (folder / "wire.ami.gz").write_bytes(gzip.compress(bytes(self.wire), mtime=0))
        else:
            (folder / "wire.ami").write_bytes(bytes(self.wire))
        _write_lines(folder / "chunks.jsonl", ([round(at, 6), offset, length] for at, offset, length in self.chunks))
        _write_lines(folder / "sent.jsonl", ({"t": round(at, 6), "sent": text} for at, text in self.sent))
        if len(self.parts) > 1:
            (folder / "parts.json").write_text(json.dumps(self.parts, indent=1) + "\n")

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(65536):
                self.chunks.append((time.time(), len(self.wire), len(data)))
                self.wire += data
                self._news.set()
        except ConnectionError:
            pass  # a cut connection ends like a closed one
        finally:
            self.closed.set()
            self._news.set()


async def leg_names(port: int, prefix: str = "") -> list[str]:
    """Names of the live legs that begin with ``prefix``, oldest first, asked by a connection that takes no events."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        login = "Action: Login\r\nUsername: full\r\nSecret: full-secret\r\nEvents: off\r\n\r\n"
        writer.write(f"{login}Action: CoreShowChannels\r\n\r\n".encode())
        async with asyncio.timeout(10):
            data = await reader.readuntil(b"Event: CoreShowChannelsComplete")
    finally:
        writer.close()
    return sorted(
        (
            name
            for name in re.findall(r"^Channel: (\S+)\r$", data.decode("utf-8", "replace"), re.MULTILINE)
            if name.startswith(prefix)
        ),
        key=lambda name: name.rpartition("-")[2],
    )


def _write_lines(path: Path, rows: Iterable[object]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
