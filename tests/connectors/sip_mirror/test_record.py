import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from support.lamps import LampPbx
from support.virtual_time import clock, in_virtual_time

from connectors._kit.capture import read_capture
from connectors.sip_mirror.record import record
from connectors.sip_mirror.replay import NO_GREETING, WIRE, events_of
from connectors.sip_mirror.settings import MirrorSettings
from gateway.model.errors import CaptureError, PeerUnavailableError
from gateway.model.events import ConnectionLost, LegCreated
from gateway.model.site import Site

NUMBER = "+85291234567"


def settings(port: int) -> MirrorSettings:
    return MirrorSettings(host="127.0.0.1", port=port, extensions=("1001",), retry_max_s=1.0)


@asynccontextmanager
async def recording(port: int, folder: Path, *, anonymise: bool = False) -> AsyncIterator[None]:
    task = asyncio.create_task(record(settings(port), folder, anonymise=anonymise, clock=clock, random=Random(1)))
    await asyncio.sleep(1)
    assert not task.done()
    yield
    await asyncio.sleep(2)
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()


def callers(folder: Path) -> list[str | None]:
    return [event.number for event in events_of(folder, Site()) if isinstance(event, LegCreated)]


@pytest.mark.parametrize("anonymise", [False, True])
def test_what_is_recorded_can_be_replayed(tmp_path: Path, anonymise: bool) -> None:
    @in_virtual_time
    async def run() -> None:
        async with LampPbx("1001") as pbx, recording(pbx.port, tmp_path / "new", anonymise=anonymise):
            for state in ("early", "confirmed", "terminated"):
                pbx.tell("1001", state, NUMBER)
                await asyncio.sleep(1)

    run()
    caller, desk = callers(tmp_path / "new")
    assert desk == "1001"
    assert (caller == NUMBER) is not anonymise
    assert (NUMBER.encode() in (tmp_path / "new" / WIRE).read_bytes()) is not anonymise


@in_virtual_time
async def test_a_connection_that_is_lost_is_one_in_the_folder(tmp_path: Path) -> None:
    async with LampPbx("1001") as pbx, recording(pbx.port, tmp_path / "new"):
        pbx.silent = True
        await asyncio.sleep(20)
        pbx.silent = False
        await asyncio.sleep(20)
    assert len([event for event in events_of(tmp_path / "new", Site()) if isinstance(event, ConnectionLost)]) == 1
    assert list(read_capture(tmp_path / "new", WIRE, NO_GREETING))


@in_virtual_time
async def test_a_pbx_that_is_not_there_is_told_at_once(tmp_path: Path) -> None:
    async with LampPbx() as pbx:
        port = pbx.port
    with pytest.raises(PeerUnavailableError, match="nobody listens"):
        await record(settings(port), tmp_path / "new", anonymise=False, clock=clock)


@in_virtual_time
async def test_a_folder_that_holds_something_is_not_written_into(tmp_path: Path) -> None:
    (tmp_path / "old").touch()
    with pytest.raises(CaptureError, match="not empty"):
        await record(settings(5060), tmp_path, anonymise=False, clock=clock)
