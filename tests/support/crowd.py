"""A big site in a browser: 500 agents and 200 callers who wait, told to a page in place of what a gateway would say."""

import asyncio
import itertools
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

from playwright.async_api import Page, Route, WebSocketRoute

AGENTS: Final = 500
WAITING: Final = 200
EVENTS: Final = 300
"""Changes of agents' states that are told, one every 10 ms: a minute of a busy floor within three seconds."""
EVERY_S: Final = 0.01
PBX: Final = "cc1"
QUEUE: Final = "support"
_STATES: Final = ("ready", "talking", "after_call_work", "not_ready")
LONG_TASKS: Final = """
window.long = [];
const note = (list) => list.getEntries().forEach((each) => long.push(each.duration));
new PerformanceObserver(note).observe({ type: "longtask", buffered: true });
"""
"""A script that keeps the milliseconds of each of a page's tasks over 50 ms in ``long``."""


def agent(number: int, state: str) -> dict[str, Any]:
    """Return an agent as the API tells him."""
    return {
        "pbx": PBX, "extension": str(2000 + number), "agent": None, "name": f"Agent {number}", "state": state, "reason": None,
        "since": "2026-11-22T08:00:00Z", "call_id": None, "queue": None, "queues": [QUEUE], "memberships": [],
    }  # fmt: skip


def waiting(number: int) -> dict[str, Any]:
    """Return a call whose caller waits, as the API tells it."""
    began = f"2026-11-22T08:{number // 60:02}:{number % 60:02}Z"
    return {
        "call_id": f"01M{number:023}", "pbx": PBX, "state": "active", "started_at": began, "direction": "inbound",
        "caller": f"+8529{number:07}", "caller_name": f"Caller {number}", "caller_e164": f"+8529{number:07}", "called": "5000",
        "queue": QUEUE, "phase": {"name": "queued", "since": began, "parties": []},
    }  # fmt: skip


async def crowded(page: Page) -> Callable[[], Awaitable[None]]:
    """Have the page told of the big site from its next opening on; return what waits until all changes are told."""
    told = asyncio.Event()

    async def crowd(route: Route) -> None:
        answer = await route.fetch()
        body = await answer.json()
        if "/agents" in route.request.url:
            body["agents"] = [agent(number, _STATES[number % 4]) for number in range(AGENTS)]
        elif "/desk" in route.request.url:
            for queue in body["queues"]:
                queue["waiting"] = [{"call_id": each["call_id"], "joined_at": each["started_at"]} for each in _WAITING]
        else:
            body["calls"] = _WAITING
        await route.fulfill(response=answer, json=body)

    async def stream(socket: WebSocketRoute) -> None:
        position = itertools.count(10**16)
        socket.on_message(lambda _message: None)
        socket.send(json.dumps({"type": "subscribed", "position": next(position), "topics": ["*"]}))
        for number in range(EVENTS):
            changed = agent(number, _STATES[(number + 1) % 4])
            event = {"id": str(number), "type": "agent.state_changed", "time": changed["since"], "pbx": PBX, "data": changed}
            socket.send(json.dumps(event | {"position": next(position)}))
            await asyncio.sleep(EVERY_S)
        told.set()

    async def all_told() -> None:
        async with asyncio.timeout(30):
            await told.wait()

    await page.route("**/api/v1/agents*", crowd)
    await page.route("**/api/v1/desk", crowd)
    await page.route("**/api/v1/calls?*state=active*", crowd)
    await page.route_web_socket("**/api/v1/events", stream)
    await page.add_init_script(LONG_TASKS)
    return all_told


_WAITING: Final = [waiting(number) for number in range(WAITING)]
