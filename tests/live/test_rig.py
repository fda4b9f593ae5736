"""The rig itself: the real PBX, its telephones and its load do what the other live tests rely on."""

import asyncio
import gzip
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from rig.ami import AmiRecorder
from rig.asterisk import Asterisk
from rig.leg import Answer
from rig.phone import Phone
from rig.record_scenarios import load_scenarios
from rig.sipp import Load, LoadCall
from rig.stage import CDR_COLUMNS, FROM_CALLER, SCENARIOS, Ensemble, read_rows, record

from .conftest import Phones

pytestmark = pytest.mark.live


async def test_a_call_between_telephones_is_in_the_pbxs_own_records(asterisk: Asterisk, phones: Phones, carrier: Phone) -> None:
    agent = await phones("1001")
    agent.behaviour = Answer(0.3)
    caller_leg = await carrier.dial("551001", FROM_CALLER)
    agent_leg = await (await agent.next_leg()).until_up()
    await caller_leg.until_up()
    await asyncio.sleep(1.2)
    await caller_leg.hang_up()
    await agent_leg.until_ended()
    await asterisk.idle()
    row = read_rows(asterisk.cdr_path, CDR_COLUMNS, 0)[-1]
    assert (row["src"], row["dst"], row["disposition"]) == ("+85291234567", "551001", "ANSWERED")
    assert agent_leg.connected_s == pytest.approx(1.2, abs=0.4)
    assert agent_leg.ended_by == "pbx"
    assert agent_leg.voice.heard > 30


async def test_load_is_answered_through_menu_and_queue(
    asterisk: Asterisk, sipp: Callable[[Load], Awaitable[list[LoadCall]]]
) -> None:
    calls = await sipp(Load("5320", calls=10, per_second=10, hang_up_after_s=3.5, digit="1"))
    assert [call.ended_by for call in calls] == ["caller"] * 10
    assert all(call.talk_s is not None and call.talk_s > 1 for call in calls)


async def test_a_scenario_leaves_a_capture_folder_with_its_truth(asterisk: Asterisk, tmp_path: Path) -> None:
    load_scenarios()
    async with Ensemble(asterisk) as ensemble:
        size = await record(SCENARIOS["originate_plain"], ensemble, tmp_path / "click", "full")
    wire = gzip.decompress((tmp_path / "click/wire.ami.gz").read_bytes())
    chunks = [json.loads(line) for line in (tmp_path / "click/chunks.jsonl").read_text().splitlines()]
    sent = (tmp_path / "click/sent.jsonl").read_text()
    truth = json.loads((tmp_path / "click/truth.json").read_text())
    assert len(wire) == size == sum(length for _, _, length in chunks)
    assert "Action: Originate" in sent
    assert truth["calls"][0]["answered_by"] == ["8885551"]
    assert [leg["phone"] for leg in truth["phones"]] == ["1001", "carrier"]
    assert truth["cdr"][0]["disposition"] == "ANSWERED"


async def test_a_killed_pbx_starts_again_on_its_ports(asterisk: Asterisk) -> None:
    before = asterisk.pid
    await asterisk.restart()
    assert asterisk.pid != before
    recorder = await AmiRecorder(asterisk.ports.ami).open()
    assert "Success" in await recorder.action("Ping")
    await recorder.close()
