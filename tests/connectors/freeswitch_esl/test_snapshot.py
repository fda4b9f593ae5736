import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.esl_script import Script
from support.virtual_time import in_virtual_time

from connectors.freeswitch_esl import snapshot
from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.mapping import EslMapper
from connectors.freeswitch_esl.mapping.agents import LISTS
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_frame
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.site import Site

QUEUES = "name|strategy|moh_sound\nsupport@default|longest-idle-agent|silence\nsales@default|ring-all|silence\n+OK\n"


class Pbx:
    """Answers what it is asked, and remembers it."""

    def __init__(self, queues: str = QUEUES) -> None:
        self.asked: list[str] = []
        self._queues = queues

    async def ask(self, command: str) -> EslMessage:
        self.asked.append(command)
        text = self._queues if command == "callcenter_config queue list" else ""
        _, message = EslDecoder().receive_data(b"Content-Type: auth/request\n\n" + encode_frame("api/response", text))
        return message


async def test_legs_come_first_then_bridges_then_who_waits_in_each_queue() -> None:
    pbx = Pbx()
    assert await snapshot.take_snapshot(pbx.ask, Rights()) == []
    assert pbx.asked == [
        "show channels as json",
        "show calls as json",
        "show registrations as json",
        "callcenter_config queue list",
        "callcenter_config queue list members support@default",
        "callcenter_config queue list members sales@default",
        "callcenter_config agent list",
        "callcenter_config tier list",
    ]


async def test_without_a_call_centre_nobody_is_asked_for() -> None:
    pbx = Pbx("-ERR callcenter_config Command not found!\n")
    await snapshot.take_snapshot(pbx.ask, Rights())
    assert pbx.asked[-1] == "callcenter_config queue list"


@pytest.mark.parametrize("text", ["", "name|strategy\n+OK\n", "+OK\n"])
async def test_without_queues_no_callers_are_asked_for(text: str) -> None:
    pbx = Pbx(text)
    await snapshot.take_snapshot(pbx.ask, Rights())
    assert pbx.asked[-3:] == ["callcenter_config queue list", "callcenter_config agent list", "callcenter_config tier list"]


@pytest.mark.parametrize(
    ("allowed", "missing", "asked"),
    [
        ({"show"}, ["callcenter_config"], ["show channels as json", "show calls as json", "show registrations as json"]),
        ({"status"}, ["show", "callcenter_config"], []),
    ],
)
async def test_what_the_user_may_not_ask_is_told_and_not_asked(allowed: set[str], missing: list[str], asked: list[str]) -> None:
    pbx = Pbx()
    assert await snapshot.take_snapshot(pbx.ask, Rights(commands=frozenset(allowed))) == missing
    assert pbx.asked == asked


async def test_more_queues_than_anybody_has_are_not_all_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshot, "MAX_QUEUES", 1)
    pbx = Pbx()
    await snapshot.take_snapshot(pbx.ask, Rights())
    assert [asked for asked in pbx.asked if "members" in asked] == ["callcenter_config queue list members support@default"]


def mapper() -> EslMapper:
    """One that knows a call centre."""
    made = Script().lists("callcenter_config queue list", "name|strategy\nq|ring-all\n+OK\n").mapper
    assert made.lists
    return made


@asynccontextmanager
async def listing(pbx: Pbx, of: EslMapper, rights: Rights) -> AsyncIterator[asyncio.Event]:
    changed = asyncio.Event()
    running = asyncio.create_task(snapshot.keep_listed(pbx.ask, rights, of, changed))
    yield changed
    running.cancel()
    await asyncio.wait([running])


@in_virtual_time
async def test_what_changed_is_listed_at_once_but_not_more_often_than_once_a_second() -> None:
    pbx, of = Pbx(), mapper()
    async with listing(pbx, of, Rights()) as changed:
        for _ in range(20):
            of.note_change()
            changed.set()
            await asyncio.sleep(0.1)
        await asyncio.sleep(3.0)
    assert pbx.asked[:3] == list(LISTS)
    assert len(pbx.asked) == 3 * len(LISTS)


@in_virtual_time
async def test_what_nobody_tells_is_listed_now_and_then() -> None:
    pbx, empty = Pbx(), Pbx()
    async with listing(pbx, mapper(), Rights()), listing(empty, EslMapper(Site()), Rights()):
        await asyncio.sleep(snapshot.RELIST_S * 1.5)
    assert (pbx.asked, empty.asked) == (list(LISTS), [])


@in_virtual_time
async def test_what_may_not_be_asked_is_not_asked_again_either() -> None:
    pbx, of = Pbx(), mapper()
    async with listing(pbx, of, Rights(commands=frozenset({"show"}))) as changed:
        of.note_change()
        changed.set()
        await asyncio.sleep(3.0)
    assert pbx.asked == []
