"""How soon agents' pages show the truth again after the gateway was killed (-9) and started, with calls in progress.

Twenty pages in Chromium, four of each of five agents; four agents talk at a real Asterisk, and while the gateway is away the
fifth one's telephone begins to ring. The clock runs
from the moment in which the gateway answers ``/readyz`` again to the one in which a page has no bar that says "cut off" and
shows its call. ``python -m bench.pages_restart --check`` (in tests/) fails when a page took longer than the bar, or when a call
is missing, or is there twice.
"""

import argparse
import asyncio
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final

from bench.soak_gateway import Gateway
from playwright.async_api import Page
from rig.asterisk import Asterisk
from rig.leg import Ring
from rig.site import SITE
from rig.stage import Ensemble
from support.agent_desks import browser, opened, signed_in, users
from support.commanded_desk import snippet_files

TALKING: Final = ("1001", "1002", "1003", "1004")
RINGS: Final = "1005"
TABS: Final = 4
"""Of each agent: twenty pages in all."""
BAR_S: Final = 3.0
DOWN_S: Final = 1.0
GIVE_UP_MS: Final = 30_000


@dataclass(frozen=True)
class Back:
    """How a page came back."""

    seconds: float
    calls: int
    """Cards on its stage."""


async def measure(folder: Path) -> tuple[float, list[Back]]:
    """Kill the gateway and start it; seconds until it was ready, and how each page came back."""
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(Asterisk(22, append=snippet_files(22)))
        phones = await stack.enter_async_context(Ensemble(pbx))
        for phone in phones.agents.values():
            phone.behaviour = Ring()
        gateway = await stack.enter_async_context(Gateway(folder, pbx, pbx.ports.ami, site=SITE))
        seats = (*TALKING, RINGS)
        await users(gateway, *({"login": f"agent{seat}", "role": "agent", "extension": seat} for seat in seats))
        chromium = await stack.enter_async_context(browser())
        pages: list[tuple[str, Page]] = []
        for seat in seats:
            context = await signed_in(chromium, gateway, f"agent{seat}")
            pages += [(seat, await opened(context, gateway)) for _ in range(TABS)]
        for seat in TALKING:
            await phones.carrier.dial(f"55{seat}", f"<sip:+8529600{seat}@127.0.0.2>")
            leg = await phones.agents[seat].next_leg()
            leg.answer()
            await leg.until_up()
        for seat, page in pages:
            if seat in TALKING:
                await page.locator('article[data-part="connected"]').wait_for()
        await gateway.kill()
        for _, page in pages:
            await page.locator(".bar-note").first.wait_for()
        await phones.carrier.dial(f"55{RINGS}", f"<sip:+8529600{RINGS}@127.0.0.2>")
        await phones.agents[RINGS].next_leg()
        await asyncio.sleep(DOWN_S)
        began = perf_counter()
        await gateway.start()
        ready = perf_counter()
        backs = await asyncio.gather(*(_back(page, seat, ready) for seat, page in pages))
        return ready - began, list(backs)


async def _back(page: Page, seat: str, ready: float) -> Back:
    part = "ringing" if seat == RINGS else "connected"
    await page.wait_for_function(
        f"""() => !document.querySelector(".bar-note") && document.querySelector('article[data-part="{part}"]')""",
        timeout=GIVE_UP_MS,
    )
    seconds = perf_counter() - ready
    return Back(seconds, await page.locator(".list [aria-current], .list .item:not(li)").count())


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a page takes longer than the bar")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pages-") as folder:
        start_s, backs = asyncio.run(measure(Path(folder)))
    slowest = max(back.seconds for back in backs)
    wrong = [back.calls for back in backs if back.calls != 1]
    print(f"{len(backs)} pages, killed and started again (ready after {start_s:.1f} s)")
    print(f"true again after: first {min(back.seconds for back in backs):.2f} s, last {slowest:.2f} s   bar {BAR_S:.0f} s")
    print(f"pages with a call missing or twice: {len(wrong)}")
    return 1 if (wrong or slowest > BAR_S) and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
