"""Scripts of conversations, played in a browser to a gateway that answers them, turn by turn."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect
from support.dialog_scripts import Happened, Script, Turn, judge
from support.waiting import until

from ivr.turns.values import LookUpProblem

PATHS: Final = ("parcels", "bills/{phone}", "plans", "passwords")
"""What the scripts' dialog asks."""
_ANSWERS: Final = {LookUpProblem.NOT_FOUND: 404, LookUpProblem.DOWN: 503}

_SEEN: Final = """(before) => {
  const chat = document.querySelector("tieline-chat");
  const all = (where) => [...chat.shadowRoot.querySelectorAll(where)];
  const said = all(".m").slice(before).filter((each) => !each.classList.contains("you"));
  const texts = said.map((each) => each.lastElementChild.textContent);
  return [chat.dataset.state, all(".m").length, texts, all(".choice").map((each) => each.textContent)];
}"""


class HeldSystems:
    """The company's systems: each waits with its answer until the script has it."""

    def __init__(self) -> None:
        self.address = ""
        """With a slash at its end."""
        self._asked: dict[str, asyncio.Future[web.Response]] = {}
        self._answered: dict[str, dict[str, str] | LookUpProblem] = {}

    @property
    def asked(self) -> str | None:
        """Which system waits for its answer."""
        return next(iter(self._asked), None)

    def answer(self, answer: dict[str, str] | LookUpProblem) -> None:
        """Have the system that was asked say this, as often as it is asked until the person does something."""
        (name,) = self._asked
        self._answered[name] = answer
        self._asked.pop(name).set_result(_response(answer))

    def let_go(self) -> None:
        """Answer whom nobody waits for any more."""
        for waiting in self._asked.values():
            waiting.set_result(_response(LookUpProblem.NOT_FOUND))
        self._asked.clear()

    def forget(self) -> None:
        """Have all systems wait again."""
        self._answered.clear()

    async def serve(self, request: web.Request) -> web.Response:
        name = request.path.split("/")[1]
        if name in self._answered:
            return _response(self._answered[name])
        self._asked[name] = asyncio.get_running_loop().create_future()
        try:
            return await self._asked[name]
        finally:
            self._asked.pop(name, None)


def _response(answer: dict[str, str] | LookUpProblem) -> web.Response:
    if isinstance(answer, LookUpProblem):
        return web.Response(status=_ANSWERS[answer])
    return web.json_response(answer)


@asynccontextmanager
async def held_systems() -> AsyncIterator[HeldSystems]:
    """Serve the company's systems on a free port of loopback."""
    systems = HeldSystems()
    application = web.Application()
    application.add_routes([web.route("*", f"/{path}", systems.serve) for path in PATHS])
    async with TestServer(application) as server:
        systems.address = str(server.make_url("/"))
        yield systems


class BrowserPartner:
    """The chat in a page.

    Args:
        page: With the chat open, in this language; it stays loaded.
        systems: What the dialog asks.
        client: Of an administrator, who sees what an agent is told.
    """

    def __init__(self, page: Page, language: str, systems: HeldSystems, client: ClientSession) -> None:
        self._page = page
        self._language = language
        self._systems = systems
        self._client = client
        self._before = self._seen = 0
        """Messages that there were before the turn, and when it was looked last."""

    async def begin(self) -> None:
        """Begin a new conversation, and hear its greeting."""
        page = self._page
        self._systems.let_go()
        if await page.locator(".over").is_hidden():
            await page.locator(".tool").nth(1).click()
            await page.locator(".sure .go").click()
        await page.locator(".over .go").click()
        await expect(page.locator(".m:not(.you)").first).to_be_visible()
        self._seen = await page.locator(".m").count()

    async def take(self, turn: Turn) -> None:
        """Do what the person does, or the system that was asked."""
        page = self._page
        # What comes between two turns is of the second: silence speaks by itself.
        self._before = self._seen
        if turn.answer is not None:
            self._systems.answer(turn.answer)
            return
        self._systems.forget()
        if turn.choose is not None:
            await page.locator(".choice").get_by_text(turn.choose, exact=True).click()
        elif not turn.silence:
            await page.locator("textarea").fill(turn.say or turn.press or "")
            await page.locator("textarea").press("Enter")

    async def happened(self, turn: Turn) -> Happened:
        """Return what has come of the turn by now."""
        state, self._seen, texts, offered = await self._page.evaluate(_SEEN, self._before)
        end: str | None = None
        told: dict[str, str] = {}
        if state == "waiting":
            end, told = await self._handed()
        elif state == "closed":
            end = "served"
        heard = [line for text in texts for line in (text, *text.split("\n"))]
        return Happened(heard=tuple(heard), offered=tuple(offered), asked=self._systems.asked, end=end, told=told)

    async def _handed(self) -> tuple[str, dict[str, str]]:
        """Return to which queue the newest conversation was given, and which facts with it."""
        async with self._client.get("api/v1/conversations") as answer:
            assert answer.status == 200, await answer.text()
            newest = (await answer.json())["conversations"]
        conversation = next(each for each in newest if each["visitor"]["language"] == self._language)
        return conversation["queue"], {each["name"]: each["value"] for each in conversation["handover"]["facts"]}


async def play_in_browser(script: Script, partner: BrowserPartner) -> None:
    """Play a script to its end; fail at the first turn of which something else came."""
    await partner.begin()
    for number, turn in enumerate(script.turns, 1):
        where = f"{script.name}, turn {number}"
        await partner.take(turn)

        async def is_so(turn: Turn = turn, where: str = where) -> bool:
            try:
                judge(turn, await partner.happened(turn), where)
            except AssertionError:
                return False
            return True

        try:
            await until(is_so, timeout_s=10.0)
        except TimeoutError:
            judge(turn, await partner.happened(turn), where)
