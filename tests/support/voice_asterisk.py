"""A real Asterisk whose callers' voice comes to applications, with the connector that transfers them."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from rig.asterisk import Asterisk
from rig.leg import PhoneLeg
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import SECRET, SITE, snippet_files
from support.dispatching import Desk, Disk
from support.replaying import PBX
from support.voices import HandedOver
from support.waiting import until

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings, CommandSettings
from connectors.asterisk_media.server import AsteriskMedia
from connectors.asterisk_media.settings import AsteriskMediaSettings, AudioSocketSettings, WebSocketSettings
from connectors.asterisk_media.snippet import files
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus
from gateway.ports.media import CallApplication, MediaSession
from gateway.session.leg_commands import PbxLegCommands

MAJOR: Final = 22
NUMBERS: Final = {"audiosocket": "5701", "chan_websocket": "5702", "chan_websocket_json": "5703"}
"""What the caller dials, by the way in which his voice then comes."""
PASSWORD: Final = "CHANGE-ME-TO-SOMETHING-LONG"
_ROUTES: Final = """
[from-carrier](+)
exten => 5701,1,Goto(tieline-voice,s,1)
exten => 5702,1,Goto(tieline-websocket,s,1)
exten => 5703,1,Answer()
 same => n,Dial(WebSocket/tieline/c(slin)f(json)v(leg=${UNIQUEID}),,g)
 same => n,Hangup()
"""


class VoiceAsterisk(Asterisk):
    """It has the lines of both snippets, with the ports at which we will listen."""

    def __init__(self) -> None:
        self.audiosocket_port, self.websocket_port = _free_port(), _free_port()
        append = snippet_files(MAJOR)
        for name, text in files("").items():
            text = text.replace(":9092", f":{self.audiosocket_port}").replace(":9093", f":{self.websocket_port}")
            append[name] = append.get(name, "") + "\n" + text
        append["extensions.conf"] += _ROUTES
        super().__init__(MAJOR, append=append)

    @property
    def media_settings(self) -> AsteriskMediaSettings:
        return AsteriskMediaSettings(
            audiosocket=AudioSocketSettings(port=self.audiosocket_port),
            chan_websocket=WebSocketSettings(port=self.websocket_port, password=Secret(PASSWORD)),
        )


class AsteriskLine:
    """See :class:`support.media_contract.VoiceLine`."""

    target = "1002"
    refused = "4444"

    def __init__(self, pbx: Asterisk, phones: Ensemble, application: HandedOver, desk: Desk, number: str) -> None:
        self._pbx, self._phones, self._application, self._number = pbx, phones, application, number
        self.desk = desk

    async def call(self) -> tuple[PhoneLeg, MediaSession]:
        leg = await self._phones.carrier.dial(self._number, FROM_CALLER)
        session = await self._application.session()
        assert session.info.leg is not None
        await leg.until_up()
        return leg, session

    def let_go(self) -> None:
        self._application.done.set()

    async def arrived(self) -> PhoneLeg:
        return await (await self._phones.agents[self.target].next_leg()).until_up()

    async def context(self) -> dict[str, str]:
        shown = await self._pbx.cli("core show channels concise")
        name = next(line.partition("!")[0] for line in shown.splitlines() if line.startswith(f"PJSIP/{self.target}-"))
        shown = await self._pbx.cli(f"core show channel {name}")
        return {key.lower(): value for key, value in re.findall(r"^_*TIELINE_(\w+)=(.*)$", shown, re.MULTILINE)}


@asynccontextmanager
async def speaking(pbx: VoiceAsterisk, application: CallApplication, folder: Path) -> AsyncIterator[Desk]:
    """Run what a gateway has for it: the PBX's connector, the commands, and the servers for voice."""
    desk = Desk(Disk(time.time), site=SITE)
    commands = CommandSettings(context="internal")
    settings = AsteriskSettings(
        host="127.0.0.1", port=pbx.ports.ami, username="tieline", secret=Secret(SECRET), site=SITE, commands=commands
    )
    desk.connector = connector = AsteriskConnector(PBX, settings, folder)
    media = AsteriskMedia(PBX, pbx.media_settings, application, PbxLegCommands(PBX, desk.engine, desk.dispatcher, "test"))
    async with desk.running(connected=False):
        tasks = [asyncio.create_task(connector.run(desk.engine)), asyncio.create_task(media.run())]
        try:
            state = desk.engine.pbxs[PBX]
            await until(lambda: state.link.status is LinkStatus.CONNECTED and state.counts.snapshots > 0)
            await until(lambda: "redirect" in connector.commands)
            yield desk
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
