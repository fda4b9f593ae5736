"""A gateway that is killed (-9) while a FreeSWITCH has calls, and started again: what goes on is told on."""

import asyncio
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from bench.soak_gateway import SNIPPET_SECRET, GatewayProcess, Listener
from support.played_freeswitch import PlayedCall, PlayedFreeswitch
from support.postgres import postgres
from support.truth import differences

pytestmark = [pytest.mark.live, pytest.mark.slow]

BRIDGE: Final = "bridge_two_endpoints_plain"
TOLD_S: Final = 10.0

Record = dict[str, Any]


async def records_when(gateway: GatewayProcess, ready: Callable[[list[Record]], bool]) -> list[Record]:
    """Return the records once they are as expected, or as they are after a while."""
    loop = asyncio.get_running_loop()
    until = loop.time() + TOLD_S
    while True:
        records = await gateway.records()
        if ready(records) or loop.time() > until:
            return records
        await asyncio.sleep(0.1)


def by_call(calls: list[PlayedCall], records: list[Record]) -> list[Record]:
    """Return each call's one record."""
    found = [[record for record in records if call.legs & set(record["pbx_ids"])] for call in calls]
    assert [len(each) for each in found] == [1] * len(calls)
    assert len(records) == len(calls)
    return [record for (record,) in found]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_calls_go_on_where_they_were(database: str, tmp_path: Path) -> None:
    with ExitStack() as stack:
        url = stack.enter_context(postgres()).database() if database == "postgresql" else None
        async with (
            PlayedFreeswitch(SNIPPET_SECRET) as pbx,
            GatewayProcess(tmp_path, [pbx.connector("${env:SOAK_SECRET}")], url) as gateway,
            Listener(gateway) as listener,
        ):
            talking, on_hold, over = (pbx.begin(kind) for kind in (BRIDGE, "hold_reinvite_plain", BRIDGE))
            waiting, ringing = pbx.begin("abandon_in_queue_plain"), pbx.begin("caller_cancels_while_ringing_plain")
            going_on = [talking, on_hold, waiting, ringing]
            await asyncio.gather(
                talking.go("CHANNEL_BRIDGE"),
                on_hold.go("CHANNEL_HOLD"),
                over.go("CHANNEL_BRIDGE"),
                waiting.go("member-queue-start"),
                ringing.go("CHANNEL_PROGRESS"),
            )
            before = await records_when(gateway, lambda records: len(records) == len(pbx.calls))
            assert {record["state"] for record in before} == {"active"}

            await gateway.kill()
            new = pbx.begin(BRIDGE)
            await asyncio.gather(over.go(), new.go("CHANNEL_BRIDGE"))
            await gateway.start()
            back = by_call(pbx.calls, await records_when(gateway, lambda records: len(records) == len(pbx.calls)))
            assert [record["state"] for record in back] == ["active", "active", "ended", "active", "active", "active"]

            await asyncio.gather(*(call.go() for call in (*going_on, new)))
            ended = await records_when(gateway, lambda records: {record["state"] for record in records} == {"ended"})
            gaps, wrong = listener.gaps, listener.wrong()

    records = by_call(pbx.calls, ended)
    assert [record["call_id"] for record in records] == [record["call_id"] for record in back]
    assert {record["state"] for record in records} == {"ended"}
    for call, record in zip(pbx.calls, records, strict=True):
        if call in going_on:
            assert (differences(_resumed(call), record), record["complete"]) == ([], False), call.kind
    heard_not, met = records[pbx.calls.index(over)], records[pbx.calls.index(new)]
    assert differences({"caller": over.caller, "outcome": "answered", "answered_by": [over.desks[1]]}, heard_not) == []
    assert (heard_not["complete"], heard_not["ended_by"], heard_not["talk_s"]) == (False, None, None)
    assert differences({"caller": new.caller, "called": "8001", "ended_by": "caller"}, met) == []
    assert (len(gaps), wrong) == (1, [])


def _resumed(call: PlayedCall) -> Record:
    """Return what a call's record must say that stood still while the gateway was away: what it did then, nobody knows."""
    truth = call.truth
    if truth["talk_s"]:
        return truth | {"talk_s": None, "hold_s": None}
    return truth | {"wait_s": truth["wait_s"] + call.paused_s} if "wait_s" in truth else truth
