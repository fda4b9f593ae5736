"""How long it takes from what a real Asterisk writes to the card painted on the agent's page, in Chromium.

SIPp calls a queue of 99 desks 20 times a second. One agent sits at such a desk in a browser, whose telephone is also called
directly, and 99 clients listen for the other desks. A tap on the manager's socket notes when the PBX wrote that a desk rings;
the browser says when it had painted the caller's name (Element Timing). The INVITE's time is the caller's telephone's.
``python -m bench.pop --check`` (in tests/) fails when the slowest twentieth took longer than the bars.
"""

import argparse
import asyncio
import re
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import time
from typing import Final

import aiohttp
from bench.soak_gateway import Gateway
from playwright.async_api import Page
from rig import sipp
from rig.asterisk import Asterisk
from rig.site import SITE
from rig.stage import Ensemble
from support.agent_desks import browser, opened, signed_in, users
from support.commanded_desk import snippet_files

CALLS_S: Final = 20.0
SECONDS: Final = 120.0
WARM_UP_S: Final = 5.0
"""Pops of the first seconds count for nothing: pages and caches are cold."""
RING_S: Final = 1.0
"""A desk's telephone is picked up after it."""
HANG_UP_AFTER_S: Final = 3.0
DESK: Final = "1101"
CLIENTS: Final = 99
DIRECT_FOR_S: Final = 0.8
"""A direct call rings for so long, and the next one comes after as much again: in between the queue's turn is."""
BAR_EVENT_MS: Final = 100.0
BAR_INVITE_MS: Final = 150.0
NO_GRAPHICS: Final = "--disable-gpu"
"""Else Chromium imitates a graphics card where there is none, which takes the core that the pop needs."""
LEAST: Final = 10
"""Pops of each kind; fewer tell nothing."""
_READ_BYTES: Final = 64 * 1024
_NAMES: Final = re.compile(rb"\r\nDestChannel: PJSIP/(\d+)-")
_CALLER: Final = re.compile(rb"\r\nCallerIDNum: \+?(\d+)")

PAINTED: Final = """
window.painted = [];
const at = () => (performance.timeOrigin + performance.now()) / 1000;
window.reached = {};
window.WebSocket = class extends WebSocket {
  constructor(...given) {
    super(...given);
    this.addEventListener("message", ({ data }) => {
      if (data.includes('"call.alerting"')) reached[(JSON.parse(data).data.caller ?? "").replace(/\\D/g, "")] ??= at();
    });
  }
};
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) painted.push([each.identifier, (performance.timeOrigin + each.renderTime) / 1000]);
}).observe({ type: "element" });
new MutationObserver(() => {
  for (const card of document.querySelectorAll("article[data-part=ringing]:not([data-seen])")) {
    card.dataset.seen = "";
    const caller = (card.querySelector("p.num[title]") ?? card.querySelector("h1")).title.replace(/\\D/g, "");
    card.querySelector("h1").setAttribute("elementtiming", caller);
  }
  // Who rings while another call is shown stands above it.
  const others = document.querySelectorAll("button.also b");
  for (const name of others) name.setAttribute("elementtiming", name.textContent.replace(/\\D/g, ""));
}).observe(document, { subtree: true, childList: true });
"""

FREE: Final = """() => !document.querySelector("article[data-part=ringing], article[data-part=connected]")"""


@dataclass
class Tap:
    """Passes bytes on between the gateway and the PBX, and notes when a telephone was first named for a caller."""

    far_port: int
    port: int = 0
    rang: dict[tuple[str, str], float] = field(default_factory=dict)
    """By extension and caller's digits, when the PBX wrote that it rings; seconds since the epoch."""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Tap"]:
        """Serve while the block lasts."""
        async with asyncio.TaskGroup() as tasks:

            async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.far_port)
                tasks.create_task(self._pass(reader, far_writer, notes=False), name="tap.to_pbx")
                tasks.create_task(self._pass(far_reader, writer, notes=True), name="tap.from_pbx")

            server = await asyncio.start_server(join, "127.0.0.1", 0)
            self.port = int(server.sockets[0].getsockname()[1])
            yield self
            server.close()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, notes: bool) -> None:
        rest = b""
        try:
            while data := await reader.read(_READ_BYTES):
                now = time()
                writer.write(data)
                if notes:
                    *messages, rest = (rest + data).split(b"\r\n\r\n")
                    for message in messages:
                        self._note(message, now)
                await writer.drain()
        except ConnectionError:
            pass  # the gateway or the PBX has gone: the bench is over
        finally:
            writer.close()

    def _note(self, message: bytes, now: float) -> None:
        if not message.startswith((b"Event: DialBegin", b"Event: AgentCalled")):
            return
        named, caller = _NAMES.search(message), _CALLER.search(message)
        if named is not None and caller is not None:
            self.rang.setdefault((named[1].decode(), caller[1].decode()), now)


@dataclass(frozen=True)
class Measured:
    """Milliseconds of each pop."""

    reached: list[float]
    """From the PBX's first event until the browser had it."""
    from_event: list[float]
    from_invite: list[float]
    missed: int
    """Pops of which the PBX told and that no page painted."""


async def measure(folder: Path, seconds: float, rate: float) -> Measured:
    """Let it ring, and return how long the pops took."""
    async with AsyncExitStack() as stack:
        pbx = await stack.enter_async_context(Asterisk(22, append=snippet_files(22)))
        tap = await stack.enter_async_context(Tap(pbx.ports.ami).listening())
        phones = await stack.enter_async_context(Ensemble(pbx))
        desks = await stack.enter_async_context(sipp.desks(pbx, ring_s=RING_S))
        gateway = await stack.enter_async_context(Gateway(folder, pbx, tap.port, site=SITE))
        await users(gateway, {"login": "anna", "role": "agent", "extension": DESK})
        chromium = await stack.enter_async_context(browser(NO_GRAPHICS))
        context = await signed_in(chromium, gateway, "anna")
        await context.add_init_script(PAINTED)
        page = await opened(context, gateway)
        client = await stack.enter_async_context(gateway.client())
        for desk in range(CLIENTS):
            socket = await stack.enter_async_context(client.ws_connect("api/v1/events"))
            await socket.send_json({"type": "subscribe", "topics": [f"extension:{1102 + desk}"]})
            assert (await socket.receive_json())["type"] == "subscribed"
            listener = asyncio.create_task(_listen(socket), name="pop.listen")
            stack.push_async_callback(_end, listener)
        load = sipp.Load("5320", calls=round(rate * seconds), per_second=rate, hang_up_after_s=HANG_UP_AFTER_S, digit="1")
        began = time()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(sipp.call(pbx, load, desks), name="pop.load")
            invited = await _ring_directly(phones, page, seconds)
        return await _judge(tap, page, invited, began + WARM_UP_S)


async def _listen(socket: aiohttp.ClientWebSocketResponse) -> None:
    while not socket.closed:
        await socket.receive()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _ring_directly(phones: Ensemble, page: Page, seconds: float) -> dict[str, float]:
    """Call the desk whenever it is free, for who talks is shown a strip; when each caller's INVITE went out."""
    invited: dict[str, float] = {}
    until = time() + seconds
    while time() < until:
        await page.wait_for_function(FREE, polling=100)
        caller = f"8529700{len(invited):04d}"
        leg = await phones.carrier.dial(f"55{DESK}", f"<sip:+{caller}@127.0.0.2>")
        invited[caller] = leg.invited_at
        await asyncio.sleep(DIRECT_FOR_S)
        await leg.hang_up()
        await asyncio.sleep(DIRECT_FOR_S)
    return invited


async def _judge(tap: Tap, page: Page, invited: dict[str, float], since: float) -> Measured:
    reached, from_event, from_invite, missed = [], [], [], 0
    painted: list[tuple[str, float]] = await page.evaluate("painted")
    at = dict(painted)
    had: dict[str, float] = await page.evaluate("reached")
    for (extension, caller), rang in tap.rang.items():
        if extension != DESK or rang < since:
            continue
        if caller not in at:
            missed += 1
            continue
        reached.append((had[caller] - rang) * 1000)
        from_event.append((at[caller] - rang) * 1000)
        if caller in invited:
            from_invite.append((at[caller] - invited[caller]) * 1000)
    return Measured(reached, from_event, from_invite, missed)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share of them does not exceed."""
    return sorted(values)[max(0, min(len(values) - 1, round(share * len(values)) - 1))]


def line(name: str, values: Sequence[float], bar: float) -> str:
    """Return one line of the report."""
    parts = (statistics.median(values), percentile(values, 0.95), percentile(values, 0.99), max(values))
    return f"{name:<34} {len(values):5d} {parts[0]:8.1f} {parts[1]:8.1f} {parts[2]:8.1f} {parts[3]:8.1f}   bar p95 {bar:.0f} ms"


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when it takes longer than the bars")
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--rate", type=float, default=CALLS_S, help="calls a second")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pop-") as folder:
        measured = asyncio.run(measure(Path(folder), options.seconds, options.rate))
    load = f"{options.rate:.0f} calls/s for {options.seconds:.0f} s"
    print(f"{load}, {1 + CLIENTS} agents connected, one of them in Chromium")
    print(f"{'to the painted pop, ms':<34} {'pops':>5} {'p50':>8} {'p95':>8} {'p99':>8} {'max':>8}")
    if min(len(measured.from_event), len(measured.from_invite)) < LEAST:
        print(f"too few pops: {len(measured.from_event)} and {len(measured.from_invite)}, {measured.missed} missed")
        return 1
    print(line("event in the browser", measured.reached, BAR_EVENT_MS))
    print(line("from the PBX's first event", measured.from_event, BAR_EVENT_MS))
    print(line("from the INVITE, direct extension", measured.from_invite, BAR_INVITE_MS))
    print(f"missed: {measured.missed}")
    slow = percentile(measured.from_event, 0.95) > BAR_EVENT_MS or percentile(measured.from_invite, 0.95) > BAR_INVITE_MS
    return 1 if (slow or measured.missed) and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
