import asyncio
import os
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.scripted_sip_worker import PROGRAM
from support.waiting import until

from connectors.sip import wire
from connectors.sip.process import Files, folder_for
from connectors.sip.settings import AccountSettings, SipSettings
from connectors.sip.supervisor import WorkerSupervisor
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerError, PeerRefusedError, PeerUnavailableError

SOUND = bytes(wire.FRAME_BYTES)


def configured(fingerprint: str = "one", account: str = "trunk") -> wire.Configure:
    return wire.Configure(
        fingerprint=fingerprint,
        worker="worker-1",
        user_agent="Tieline",
        transports=(),
        rtp_first=20000,
        rtp_last=20999,
        accounts=(wire.SipAccount(name=account, identity="sip:t@127.0.0.1", registrar=None, target="sip:127.0.0.1"),),
        codecs=("PCMA/8000",),
        session_expires_s=1800,
        guard=wire.Guard(allow=("127.0.0.1",), requests_per_s=100, burst=100, max_failures=3, lockout_s=60),
        max_calls=100,
    )


class Told:
    """Whom a supervisor tells."""

    def __init__(self) -> None:
        self.attachments: list[tuple[wire.Hello, Sequence[wire.CallInfo]]] = []
        self.reports: list[wire.Report] = []
        self.frames: list[wire.Frame] = []
        self.losses: list[PeerError] = []

    def attached(self, worker: WorkerSupervisor, hello: wire.Hello, calls: Sequence[wire.CallInfo]) -> None:
        self.attachments.append((hello, calls))

    def reported(self, worker: WorkerSupervisor, report: wire.Report) -> None:
        self.reports.append(report)

    def heard(self, worker: WorkerSupervisor, frame: wire.Frame) -> None:
        self.frames.append(frame)

    def lost(self, worker: WorkerSupervisor, reason: PeerError) -> None:
        self.losses.append(reason)

    def states(self) -> list[wire.CallState]:
        return [report.state for report in self.reports if isinstance(report, wire.CallChanged)]


class Kept:
    """One supervised worker; several of these are several gateways, one after the other."""

    def __init__(self, folder: Path, configuration: wire.Configure | None = None, **settings: Any) -> None:
        self.told = Told()
        self.configuration = configured() if configuration is None else configuration
        self.files = Files(folder_for(folder), "worker-1")
        given = {"hang_after_s": 1.0, "retry_min_s": 0.05, **settings}
        self.supervisor = WorkerSupervisor(
            1,
            self.files,
            SipSettings(accounts=(AccountSettings(host="127.0.0.1"),), **given),
            self._configuration,
            self.told,
            Random(1),
            PROGRAM,
        )

    async def _configuration(self, number: int) -> wire.Configure:
        assert number == 1
        return self.configuration

    async def place(self, to: str) -> wire.Done:
        return await self.supervisor.ask(wire.Place(account="trunk", to=to, reference="tieline-1"))

    async def at_work(self, times: int = 1) -> int:
        await until(lambda: len(self.told.attachments) >= times and self.supervisor.is_at_work)
        assert self.supervisor.pid is not None
        return self.supervisor.pid


@asynccontextmanager
async def supervised(kept: Kept) -> AsyncIterator[Kept]:
    running = asyncio.create_task(kept.supervisor.run())
    try:
        yield kept
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


def is_alive(pid: int) -> bool:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    return Path(f"/proc/{pid}").exists()


async def test_a_worker_is_started_configured_and_stopped(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        pid = await kept.at_work()
        await until(lambda: bool(kept.told.reports))
        assert kept.told.reports[0] == wire.AccountChanged(account="trunk", state=wire.AccountState.USABLE, code=200, reason="OK")
        await until(lambda: kept.supervisor.heartbeat is not None)
    assert not is_alive(pid)
    assert kept.told.losses == []
    with pytest.raises(PeerUnavailableError, match="worker-1 is not at work"):
        await kept.place("2001")


async def test_orders_are_answered_and_what_came_of_them_is_told(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        await kept.at_work()
        known: list[wire.CallNumber | None] = []
        order = wire.Place(account="trunk", to="2001", reference="tieline-1")
        done = await kept.supervisor.ask(order, lambda answer: known.append(answer.call))
        assert known == [done.call]
        assert done.call is not None
        await until(lambda: kept.told.states() == [wire.CallState.ALERTING, wire.CallState.CONNECTED])
        assert kept.supervisor.calls == 1
        with pytest.raises(CommandRefusedError, match="no such call"):
            await kept.supervisor.ask(wire.HangUp(call=wire.CallNumber(99)))
        frame = wire.Frame(wire.FrameKind.AUDIO, done.call, 1, SOUND)
        kept.supervisor.send(frame)
        await until(lambda: bool(kept.told.frames))
        assert kept.told.frames == [frame]
        await kept.supervisor.ask(wire.HangUp(call=done.call))
        await until(lambda: kept.supervisor.calls == 0)


FAULTS = {
    "abort": r"was killed by SIGABRT: .*made for a test",
    "segfault": "was killed by SIGSEGV",
    "freeze": r"hung: no heartbeat for .* was killed by SIGKILL",
    "mumble": "said what we cannot read",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_worker_that_fails_is_started_again(tmp_path: Path, fault: str) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        first = await kept.at_work()
        with suppress(CommandUnansweredError, PeerUnavailableError):
            await kept.place(fault)
        assert await kept.at_work(2) != first
        assert not is_alive(first)
        assert len(kept.told.losses) == 1
        with pytest.raises(PeerUnavailableError, match=FAULTS[fault]):
            raise kept.told.losses[0]
        assert (await kept.place("2001")).call is not None


async def test_a_worker_that_is_killed_is_started_again(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        first = await kept.at_work()
        os.kill(first, signal.SIGKILL)
        await kept.at_work(2)
        assert [str(loss) for loss in kept.told.losses] == ["worker-1 was killed by SIGKILL"]


async def test_what_a_gateway_left_is_adopted_with_its_calls(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        pid = await kept.at_work()
        placed = await kept.place("2001")
        await until(lambda: kept.told.states()[-1:] == [wire.CallState.CONNECTED])
    assert is_alive(pid)
    async with supervised(Kept(tmp_path)) as later:
        assert await later.at_work() == pid
        hello, calls = later.told.attachments[0]
        assert hello.fingerprint == "one"
        assert [(info.call, info.reference, info.state) for info in calls] == [
            (placed.call, "tieline-1", wire.CallState.CONNECTED)
        ]
        assert placed.call is not None
        await later.supervisor.ask(wire.HangUp(call=placed.call))
        await until(lambda: later.supervisor.calls == 0)
    assert not is_alive(pid)


async def test_a_worker_with_an_earlier_configuration_is_replaced(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        pid = await kept.at_work()
        placed = await kept.place("2001")
        assert placed.call is not None
    async with supervised(Kept(tmp_path, configured("two"))) as later:
        # It keeps its calls until they are over.
        assert await later.at_work() == pid
        await later.supervisor.ask(wire.HangUp(call=placed.call))
        assert await later.at_work(2) != pid
        assert not later.supervisor.draining
        assert [hello.fingerprint for hello, _ in later.told.attachments] == ["one", None]


async def test_a_stopped_worker_that_a_gateway_left_is_killed_and_replaced(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path)) as kept:
        pid = await kept.at_work()
        await kept.place("2001")
    os.kill(pid, signal.SIGSTOP)
    async with supervised(Kept(tmp_path)) as later:
        assert await later.at_work() != pid
        assert not is_alive(pid)


async def test_a_pid_that_is_another_process_now_is_left_alone(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    kept.files.pid.write_text(f'{{"pid": {os.getpid()}, "started": 1}}')
    async with supervised(kept):
        assert await kept.at_work() != os.getpid()


async def test_a_configuration_that_cannot_be_is_for_the_operator(tmp_path: Path) -> None:
    async with supervised(Kept(tmp_path, configured(account="unbindable"))) as kept:
        await until(lambda: bool(kept.told.losses))
        with pytest.raises(PeerRefusedError, match="UDP port 5070 is taken"):
            raise kept.told.losses[0]


async def test_a_worker_that_is_late_is_told_of_once(tmp_path: Path) -> None:
    with capture_logs() as logs:
        async with supervised(Kept(tmp_path)) as kept:
            await kept.at_work()
            await kept.place("lag")
            await until(lambda: any(entry["event"] == "sip_worker_slow" for entry in logs))
            await until(lambda: kept.supervisor.heartbeat is not None and kept.supervisor.heartbeat.lag_ms == 500.0)
    slow = [entry for entry in logs if entry["event"] == "sip_worker_slow"]
    assert [(entry["lag_ms"], "workers" in entry["cure"]) for entry in slow] == [(500, True)]
