import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.scripted_sip_worker import PROGRAM

from connectors.sip import wire
from connectors.sip.attachment import Attachment
from connectors.sip.packets import listen_at
from connectors.sip.process import Files, WorkerProcess, folder_for
from gateway.model.errors import CommandUnansweredError, PeerUnavailableError

DEADLINE_S = 20.0


@asynccontextmanager
async def attached(folder: Path, program: tuple[str, ...] = PROGRAM) -> AsyncIterator[tuple[Attachment, list[wire.Report]]]:
    files = Files(folder_for(folder), "worker-1")
    with listen_at(files.socket) as listening:
        process = WorkerProcess.start(files, listening, program)
    reports: list[wire.Report] = []
    attachment = Attachment(process, report=reports.append, heard=lambda frame: None)
    try:
        yield attachment, reports
    finally:
        await attachment.end(leave=False, within_s=2)


async def test_what_is_said_before_anybody_listens_is_kept(tmp_path: Path) -> None:
    async with attached(tmp_path) as (attachment, reports):
        hello = await attachment.greet(DEADLINE_S)
        assert hello.fingerprint is None
        await attachment.ask(wire.Place(account="trunk", to="2001", reference="x"), DEADLINE_S)
        await attachment.ask(wire.Place(account="trunk", to="2001", reference="x"), DEADLINE_S)
        assert reports == []
        attachment.begin()
        assert [type(report) for report in reports[:2]] == [wire.CallChanged, wire.CallChanged]
        assert len(attachment.calls) == 2


async def test_who_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with attached(tmp_path, ("-c", "import time; time.sleep(60)")) as (attachment, _):
        with pytest.raises(PeerUnavailableError, match=r"did not say that it is there within 0\.2 s"):
            await attachment.greet(0.2)


async def test_who_ends_before_he_says_anything_is_told_with_his_last_words(tmp_path: Path) -> None:
    async with attached(tmp_path, ("-c", "import time; time.sleep(0.2); raise SystemExit('no pjsua2')")) as (attachment, _):
        with pytest.raises(PeerUnavailableError, match="ended with status 1: no pjsua2"):
            await attachment.greet(DEADLINE_S)
        with pytest.raises(PeerUnavailableError, match="no pjsua2"):
            await attachment.ask(wire.Drain(), DEADLINE_S)


async def test_while_nobody_listens_its_heart_is_not_missed(tmp_path: Path) -> None:
    async with attached(tmp_path) as (attachment, _):
        await attachment.greet(DEADLINE_S)
        attachment.pause()
        await asyncio.sleep(0.05)
        assert attachment.silent_s == 0
        with pytest.raises(CommandUnansweredError, match=r"did not answer Drain within 0\.1 s"):
            await attachment.ask(wire.Drain(), 0.1)
        attachment.resume()
        await attachment.ask(wire.Drain(), DEADLINE_S)
