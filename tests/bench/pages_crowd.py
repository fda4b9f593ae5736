"""How long the pages keep a browser busy at a stretch, with 500 agents, 200 callers waiting, and 100 changes a second.

The supervisor's and the agent's page in Chromium, in each of the sections in which a crowd is seen. ``python -m bench.pages_crowd
--check`` (in tests/) fails when a task took over 50 ms: from there on somebody who types or scrolls notices it.
"""

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final

from bench.soak_gateway import Gateway
from playwright.async_api import Browser
from rig.asterisk import Asterisk
from rig.site import SITE
from support.agent_desks import browser, signed_in, users
from support.commanded_desk import snippet_files
from support.crowd import AGENTS, QUEUE, WAITING, crowded

BAR_MS: Final = 50.0
SETTLES_S: Final = 3.0
SECTIONS: Final = {
    "supervisor, wallboard": ("sue", "supervisor#board", None),
    "supervisor, agents": ("sue", "supervisor#agents", None),
    "supervisor, calls": ("sue", "supervisor#calls", None),
    "agent, between calls": ("anna", "agent", None),
    "agent, colleagues": ("anna", "agent", "Colleagues"),
}
"""By name: who looks, where, and what he chooses there."""


async def measure(folder: Path) -> dict[str, list[float]]:
    """Milliseconds of each task over 50 ms, by section."""
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(Asterisk(22, append=snippet_files(22)))
        site = SITE | {"queues": [{"queue": QUEUE, "name": "Support"}]}
        gateway = await stack.enter_async_context(Gateway(folder, pbx, pbx.ports.ami, site=site))
        await users(gateway, {"login": "sue", "role": "supervisor"}, {"login": "anna", "role": "agent", "extension": "1001"})
        chromium = await stack.enter_async_context(browser())
        return {name: await _look(chromium, gateway, *how) for name, how in SECTIONS.items()}


async def _look(chromium: Browser, gateway: Gateway, login: str, address: str, chosen: str | None) -> list[float]:
    context = await signed_in(chromium, gateway, login)
    page = await context.new_page()
    all_told = await crowded(page)
    await page.goto(gateway.address + address)
    if chosen is not None:
        await page.get_by_role("button", name=chosen).first.click()
    await all_told()
    await asyncio.sleep(SETTLES_S)
    tasks: list[float] = await page.evaluate("long")
    await context.close()
    return tasks


def main() -> int:
    """Return 0, or 1 when the bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a task takes longer than the bar")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crowd-") as folder:
        found = asyncio.run(measure(Path(folder)))
    print(f"{AGENTS} agents, {WAITING} callers waiting, 100 changes a second: tasks over {BAR_MS:.0f} ms")
    for name, tasks in found.items():
        print(f"{name:<24} {len(tasks):3d}   longest {f'{max(tasks):.0f} ms' if tasks else 'under the bar'}")
    return 1 if any(found.values()) and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
