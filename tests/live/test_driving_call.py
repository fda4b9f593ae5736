"""An application drives a caller of a real Asterisk through the old menu, and takes him back if need be."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import pytest
from rig.stage import FROM_CALLER, Ensemble
from support.dispatching import Desk
from support.replaying import PBX
from support.voice_asterisk import NUMBERS, VoiceAsterisk, speaking
from support.waiting import until

from gateway.ports.media import DrivableSession, MediaSession
from ivr.application import VoiceItr
from ivr.definition.reading import parse_dialog
from ivr.driving import OldMenus
from ivr.itr.settings import ItrSettings
from ivr.speech.hibari import HibariSettings
from ivr.voice.driver import Outcome, Refuge, drive
from ivr.voice.settings import DriveSettings, VoiceSettings

pytestmark = [pytest.mark.live, pytest.mark.slow]

MENU: Final = "5100"
BACK: Final = NUMBERS["chan_websocket"]
HUMAN: Final = "5040"
"""The queue ``pool``."""
ROUTES: Final = {NUMBERS["audiosocket"]: "tieline-voice", BACK: "tieline-websocket", MENU: "ivr-main"}
"""What the telephones of the site can dial too."""
TEXT: Final = """itr: 1
name: cc1
languages: [en]
start: ivr-main
human: {queue: pool}
nodes:
  ivr-main: {say: Welcome., choices: [{digit: "1", go: ivr-support}]}
  ivr-support: {say: Support., choices: [{digit: "1", go: people}]}
  people: {label: people, transfer: {queue: support}}
"""
DIALOG: Final = parse_dialog(TEXT, Path("cc1.yaml")).dialog


class Driver:
    """It asks nothing: every caller wishes to reach one node."""

    def __init__(self, old: OldMenus) -> None:
        self.outcomes: asyncio.Queue[Outcome] = asyncio.Queue()
        self._old = old

    async def run(self, session: MediaSession) -> None:
        assert isinstance(session, DrivableSession)
        call = await session.drive(MENU, {})
        assert call is not None
        refuge = Refuge(back=None, human=HUMAN, context={"summary": "Wishes to talk to people."})
        self.outcomes.put_nowait(await drive(DIALOG, "people", self._old, call, refuge, now=time.monotonic))

    async def outcome(self) -> Outcome:
        async with asyncio.timeout(40):
            return await self.outcomes.get()


@pytest.fixture(scope="module")
def asterisk() -> Iterator[VoiceAsterisk]:
    pbx = VoiceAsterisk()

    async def start() -> None:
        await pbx.__aenter__()
        for number, context in ROUTES.items():
            await pbx.cli(f"dialplan add extension {number},1,Goto({context},s,1) into internal")

    asyncio.run(start())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.fixture
async def phones(asterisk: VoiceAsterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


def waits_in(desk: Desk, queue: str) -> bool:
    """Tell whether the PBX says that the only call is in the queue, and an agent's telephone has it."""
    (call,) = desk.engine.pbxs[PBX].live
    called = {leg.party for leg in call.legs.values() if leg.id != call.caller_leg}
    return bool(call.queues) and call.queues[-1].queue == queue and bool(called & {"1001", "1002"})


@pytest.mark.parametrize(
    ("old", "outcome", "menus", "queue"),
    [
        (OldMenus(), Outcome.ARRIVED, ("ivr-main", "ivr-support"), "support"),
        # The old menu leads elsewhere than the dialog says.
        (OldMenus(names={"ivr-support": "ivr-billing"}), Outcome.HUMAN, ("ivr-main", "ivr-support"), "pool"),
    ],
)
async def test_a_caller_is_driven_or_taken_back(
    asterisk: VoiceAsterisk, phones: Ensemble, tmp_path: Path, old: OldMenus, outcome: Outcome, menus: tuple[str, ...], queue: str
) -> None:
    application = Driver(old)
    async with speaking(asterisk, application, tmp_path) as desk:
        caller = await phones.carrier.dial(NUMBERS["audiosocket"], FROM_CALLER)
        rings = [asyncio.create_task(phones.agents[name].next_leg(timeout_s=40)) for name in ("1001", "1002")]
        try:
            assert await application.outcome() is outcome
            await asyncio.wait(rings, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in rings:
                each.cancel()
            await asyncio.wait(rings)
        await until(lambda: waits_in(desk, queue))
        (call,) = desk.engine.pbxs[PBX].live
        assert call.menus[-2:] == menus
        await caller.hang_up()
        await asterisk.idle()


@pytest.mark.parametrize(
    ("menus", "outcomes", "queue"),
    [
        ({}, {"driven_arrived"}, "support"),
        # He comes elsewhere, is told so by the application to which he is taken back, and goes to people.
        ({"ivr-support": "ivr-billing"}, {"driven_back", "handed_over"}, "pool"),
    ],
    ids=["arrives", "astray"],
)
async def test_a_dialog_keeps_the_old_menu(
    asterisk: VoiceAsterisk, phones: Ensemble, tmp_path: Path, menus: dict[str, str], outcomes: set[str], queue: str
) -> None:
    (tmp_path / "cc1.yaml").write_text(TEXT)
    voice = VoiceSettings(
        queues={"support": "5000", "pool": HUMAN},
        drive=DriveSettings(to=MENU, back=BACK, menus=menus),
        speech_to_text=(),
        text_to_speech=(HibariSettings(),),
    )
    application = VoiceItr(ItrSettings(dialog=str(tmp_path / "cc1.yaml"), voice=voice), tmp_path / "itr")
    serving = asyncio.create_task(application.serve())
    try:
        await application.ready()
        async with speaking(asterisk, application, tmp_path) as desk:
            caller = await phones.carrier.dial(NUMBERS["audiosocket"], FROM_CALLER)
            caller.voice.tone_hz = 0
            await caller.until_up()
            await until(lambda: application.counts().get(("node", "ivr-main"), 0) == 1)
            await caller.press("1")
            await until(lambda: application.counts().get(("node", "ivr-support"), 0) == 1)
            await caller.press("1")
            await until(lambda: {which for what, which in application.counts() if what == "outcome"} == outcomes, timeout_s=60)
            await until(lambda: waits_in(desk, queue), timeout_s=30)
            await caller.hang_up()
            await asterisk.idle()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
