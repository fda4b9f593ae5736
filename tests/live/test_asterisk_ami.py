"""The connector on real Asterisks: the contract, and what only a real one can show."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from rig.asterisk import Asterisk
from support.ami_contract import TIMEOUT_S, AmiContract, Pbx
from support.line import Line

from connectors._kit.tls import TlsSettings
from connectors.asterisk_ami.protocol import MAX_ACTION_LINE_BYTES, encode_action
from connectors.asterisk_ami.record import record
from connectors.asterisk_ami.replay import events_of
from connectors.asterisk_ami.snippet import NOISE, files
from gateway.model.errors import CommandUnansweredError
from gateway.model.events import LegCreated, LegSeen, SnapshotDone

pytestmark = pytest.mark.live

SNIPPET_SECRET = "CHANGE-ME-TO-SOMETHING-LONG"
CALL = [("Channel", "Local/6000@internal"), ("Application", "Wait"), ("Data", "20"), ("Async", "true")]
"""Makes legs without any telephone."""


@pytest.fixture(scope="module", params=[22, 16])
def own_asterisk(request: pytest.FixtureRequest) -> Any:
    """An Asterisk whose files have the snippet's lines, and that may be restarted."""
    pbx = Asterisk(request.param, append=files(str(request.param)))
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


class TestRealAsterisk(AmiContract):
    @pytest.fixture
    async def pbx(self, own_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Pbx]:
        async with Line(own_asterisk.ports.ami) as line:
            yield Pbx(line, "tieline", SNIPPET_SECRET, own_asterisk.restart, tmp_path)


@pytest.fixture
async def full(own_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[Pbx]:
    """The same by a user who may do everything."""
    async with Line(own_asterisk.ports.ami) as line:
        yield Pbx(line, "full", "full-secret", own_asterisk.restart, tmp_path)


async def test_snippet_grants_all_that_is_asked_for_and_keeps_the_noise_away(
    own_asterisk: Asterisk, full: Pbx, tmp_path: Path
) -> None:
    assert "tieline" in await own_asterisk.cli("manager show users")
    listener = Pbx(full.line, "tieline", SNIPPET_SECRET, own_asterisk.restart, tmp_path)
    folder = tmp_path / "recording"
    recording = asyncio.create_task(record(listener.settings(), folder, anonymise=False))
    async with full.connected() as commander, listener.connected():
        assert "manager.conf" not in listener.sink.states[-1].detail
        assert (await commander.action("Originate", CALL))[0].name == "Success"
        await listener.sink.until(lambda: bool(listener.sink.named(LegCreated)), TIMEOUT_S)
        await asyncio.sleep(1)
        await commander.action("Hangup", [("Channel", "/^Local.*/")])
        await own_asterisk.idle()
        await asyncio.sleep(0.5)
    recording.cancel()
    await asyncio.wait([recording])
    wire = (folder / "wire.ami").read_bytes()
    assert b"Event: Newexten\r\n" in wire
    assert b"\r\nTimestamp: " in wire
    assert b"Event: Cdr\r\n" in wire
    assert [name for name in NOISE if f"Event: {name}\r\n".encode() in wire] == []
    assert b"Permission denied" not in wire
    heard = {event.leg for event in events_of(folder, listener.settings().site) if isinstance(event, LegCreated)}
    assert heard == {event.leg for event in listener.sink.named(LegCreated) if isinstance(event, LegCreated)}


async def test_user_without_the_right_to_list_legs_still_gets_those_that_talk(
    own_asterisk: Asterisk, full: Pbx, tmp_path: Path
) -> None:
    limited = Pbx(full.line, "readonly", "ro-secret", own_asterisk.restart, tmp_path)
    async with full.connected() as commander:
        call = [
            ("Channel", "Local/6000@internal"),
            ("Context", "internal"),
            ("Exten", "6000"),
            ("Priority", "1"),
            ("Async", "true"),
        ]
        assert (await commander.action("Originate", call))[0].name == "Success"
        await full.sink.until(lambda: len(full.sink.named(LegCreated)) >= 2, TIMEOUT_S)
        await asyncio.sleep(1.5)
        async with limited.connected():
            await limited.sink.until(lambda: "manager.conf" in limited.sink.states[-1].detail, TIMEOUT_S)
        await commander.action("Hangup", [("Channel", "/^Local.*/")])
        await own_asterisk.idle()
    assert "`write = reporting`" in next(state.detail for state in limited.sink.states if "manager.conf" in state.detail)
    assert len(limited.sink.named(LegSeen)) >= 1
    assert len(limited.sink.named(SnapshotDone)) == 1


async def test_tls_with_the_pbxs_own_certificate(own_asterisk: Asterisk, tmp_path: Path) -> None:
    certificate = str(own_asterisk.run / "etc" / "ami.pem")
    async with Line(own_asterisk.ports.ami_tls) as line:
        pbx = Pbx(line, "tieline", SNIPPET_SECRET, own_asterisk.restart, tmp_path)
        async with pbx.connected(tls=TlsSettings(ca_file=certificate, verify=False)) as connector:
            assert (await connector.action("Ping"))[0].name == "Success"


async def test_longest_line_of_an_action_is_what_asterisk_reads(full: Pbx) -> None:
    async with full.connected() as connector:
        name = "Variable: "
        value = "X" * (MAX_ACTION_LINE_BYTES - len(name))
        assert (await connector.action("Getvar", [("Variable", value)]))[0].name in ("Success", "Error")
        link = connector._link
        assert link is not None
        # One byte more is dropped with its line: this is why we refuse to send it.
        data = (
            encode_action("Ping", [], "longer").removesuffix(b"\r\n")
            + b"Variable: "
            + b"X" * (MAX_ACTION_LINE_BYTES)
            + b"\r\n\r\n"
        )
        link._writer.write(data)
        assert (await connector.action("Ping"))[0].name == "Success"


async def test_events_of_a_call_are_the_same_however_often_the_line_is_cut_between_calls(full: Pbx) -> None:
    random = Random(1)
    async with full.connected(retry_min_s=0.05) as connector:
        for _ in range(3):
            legs = len(full.sink.named(LegCreated))
            await connector.action("Originate", [*CALL[:2], ("Data", "1"), ("Async", "true")])
            await full.sink.until(lambda legs=legs: len(full.sink.named(LegCreated)) >= legs + 2, TIMEOUT_S)  # type: ignore[misc]  # bound now
            await asyncio.sleep(1.5 + random.random())
            full.line.cut()
            await full.sink.connected()
    assert len(full.sink.gaps) == 3


async def test_action_in_flight_when_the_line_is_cut_is_done_once_at_most(full: Pbx) -> None:
    async with full.connected() as connector:
        full.line.stall()
        asking = asyncio.create_task(connector.action("Originate", CALL, timeout_s=20))
        await asyncio.sleep(0.3)
        full.line.cut()
        full.line.resume()
        with pytest.raises(CommandUnansweredError):
            await asking
        await full.sink.connected()
        await asyncio.sleep(1)
        assert len(full.sink.named(LegCreated)) <= 2
