"""Calls of a real Asterisk that dies, restarts or is met in the middle of them: told as far as somebody heard, and no further."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rig.asterisk import Asterisk
from rig.leg import Answer, Ring
from rig.phone import Phone
from rig.site import CARRIER_HOST, SITE
from support.gateways import Parts, at_work
from support.line import Line
from support.memory_store import MemoryStore
from support.waiting import until

from connectors._kit.tls import TlsSettings
from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings
from connectors.asterisk_ami.snippet import USER, files
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.model.secret import Secret
from gateway.model.site import Site, site_from
from gateway.ports.connector import LinkStatus
from gateway.session.engine import Engine

pytestmark = [pytest.mark.live, pytest.mark.slow]

PBX = PbxName("cc1")
SITE_OF_PBX: Site = site_from(SITE)
SNIPPET_SECRET = "CHANGE-ME-TO-SOMETHING-LONG"
CALLER = "+85291234567"
SECOND = "+85298765432"
THIRD = "+8613916880001"
MENU, QUEUE = "5100", "5040"
CDR_WITHIN_S = 15.0


@pytest.fixture(scope="module", params=[22, 16])
def pbx(request: pytest.FixtureRequest) -> Iterator[Asterisk]:
    """An Asterisk with the snippet's lines, for this module to kill."""
    made = Asterisk(request.param, append=files(str(request.param)))
    asyncio.run(made.__aenter__())
    yield made
    asyncio.run(made.__aexit__())


class Heard:
    """A gateway's engine that hears the PBX by a line that can be cut."""

    def __init__(self, pbx: Asterisk, line: Line, folder: Path) -> None:
        self.line = line
        self._folder = folder
        self.store = MemoryStore(calls=100, events=1000)
        self.parts = Parts(store=self.store)
        self.engine = Engine(self.parts.committer, {PBX: SITE_OF_PBX}, now=time.time)
        self.state = self.engine.pbxs[PBX]
        self._settings = AsteriskSettings(
            host="127.0.0.1",
            port=line.port,
            username=USER,
            secret=Secret(SNIPPET_SECRET),
            site=SITE_OF_PBX,
            retry_max_s=1.0,
            cdr_csv=str(pbx.cdr_path),
            queue_log=str(pbx.run / "log/queue_log"),
        )

    @asynccontextmanager
    async def listening(self, **changed: Any) -> AsyncIterator[AsteriskConnector]:
        """Connect, and wait until all that lives is known."""
        connector = AsteriskConnector(PBX, msgspec.structs.replace(self._settings, **changed), self._folder)
        async with at_work(self.parts.committer, self.engine), running(connector.run(self.engine)):
            await self.connected()
            yield connector

    async def connected(self) -> None:
        """Wait until the PBX is heard, and what a snapshot brings has come."""
        await until(lambda: self.state.link.status is LinkStatus.CONNECTED, timeout_s=40)
        await asyncio.sleep(0.5)

    def records(self) -> dict[str, dict[str, Any]]:
        """Every call's record, by its caller; no caller has two."""
        records = [record_of(call, SITE_OF_PBX) for call in (*self.state.live, *self.store.kept)]
        by_caller = {str(record["caller"]): record for record in records}
        assert len(by_caller) == len(records), records
        return by_caller

    def record(self, caller: str) -> dict[str, Any]:
        """The record of this caller's call; empty while there is none."""
        return self.records().get(caller, {})

    async def ended(self, *callers: str) -> None:
        """Wait until these calls are known to have ended."""
        await until(lambda: all(self.record(caller).get("state") == "ended" for caller in callers))


@asynccontextmanager
async def running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the connector while the context is open."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


class Telephones:
    """The site's telephones and the trunk's far end."""

    def __init__(self, pbx: Asterisk) -> None:
        self._pbx = pbx
        self.desks: dict[str, Phone] = {}
        self.carrier = Phone("carrier", pbx.sip, CARRIER_HOST, pbx.ports.carrier)

    async def open(self, *desks: str) -> None:
        await self.carrier.open()
        for desk in desks:
            self.desks[desk] = await Phone(desk, self._pbx.sip, password=f"secret{desk}").open()
        await self.register()

    async def register(self) -> None:
        for desk in self.desks.values():
            assert await desk.register() == 200

    async def close(self) -> None:
        """Hang up, and let the PBX forget where the telephones were: it remembers that over its restarts."""
        for desk in self.desks.values():
            await desk.register(0)
        for phone in (*self.desks.values(), self.carrier):
            await phone.close()

    async def call(self, number: str, caller: str) -> Any:
        return await self.carrier.dial(number, f"<sip:{caller}@{CARRIER_HOST}>")


@pytest.fixture
async def heard(pbx: Asterisk, tmp_path: Path) -> AsyncIterator[Heard]:
    async with Line(pbx.ports.ami) as line:
        # A CDR's seconds are cut off: calls of the last one could be of this test.
        await asyncio.sleep(1.1)
        yield Heard(pbx, line, tmp_path)


@pytest.fixture
async def phones(pbx: Asterisk) -> AsyncIterator[Telephones]:
    telephones = Telephones(pbx)
    await telephones.open("1001", "1002", "1003")
    telephones.desks["1001"].behaviour = Answer(0.2)
    telephones.desks["1002"].behaviour = Ring()
    telephones.desks["1003"].behaviour = Answer(0.2)
    yield telephones
    await telephones.close()
    await pbx.idle()


async def talking_and_ringing(phones: Telephones, heard: Heard | None) -> tuple[Any, Any]:
    """One caller talks with 1001, another lets 1002 ring."""
    talking, ringing = await phones.call("551001", CALLER), await phones.call("551002", SECOND)
    await talking.until_up()
    if heard is not None:
        await until(lambda: bool(heard.record(CALLER).get("answered_by")) and bool(heard.record(SECOND).get("rang")))
    await asyncio.sleep(1.0)
    return talking, ringing


async def test_calls_of_an_asterisk_that_was_killed_are_over_and_told_as_far_as_heard(
    pbx: Asterisk, phones: Telephones, heard: Heard
) -> None:
    async with heard.listening():
        await talking_and_ringing(phones, heard)
        await pbx.kill()
        await until(lambda: heard.state.link.status is LinkStatus.RETRYING)
        assert {record["state"] for record in heard.records().values()} == {"active"}
        await phones.carrier.hang_up_all()
        await pbx.start()
        await heard.connected()
        await heard.ended(CALLER, SECOND)
        talked, rang = heard.record(CALLER), heard.record(SECOND)
        assert (talked["outcome"], talked["answered_by"], talked["complete"]) == ("answered", ["1001"], False)
        assert (talked["ended_at"], talked["talk_s"], talked["ended_by"]) == (None, None, None)
        assert (rang["outcome"], rang["rang"], rang["complete"]) == ("unknown", ["1002"], False)
        assert heard.state.counts.gaps == 1

        # It counts its legs from nothing again.
        await phones.register()
        again = await phones.call("551001", THIRD)
        await again.until_up()
        await asyncio.sleep(1.5)
        await again.hang_up()
        await heard.ended(THIRD)
        record = heard.record(THIRD)
        assert (record["outcome"], record["answered_by"], record["complete"]) == ("answered", ["1001"], True)
        assert record["talk_s"] == pytest.approx(1.5, abs=0.4)
        assert len(heard.records()) == 3


async def test_an_asterisk_that_is_told_to_restart_ends_its_calls_itself(pbx: Asterisk, phones: Telephones, heard: Heard) -> None:
    async with heard.listening():
        await talking_and_ringing(phones, heard)
        await pbx.cli("core restart now")
        await heard.ended(CALLER, SECOND)
        talked, rang = heard.record(CALLER), heard.record(SECOND)
        assert (talked["outcome"], talked["complete"], talked["ended_by"]) == ("answered", True, "pbx")
        assert talked["talk_s"] == pytest.approx(1.2, abs=0.7)
        assert (rang["outcome"], rang["ended_by"], rang["complete"]) == ("failed", "pbx", True)
        # An Asterisk that runs by its own loader cannot execute itself again.
        await pbx.kill()
        await phones.carrier.hang_up_all()
        await pbx.start()
        await heard.connected()
        assert heard.state.live_count == 0
        assert set(heard.records()) == {CALLER, SECOND}


async def test_who_connects_in_the_middle_of_calls_finds_them_and_the_cdr_tells_the_rest(
    pbx: Asterisk, phones: Telephones, heard: Heard
) -> None:
    phones.desks["1003"].behaviour = Answer(0.2)
    talking, ringing = await talking_and_ringing(phones, None)
    in_menu = await phones.call(MENU, THIRD)
    await in_menu.until_up()
    await asyncio.sleep(1.0)
    async with heard.listening():
        await until(lambda: len(heard.records()) == 3)
        await until(lambda: heard.record(CALLER)["called"] == "551001")
        talked, rang, menu = (heard.record(caller) for caller in (CALLER, SECOND, THIRD))
        assert (talked["direction"], talked["answered_by"], talked["complete"]) == ("inbound", ["1001"], False)
        assert (talked["answered_at"], talked["talk_s"]) == (None, None)
        assert (rang["called"], rang["rang"], rang["answered_by"]) == ("551002", ["1002"], [])
        assert (menu["called"], menu["ivr_path"], menu["ivr_s"]) == (MENU, ["ivr-main"], None)
        await asyncio.sleep(1.0)
        for leg in (talking, ringing, in_menu):
            await leg.hang_up()
        await heard.ended(CALLER, SECOND, THIRD)
        await until(lambda: heard.record(CALLER)["talk_s"] is not None, timeout_s=CDR_WITHIN_S)
        talked, rang, menu = (heard.record(caller) for caller in (CALLER, SECOND, THIRD))
        assert (talked["outcome"], talked["ended_by"]) == ("answered", "caller")
        assert talked["talk_s"] == pytest.approx(talking.connected_s, abs=1.1)
        assert (rang["outcome"], rang["stage"], rang["ended_by"]) == ("abandoned", "ringing", "caller")
        assert (menu["outcome"], menu["stage"], menu["talk_s"]) == ("abandoned", "ivr", 0.0)


async def test_calls_that_end_and_come_and_go_while_the_line_is_away_are_told_by_the_files(
    pbx: Asterisk, phones: Telephones, heard: Heard
) -> None:
    async with heard.listening():
        talking, ringing = await talking_and_ringing(phones, heard)
        heard.line.lead_nowhere()
        await asyncio.sleep(0.3)
        hidden = await phones.call("551003", THIRD)
        await hidden.until_up()
        await asyncio.sleep(1.5)
        for leg in (talking, ringing, hidden):
            await leg.hang_up()
        await pbx.idle()
        heard.line.lead_on()
        await heard.connected()
        await until(lambda: len(heard.records()) == 3, timeout_s=CDR_WITHIN_S)
        await until(lambda: all(record["talk_s"] is not None for record in heard.records().values()), timeout_s=CDR_WITHIN_S)
        talked, rang, passed = (heard.record(caller) for caller in (CALLER, SECOND, THIRD))
        assert (talked["outcome"], talked["answered_by"], talked["ended_by"]) == ("answered", ["1001"], None)
        assert talked["talk_s"] == pytest.approx(talking.connected_s, abs=1.1)
        assert (rang["outcome"], rang["talk_s"]) == ("abandoned", 0.0)
        assert (passed["outcome"], passed["called"], passed["answered_by"]) == ("answered", "551003", ["1003"])
        assert passed["talk_s"] == pytest.approx(hidden.connected_s, abs=1.1)
        assert {record["complete"] for record in heard.records().values()} == {False}


async def test_a_caller_whom_a_queue_served_in_a_gap_has_his_talk_from_its_log(
    pbx: Asterisk, phones: Telephones, heard: Heard
) -> None:
    async with heard.listening():
        heard.line.lead_nowhere()
        await asyncio.sleep(0.3)
        caller = await phones.call(QUEUE, CALLER)
        agent = await phones.desks["1001"].next_leg()
        await agent.until_up()
        await asyncio.sleep(2.2)
        await caller.hang_up()
        await pbx.idle()
        heard.line.lead_on()
        await until(lambda: heard.record(CALLER).get("talk_s") is not None, timeout_s=CDR_WITHIN_S)
        record = heard.record(CALLER)
        assert (record["outcome"], record["answered_by"], record["ended_by"]) == ("answered", ["1001"], "caller")
        assert record["talk_s"] == pytest.approx(agent.connected_s, abs=1.1)


async def test_the_pbxs_certificate_is_checked_and_another_one_is_refused(pbx: Asterisk, tmp_path: Path) -> None:
    own, other = str(pbx.run / "etc/cert.pem"), "/etc/ssl/certs/ca-certificates.crt"
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Line(pbx.ports.ami_tls))
        heard = Heard(pbx, line, tmp_path)
        async with heard.listening(tls=TlsSettings(ca_file=own)) as connector:
            assert (await connector.action("Ping"))[0].name == "Success"
        strict = AsteriskConnector(PBX, msgspec.structs.replace(heard._settings, tls=TlsSettings(ca_file=other)), tmp_path)
        async with at_work(heard.parts.committer, heard.engine), running(strict.run(heard.engine)):
            await until(lambda: heard.state.link.status is LinkStatus.REFUSED)
            assert "certificate" in heard.state.link.detail


async def test_a_line_end_in_a_value_changes_nothing_in_the_pbx(pbx: Asterisk, heard: Heard) -> None:
    async with heard.listening(username="full", secret=Secret("full-secret")) as connector:
        forged = "x\r\n\r\nAction: DBPut\r\nFamily: forged\r\nKey: forged\r\nVal: 1"
        with pytest.raises(CommandRefusedError):
            await connector.action("Setvar", [("Variable", "A"), ("Value", forged)])
        await connector.action("Ping")
        assert "forged" not in await pbx.cli("database show")
