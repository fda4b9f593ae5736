"""A whole gateway with a simulated call centre tells a program of another maker what happens, and who calls."""

import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientSession
from support.receiver import Receiver, receiving
from support.waiting import until

from gateway.app import Gateway
from gateway.settings.load import embedded_default
from gateway.settings.values import ApiSettings, Settings, StoreSettings, WebhookSettings


def settings(folder: Path) -> Settings:
    return msgspec.structs.replace(
        embedded_default(),
        api=ApiSettings(port=0),
        store=StoreSettings(url=f"sqlite:///{folder}/tieline.db"),
        webhooks=WebhookSettings(allow=("127.0.0.1",)),
        state_dir=str(folder),
    )


async def posted(address: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    async with ClientSession() as session, session.post(f"{address}api/v1/{path}", json=body) as response:
        assert response.status == 201, await response.text()
        made: dict[str, Any] = await response.json()
        return made


def is_whole(receiver: Receiver, first: int, last: int) -> bool:
    """Tell whether every event of these positions was taken, each call's in its order; what came twice counts once."""
    calls: dict[str | None, list[int]] = defaultdict(list)
    positions: set[int] = set()
    for event in receiver.got:
        if event["position"] not in positions:
            positions.add(event["position"])
            calls[event.get("call_id")].append(event["position"])
    in_order = all(told == sorted(told) for call, told in calls.items() if call is not None)
    return in_order and positions >= set(range(first, last + 1))


@pytest.mark.slow
async def test_every_event_reaches_a_receiver_across_a_restart(tmp_path: Path) -> None:
    async with receiving(time.time) as receiver:
        gateway = Gateway(settings(tmp_path))
        async with gateway.running() as address:
            made = await posted(address, "webhooks", {"name": "CRM", "url": receiver.url, "topics": ["*"]})
            receiver.secrets = [made["secret"]]
            first = made["position"] + 1
            await until(lambda: len(receiver.got) > 30, timeout_s=60.0)
        stopped_at = gateway.hub.position
        again = Gateway(settings(tmp_path))
        async with again.running():
            await until(lambda: again.hub.position > stopped_at + 30, timeout_s=60.0)
            last = again.hub.position
            await until(lambda: bool(receiver.got) and receiver.got[-1]["position"] >= last, timeout_s=60.0)
            await until(lambda: is_whole(receiver, first, last), timeout_s=60.0)

    assert receiver.forged == 0
    assert len(receiver.ids) - len(set(receiver.ids)) < 30, "only what the last second before the stop had sent comes again"


@pytest.mark.slow
async def test_who_calls_is_told_as_soon_as_he_is_known(tmp_path: Path) -> None:
    gateway = Gateway(settings(tmp_path))
    async with gateway.running() as address, ClientSession() as session:
        socket = await session.ws_connect(f"{address}api/v1/events")
        await socket.send_json({"type": "subscribe", "topics": ["call.customer_identified", "customer"]})
        stranger: dict[str, Any] = {}
        while stranger.get("type") != "call.customer_identified":
            stranger = await socket.receive_json(timeout=60.0)
        assert (stranger["data"]["matches"], stranger["data"]["customer"]) == (0, None)
        number = stranger["data"]["number"]

        made = await posted(address, "customers", {"name": "王芳", "numbers": [number]})
        told: list[dict[str, Any]] = []
        while not any(each["type"] == "call.customer_identified" and each["data"]["number"] == number for each in told):
            told.append(await socket.receive_json(timeout=60.0))
        await socket.close()
        async with session.get(f"{address}api/v1/calls/{told[-1]['call_id']}") as response:
            call = await response.json()

    assert told[-1]["data"]["customer"]["customer_id"] == made["customer_id"]
    created = next(each for each in told if each["type"] == "customer.created")
    assert "pbx" not in created
    assert call["customer"]["customer"]["name"] == "王芳"
