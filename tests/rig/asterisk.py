"""A real Asterisk for a test: configured, started, asked and stopped, on free loopback ports.

It runs unpacked Debian packages by their own dynamic loader, so it needs neither root nor a container.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self

from rig import site
from rig.provision import provision
from rig.site import Ports

DIES_WITH_US: Final = ("setpriv", "--pdeathsig", "KILL", "--")
"""Before a command: the kernel ends it when we end, however that happens."""
START_TIMEOUT_S: Final = 30.0
STOP_TIMEOUT_S: Final = 10.0
_PROBE: Final = (
    "OPTIONS sip:probe@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP {host}:{port};branch=z9hG4bKprobe{n};rport\r\n"
    "From: <sip:probe@{host}>;tag=1\r\nTo: <sip:probe@127.0.0.1>\r\nCall-ID: probe{n}@{host}\r\nCSeq: {n} OPTIONS\r\n"
    "Max-Forwards: 5\r\nContent-Length: 0\r\n\r\n"
)


class AsteriskError(Exception):
    """The test PBX did not start, answer or stop; its log says why."""


class Asterisk:
    """One Asterisk process with the site ``cc1``. Use as an asynchronous context manager: no process outlives it."""

    def __init__(self, major: int = 22, append: Mapping[str, str] | None = None) -> None:
        """Say which; nothing is done before it is entered.

        ``append`` adds text to configuration files, such as ``{"manager.conf": "[tieline]\nsecret = ..."}``.
        """
        self.major = major
        self.append = dict(append or {})
        self.version = ""
        self.run = Path()
        self.ports = Ports(0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        self._root = Path()
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        installed = await asyncio.to_thread(provision, self.major)
        self._root, self.version = installed.root, installed.version
        self.run = Path(tempfile.mkdtemp(prefix="cc1-"))
        self.ports = free_ports()
        try:
            await asyncio.to_thread(site.render, self._root, self.run, self.ports, self.append)
            await self.start()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.kill()
        if self.run.is_absolute():  # else it was never made
            await asyncio.to_thread(shutil.rmtree, self.run, ignore_errors=True)

    @property
    def cdr_path(self) -> Path:
        """Call detail records, one CSV line each."""
        return self.run / "log/cdr-csv/Master.csv"

    @property
    def cel_path(self) -> Path:
        """The PBX's own log of channel events, CSV."""
        return self.run / "log/cel-custom/Master.csv"

    @property
    def sip(self) -> tuple[str, int]:
        """Where telephones register."""
        return "127.0.0.1", self.ports.sip

    @property
    def pid(self) -> int:
        """The process id.

        Raises:
            AsteriskError: It does not run.
        """
        if self._process is None or self._process.poll() is not None:
            raise AsteriskError(f"Asterisk does not run; see {self.run}/log")
        return self._process.pid

    async def start(self) -> None:
        """Start and wait until AMI says FullyBooted and SIP answers OPTIONS.

        Raises:
            AsteriskError: It died or took more than ``START_TIMEOUT_S``.
        """
        with (self.run / "log/stdout").open("ab") as log:
            # Not asyncio's: the process outlives the event loop of the fixture that starts it.
            self._process = subprocess.Popen(  # noqa: ASYNC220  # forks and returns at once
                [*DIES_WITH_US, *self._command, "-f", "-q"],
                cwd=self.run,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._until_booted()
                await self._until_sip_answers()
        except TimeoutError as error:
            raise AsteriskError(f"Asterisk was not ready in {START_TIMEOUT_S} s; see {self.run}/log") from error

    async def stop(self) -> None:
        """Ask it to end (SIGTERM) and wait; kills it when it does not."""
        await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL, as a power cut does it; its files stay, so ``start`` makes it a restart."""
        await self._end(signal.SIGKILL)

    async def restart(self) -> None:
        """Kill and start again on the same ports."""
        await self.kill()
        await self.start()

    async def cli(self, command: str) -> str:
        """Run a console command and return what it printed."""
        process = await asyncio.create_subprocess_exec(
            *self._command, "-rx", command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        output, _ = await process.communicate()
        return output.decode("utf-8", "replace")

    async def idle(self, timeout_s: float = 10) -> None:
        """Wait until no leg is left."""
        deadline = time.monotonic() + timeout_s
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            if "\n0 active channels" in "\n" + await self.cli("core show channels count"):
                return
            await asyncio.sleep(0.2)

    @property
    def _command(self) -> list[str]:
        lib = self._root / "usr/lib/x86_64-linux-gnu"
        loaders = (lib / "ld-linux-x86-64.so.2", self._root / "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2")
        loader = next(path for path in loaders if path.exists())
        paths = f"{self._root}/lib/x86_64-linux-gnu:{lib}:{self._root}/usr/lib"
        binary, settings = self._root / "usr/sbin/asterisk", self.run / "etc/asterisk.conf"
        return [str(loader), "--library-path", paths, str(binary), "-C", str(settings)]

    async def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        for step in (how, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, step)
            try:
                await asyncio.to_thread(self._process.wait, STOP_TIMEOUT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._process = None

    async def _until_booted(self) -> None:
        while True:
            _ = self.pid
            with contextlib.suppress(OSError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self.ports.ami)
                try:
                    writer.write(b"Action: Login\r\nUsername: full\r\nSecret: full-secret\r\nEvents: on\r\n\r\n")
                    await reader.readuntil(b"Event: FullyBooted")
                    return
                except asyncio.IncompleteReadError:
                    pass
                finally:
                    writer.close()
            await asyncio.sleep(0.05)

    async def _until_sip_answers(self) -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind((site.CARRIER_HOST, 0))
            probe.setblocking(False)
            host, port = probe.getsockname()
            n = 0
            while True:
                n += 1
                await loop.sock_sendto(probe, _PROBE.format(host=host, port=port, n=n).encode(), self.sip)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(loop.sock_recv(probe, 4096), 0.2)
                    return


def free_udp_port(host: str) -> int:
    """A UDP port of the host that nobody uses now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def free_ports() -> Ports:
    """Ports that nobody uses now: the kernel's choice, and a range of 2,000 for RTP found by trying."""
    with contextlib.ExitStack() as held:

        def tcp() -> int:
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            listener.bind(("127.0.0.1", 0))
            return int(listener.getsockname()[1])

        def udp(host: str) -> int:
            listener = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            listener.bind((host, 0))
            return int(listener.getsockname()[1])

        rtp_from = next(base for base in _rtp_bases() if _is_free(base))
        return Ports(
            ami=tcp(), ami_tls=tcp(), http=tcp(), sip=udp("127.0.0.1"), iax=udp("127.0.0.1"),
            rtp_from=rtp_from, rtp_to=rtp_from + 1999,
            carrier=udp(site.CARRIER_HOST), backup=udp(site.BACKUP_HOST), desks=udp(site.DESKS_HOST),
        )  # fmt: skip


def _rtp_bases() -> Iterator[int]:
    # Below the range from which the kernel gives out ports (32768 and up), in an order that differs between processes.
    bases = list(range(12_000, 30_000, 2000))
    begin = os.getpid() % len(bases)
    yield from bases[begin:] + bases[:begin]


def _is_free(base: int) -> bool:
    with contextlib.ExitStack() as held:
        for port in (base, base + 1, base + 1000, base + 1998):
            probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True
