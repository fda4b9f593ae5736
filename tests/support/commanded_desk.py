"""A real Asterisk that is given orders, its telephones with a tone each, and the calls as the PBX's events tell them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from rig.asterisk import Asterisk
from rig.leg import PhoneLeg
from rig.stage import FROM_CALLER, Ensemble
from support.recording_sink import RecordingSink

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AstdbSettings, AsteriskSettings, CommandSettings
from connectors.asterisk_ami.snippet import files
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import Command, CommandId, Order
from gateway.model.ids import PbxName, ulid
from gateway.model.record import record_of
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.ports.connector import CommandingConnector

PBX: Final = PbxName("cc1")
TONES: Final = {"caller": 700, "1001": 1000, "1002": 1300, "1003": 1600, "far": 1850, "8001": 1100, "8002": 1500}
MUSIC: Final = (440, 523)
SETTLED_S: Final = 0.9
"""Until who hears whom is heard: half a second, and the PBX's own time."""
SITE: Final = Site(
    region="HK", extensions=r"^1\d{3}$", outside_prefix="9", trunks=("PJSIP/carrier", "PJSIP/backup"), mask_digits=()
)
SECRET: Final = "CHANGE-ME-TO-SOMETHING-LONG"


def snippet_files(major: int) -> dict[str, str]:
    """The lines that an operator adds, with the one for recordings and forwards, whose comment sign he takes away."""
    return {name: text.replace(";write = reporting", "write = reporting") for name, text in files(str(major)).items()}


class Commanded:
    """One PBX, the connector that gives orders, and the calls as the PBX's events tell them."""

    def __init__(self, pbx: Asterisk, connector: CommandingConnector, sink: RecordingSink, site: Site = SITE) -> None:
        self.pbx = pbx
        self.connector = connector
        self.sink = sink
        self.site = site
        self.board = Board(PBX, site)
        self.ended: list[Call] = []
        self._applied = 0
        self._orders = 0

    def read(self) -> Board:
        """Apply what the PBX said since."""
        for event in self.sink.events[self._applied :]:
            step = self.board.apply(event)
            self.ended += [call for call in step.calls if call.ended and call.merged_into is None]
        self._applied = len(self.sink.events)
        return self.board

    def call(self, party: str) -> Call:
        """The live call that somebody takes part in, the oldest of several."""
        found = [
            call for call in self.read().live.values() if any(leg.party == party and leg.is_live for leg in call.legs.values())
        ]
        return min(found, key=lambda call: call.began_at)

    async def order(self, command: Command, call: Call | None = None, consultation: Call | None = None) -> Order:
        """Give a command."""
        self._orders += 1
        identity = CommandId(ulid(1_800_000_000.0 + self._orders, id(self).to_bytes(10, "big")))
        order = Order(id=identity, pbx=PBX, command=command, call=call, consultation=consultation)
        await self.connector.execute(order)
        return order

    async def over(self) -> dict[str, Any]:
        """Wait until no leg is left; the record of the call that ended last."""
        await self.pbx.idle()
        await asyncio.sleep(0.3)
        self.read()
        return record_of(self.ended[-1], self.site)


class Desk(Commanded):
    """The same with the site's telephones."""

    def __init__(self, pbx: Asterisk, phones: Ensemble, connector: CommandingConnector, sink: RecordingSink) -> None:
        super().__init__(pbx, connector, sink)
        self.phones = phones

    async def talk(self, extension: str = "1001") -> tuple[PhoneLeg, PhoneLeg]:
        """A caller from outside talks to this extension."""
        caller = await self.phones.carrier.dial(f"55{extension}", FROM_CALLER)
        agent = await (await self.phones.agents[extension].next_leg()).until_up()
        await caller.until_up()
        say(caller, "caller")
        say(agent, extension)
        await asyncio.sleep(SETTLED_S)
        return caller, agent


def say(leg: PhoneLeg, who: str) -> None:
    leg.voice.tone_hz = TONES[who]


def heard(leg: PhoneLeg) -> set[str]:
    """Who is heard, ``music`` among them."""
    who = {name for name, hertz in TONES.items() if leg.voice.hears(hertz)}
    return who | ({"music"} if any(leg.voice.hears(hertz) for hertz in MUSIC) else set())


@asynccontextmanager
async def connected(pbx: Asterisk, folder: Path, **changed: Any) -> AsyncIterator[tuple[AsteriskConnector, RecordingSink]]:
    commands = CommandSettings(
        context="internal", hold_context="tieline-hold", astdb=AstdbSettings(unconditional="CFU", busy="CFB", no_answer="CFN")
    )
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": pbx.ports.ami,
        "username": "tieline",
        "secret": Secret(SECRET),
        "site": SITE,
        "commands": commands,
        **changed,
    }
    sink = RecordingSink()
    connector = AsteriskConnector(PBX, AsteriskSettings(**given), folder)
    running = asyncio.create_task(connector.run(sink))
    try:
        await sink.connected()
        yield connector, sink
    finally:
        running.cancel()
        await asyncio.wait([running])
