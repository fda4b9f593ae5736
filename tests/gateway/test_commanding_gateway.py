"""A whole gateway, on a real database, whose PBX takes commands."""

import asyncio
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from support.commanding import ObedientPbx
from support.waiting import until

from gateway import app
from gateway.app import Gateway
from gateway.model.ids import PbxName
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, Settings, StoreSettings

DEMO = PbxName("demo")
PHONES = frozenset({"1001", "1002"})


@pytest.fixture
def pbx(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ObedientPbx:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setattr("support.commanding.UNANSWERED_S", 60.0)
    obedient = ObedientPbx(DEMO, time.time, PHONES)
    monkeypatch.setattr(app, "connector_of", lambda _entry, _folder: obedient)
    return obedient


def gateway() -> Gateway:
    settings: Settings = msgspec.structs.replace(embedded_default(), api=ApiSettings(port=0), store=StoreSettings())
    return Gateway(settings)


async def asked(address: str, method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
    headers = {} if key is None else {"Idempotency-Key": key}
    async with (
        ClientSession(headers=headers) as session,
        session.request(method, f"{address}api/v1/{path}", json=body) as response,
    ):
        return response.status, await response.json()


async def test_a_call_is_placed_seen_and_hung_up_over_rest(pbx: ObedientPbx) -> None:
    async with gateway().running() as address:
        body = {"extension": "1001", "number": "1002"}
        await until(pbx.is_connected)
        status, placed = await asked(address, "POST", "calls", body, "one")
        _, call = await asked(address, "GET", f"calls/{placed['call_id']}")
        hung_up, _ = await asked(address, "POST", f"calls/{placed['call_id']}/hang-up")

        async def ended() -> bool:
            return bool((await asked(address, "GET", f"calls/{placed['call_id']}"))[1]["state"] == "ended")

        await until(ended)
        _, audit = await asked(address, "GET", "audit")

    assert (status, hung_up) == (202, 202)
    assert (call["state"], call["caller"]) == ("active", "1001")
    assert [(entry["command"]["type"], entry["state"]) for entry in audit["entries"]] == [
        ("hang_up", "accepted"),
        ("place_call", "accepted"),
    ]


async def test_a_gateway_that_stops_in_the_middle_knows_afterwards_and_never_calls_twice(pbx: ObedientPbx) -> None:
    body = {"extension": "1001", "number": "1002"}
    pbx.mute = True
    first = gateway()
    async with first.running() as address:
        await until(pbx.is_connected)
        asking = asyncio.create_task(asked(address, "POST", "calls", body, "one"))
        await until(lambda: bool(pbx.received))
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    pbx.mute = False
    async with gateway().running() as address:

        async def judged() -> bool:
            return bool((await asked(address, "POST", "calls", body, "one"))[1]["state"] == "accepted")

        await until(judged)
        _, again = await asked(address, "POST", "calls", body, "one")
        _, calls = await asked(address, "GET", "calls?state=active")

    assert [call["call_id"] for call in calls["calls"]] == [again["call_id"]]
    assert again["command_id"] == pbx.received[0].id
    assert len(pbx.received) == 1
