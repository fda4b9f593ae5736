"""A real SIP worker in a process of its own, with the test in the gateway's place."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from rig.asterisk import free_udp_port

from connectors.sip import wire
from connectors.sip.packets import connect_to, listen_at

HOST: Final = "127.0.0.1"
PATIENCE_S: Final = 30.0
"""Seconds for anything that a worker or a telephone is waited for."""
_T = TypeVar("_T")


class RefusedError(Exception):
    """The worker did not do what it was asked."""


class SipWorker:
    """Made by ``sip_worker``."""

    def __init__(self, process: asyncio.subprocess.Process, path: Path) -> None:
        self.process = process
        self.path = path
        self.port = free_port()
        self.reports: list[wire.Report] = []
        """What it said and nobody has asked for."""
        self._request = 0
        self._sockets: list[socket.socket] = []
        self.control: socket.socket
        self.media: socket.socket

    @property
    def address(self) -> tuple[str, int]:
        return HOST, self.port

    async def attach(self) -> wire.Hello:
        """Connect as a gateway does."""
        self.control = await self._connect(wire.Attachment.CONTROL)
        self.media = await self._connect(wire.Attachment.MEDIA)
        return await self.until(wire.Hello)

    async def _connect(self, kind: wire.Attachment) -> socket.socket:
        connection = connect_to(self.path)
        connection.setblocking(False)
        self._sockets.append(connection)
        await asyncio.get_running_loop().sock_sendall(connection, wire.encode(wire.Attach(protocol=wire.PROTOCOL, kind=kind)))
        return connection

    def leave(self) -> None:
        """Be gone without a word."""
        for connection in self._sockets:
            connection.close()
        self._sockets.clear()

    async def until(self, kind: type[_T], **wanted: object) -> _T:
        """Return the next report of a kind with these values; others stay for later."""
        async with asyncio.timeout(PATIENCE_S):
            at = 0
            while True:
                for report in self.reports[at:]:
                    if isinstance(report, kind) and all(getattr(report, name) == value for name, value in wanted.items()):
                        self.reports.remove(report)
                        return report
                at = len(self.reports)
                packet = await asyncio.get_running_loop().sock_recv(self.control, wire.MAX_MESSAGE_BYTES)
                assert packet, "the worker is gone"
                report = wire.decode_report(packet)
                if not isinstance(report, wire.Heartbeat) or kind is wire.Heartbeat:
                    self.reports.append(report)

    async def ask(self, order: wire.Order) -> wire.Done:
        """Give an order and return its answer."""
        self._request += 1
        request = self._request
        await asyncio.get_running_loop().sock_sendall(self.control, wire.encode(wire.numbered(order, request)))
        answer: Any = await self.until(wire.Done | wire.Failed, request=request)  # type: ignore[arg-type]  # isinstance takes it
        if isinstance(answer, wire.Failed):
            raise RefusedError(answer.reason)
        assert isinstance(answer, wire.Done)
        return answer

    async def changed(self, call: wire.CallNumber, state: wire.CallState) -> wire.CallChanged:
        """Wait for a call's state."""
        return await self.until(wire.CallChanged, call=call, state=state)

    async def answered(self) -> wire.CallInfo:
        """Answer the next call that comes in, and return it when it has sound."""
        info = (await self.until(wire.CallArrived)).info
        await self.ask(wire.Answer(call=info.call))
        await self.changed(info.call, wire.CallState.CONNECTED)
        return info

    async def place(self, to: str = "1001", **more: Any) -> wire.CallNumber:
        """Call somebody on the first account and wait for the answer."""
        call = (await self.ask(wire.Place(account="trunk", to=to, reference="r", **more))).call
        assert call is not None
        await self.changed(call, wire.CallState.CONNECTED)
        return call

    async def frame(self) -> wire.Frame:
        """Return the next media frame."""
        async with asyncio.timeout(PATIENCE_S):
            return wire.decode_frame(await asyncio.get_running_loop().sock_recv(self.media, wire.MAX_FRAME_BYTES))

    async def configure(self, *accounts: wire.SipAccount, **more: Any) -> None:
        """Make it a worker of these accounts, on loopback."""
        await self.ask(self.configuration(*accounts, **more))

    def configuration(self, *accounts: wire.SipAccount, **more: Any) -> wire.Configure:
        first = 30_000 + self.process.pid % 300 * 100
        given: dict[str, Any] = {
            "fingerprint": "as configured",
            "worker": "worker-1",
            "user_agent": "Tieline",
            "transports": tuple(
                wire.Transport(protocol=protocol, address=HOST, port=self.port)
                for protocol in (wire.Protocol.UDP, wire.Protocol.TCP)
            ),
            "rtp_first": first,
            "rtp_last": first + 98,
            "codecs": ("PCMU/8000", "PCMA/8000"),
            "session_expires_s": 1800,
            "guard": wire.Guard(allow=(HOST,), requests_per_s=1000, burst=1000, max_failures=3, lockout_s=60),
            "max_calls": 20,
        }
        return wire.Configure(accounts=accounts, **(given | more))


def free_port() -> int:
    """Return a port that nobody uses now, neither by UDP nor by TCP."""
    while True:
        port = free_udp_port(HOST)
        with suppress(OSError), socket.create_server((HOST, port)):
            return port


def trunk(port: int, **more: Any) -> wire.SipAccount:
    """Return a trunk to a telephone's port; nobody asks whether it is there."""
    given: dict[str, Any] = {"name": "trunk", "identity": f"sip:tieline@{HOST}", "registrar": None, "keepalive_s": 0}
    return wire.SipAccount(**({"target": f"sip:{HOST}:{port}"} | given | more))


@asynccontextmanager
async def sip_worker(folder: Path) -> AsyncIterator[SipWorker]:
    """Run a worker that is attached and not configured; it is gone afterwards."""
    path = folder / f"worker-{time.monotonic_ns()}.sock"
    listening = listen_at(path)
    listening.set_inheritable(True)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "connectors.sip.worker", str(listening.fileno()), pass_fds=[listening.fileno()]
    )  # fmt: skip
    listening.close()
    worker = SipWorker(process, path)
    try:
        await worker.attach()
        yield worker
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        worker.leave()


async def until(true: Callable[[], bool]) -> None:
    """Wait for what a telephone hears: it has no event for it."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.02)
