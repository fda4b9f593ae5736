"""A real Asterisk of which Tieline is a telephone: callers' voice comes by SIP."""

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
from rig.rtp import AUDIBLE, DEFAULT_TONE_HZ, loudness
from rig.stage import Ensemble
from support.commanded_desk import SITE
from support.correlation import samples_of
from support.dispatching import Desk, Disk
from support.replaying import PBX
from support.voices import HandedOver
from support.waiting import until

from connectors.sip.connector import SipConnector
from connectors.sip.settings import AccountSettings, ListenSettings, SipSettings
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus
from gateway.ports.media import CallApplication, MediaSession
from gateway.session.leg_commands import PbxLegCommands

OURS: Final = "1005"
"""The extension that Tieline is."""
_ROUTES: Final = """
[internal](+)
exten => 1209,1,Set(__TIELINE_INTENT=${PJSIP_HEADER(read,X-intent)})
 same => n,Dial(PJSIP/1002,20)
 same => n,Hangup()
"""


def sip_asterisk() -> Asterisk:
    """Return an Asterisk whose dial plan reads what it is told of a caller."""
    return Asterisk(append={"extensions.conf": _ROUTES})


class SipLine:
    """See :class:`support.media_contract.VoiceLine`."""

    target = "1209"
    refused = "4444"

    def __init__(self, pbx: Asterisk, phones: Ensemble, application: HandedOver, desk: Desk) -> None:
        self._pbx, self._phones, self._application = pbx, phones, application
        self.desk = desk

    async def call(self) -> tuple[PhoneLeg, MediaSession]:
        leg = await self._phones.agents["1001"].dial(OURS)
        session = await self._application.session()
        await leg.until_up()
        # Asterisk has answered both before it brings them together: what is said before that is said to nobody.
        heard = b""
        while loudness(samples_of(heard), DEFAULT_TONE_HZ) < AUDIBLE:
            frame = await session.frame()
            assert frame is not None
            heard = frame
        return leg, session

    def let_go(self) -> None:
        self._application.done.set()

    async def arrived(self) -> PhoneLeg:
        return await (await self._phones.agents["1002"].next_leg()).until_up()

    async def context(self) -> dict[str, str]:
        shown = await self._pbx.cli("core show channels concise")
        name = next(line.partition("!")[0] for line in shown.splitlines() if line.startswith("PJSIP/1002-"))
        shown = await self._pbx.cli(f"core show channel {name}")
        return {key.lower(): value for key, value in re.findall(r"^_*TIELINE_(\w+)=(.*)$", shown, re.MULTILINE)}


@asynccontextmanager
async def speaking(pbx: Asterisk, application: CallApplication, folder: Path) -> AsyncIterator[Desk]:
    """Run what a gateway has for it: the connector with a worker, and the commands."""
    desk = Desk(Disk(time.time), site=SITE)
    account = AccountSettings(host=pbx.sip[0], port=pbx.sip[1], user=OURS, secret=Secret(f"secret{OURS}"))
    listen = ListenSettings(address="127.0.0.1", port=free_port(), rtp_ports="22000-22399")
    settings = SipSettings(accounts=(account,), listen=listen, site=SITE, transfer="connect")
    desk.connector = connector = SipConnector(PBX, settings, folder)
    connector.serve(application, PbxLegCommands(PBX, desk.engine, desk.dispatcher, "test"))
    async with desk.running(connected=False):
        task = asyncio.create_task(connector.run(desk.engine))
        try:
            state = desk.engine.pbxs[PBX]
            await until(lambda: state.link.status is LinkStatus.CONNECTED and state.counts.snapshots > 0)
            yield desk
        finally:
            task.cancel()
            await asyncio.wait([task])


def free_port() -> int:
    """Return a port that nobody has, for UDP and TCP."""
    while True:
        with socket.socket() as stream, socket.socket(type=socket.SOCK_DGRAM) as packets:
            stream.bind(("127.0.0.1", 0))
            port = int(stream.getsockname()[1])
            try:
                packets.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
