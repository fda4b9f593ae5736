"""An office in browsers: a gateway that needs no PBX, somebody signed in, and the looks in which a page is seen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from bench.soak_gateway import GatewayProcess
from playwright.async_api import Browser, Page
from support.agent_desks import signed_in, users, violations

ADMIN: Final = {"login": "ann", "name": "Ann Ho", "role": "admin"}
_MANNERS: Final[tuple[tuple[Literal["light", "dark"], str], ...]] = (("light", "en-GB"), ("dark", "zh-CN"))
LOOKS: Final[list[tuple[int, int, Literal["light", "dark"], str]]] = [
    (width, height, scheme, locale) for width, height in ((1440, 900), (1024, 768), (390, 844)) for scheme, locale in _MANNERS
]
"""Each width with each scheme and each language, in half of the pages that all would take."""
SIMULATED: Final = {"pbx": "demo", "plugin": "simulator"}
_CAPTURES: Final = Path(__file__).parents[2] / "connectors" / "simulator" / "captures"


def quiet(folder: Path) -> dict[str, Any]:
    """Return a simulated PBX that has one call within the first seconds, in a queue that nobody answers, and no more."""
    captures = folder / "captures"
    captures.mkdir()
    (captures / "queue_abandon").symlink_to(_CAPTURES / "queue_abandon")
    return SIMULATED | {"captures": str(captures), "lanes": 1, "pace": 0.1, "pause_s": 3600}


@asynccontextmanager
async def office(folder: Path, *more_pbxs: dict[str, Any], **more: Any) -> AsyncIterator[GatewayProcess]:
    """Run a gateway with a simulated PBX and these others; Ann administers it. ``more`` are sections of its configuration."""
    async with GatewayProcess(folder, [SIMULATED, *more_pbxs], **more) as gateway:
        await users(gateway, ADMIN)
        yield gateway


async def shown(chromium: Browser, gateway: GatewayProcess, path: str, login: str = "ann", **more: Any) -> Page:
    """Return a page that this user sees."""
    context = await signed_in(chromium, gateway, login, **more)
    page = await context.new_page()
    await page.goto(gateway.address + path)
    return page


async def faults(page: Page) -> list[str]:
    """Return what a person could stumble over: what axe finds, and whether it is wider than the screen."""
    wider = await page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [*await violations(page), *([f"{wider} px wider than the screen"] if wider > 0 else [])]
