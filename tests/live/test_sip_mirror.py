"""Lamps of a real Asterisk: what its hints tell of calls is what its telephones did."""

import asyncio
from typing import Any

import pytest
from rig.asterisk import Asterisk
from rig.lamps import PLAYS, SETTLED_S, settings_for
from rig.stage import Ensemble
from support.recording_sink import RecordingSink
from support.replaying import run
from support.truth import compare

from connectors.sip_mirror.connection import MirrorConnector
from gateway.model.events import SnapshotDone
from gateway.model.ids import PbxName
from gateway.model.record import record_of
from gateway.ports.connector import LinkStatus

pytestmark = pytest.mark.live

PLAYED = ("hold", "blind_transfer", "attended_transfer", "dialled_outside")
"""One after the other on one connection; the captures have the others."""


async def test_calls_are_told_as_they_are(asterisk: Asterisk) -> None:
    settings, sink, truths = settings_for(asterisk), RecordingSink(), []
    async with Ensemble(asterisk) as ensemble:
        watching = asyncio.create_task(MirrorConnector(PbxName("office"), settings).run(sink))
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        assert "3 of 3 telephones watched" in sink.states[-1].detail
        for name in PLAYED:
            truths.append(await PLAYS[name](ensemble))
            await asyncio.sleep(SETTLED_S)
            await ensemble.tidy()
        watching.cancel()
        await asyncio.wait([watching])
    calls, _ = run(sink.events, settings.site)
    records = [record_of(call, settings.site) for call in calls.values() if call.merged_into is None]
    told: list[dict[str, Any]] = [
        {key: value for key, value in call.items() if key not in truth["untold"]} for truth in truths for call in truth["calls"]
    ]
    assert compare({"calls": told}, records) == []
    assert sink.gaps == []
    assert sink.status is LinkStatus.STOPPED


async def test_an_asterisk_that_is_killed_is_a_gap_and_then_watched_again() -> None:
    async with Asterisk() as pbx:
        sink = RecordingSink()
        watching = asyncio.create_task(MirrorConnector(PbxName("office"), settings_for(pbx)).run(sink))
        await sink.until(lambda: bool(sink.named(SnapshotDone)))
        await pbx.restart()
        await sink.until(lambda: len(sink.named(SnapshotDone)) == 2)
        watching.cancel()
        await asyncio.wait([watching])
    assert len(sink.gaps) == 1
