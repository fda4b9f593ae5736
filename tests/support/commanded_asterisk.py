"""An Asterisk behind a line, as the contract of commands sees it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from support.command_contract import CommandedPbx
from support.line import Line
from support.recording_sink import RecordingSink

from connectors.asterisk_ami.commands_rights import RIGHTS
from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings, CommandSettings
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site

PBX: Final = PbxName("cc1")
_ACTION: Final = re.compile(rb"^Action: (\w+)", re.MULTILINE)


def commanded(line: Line, username: str, secret: str, folder: Path) -> CommandedPbx:
    """Return an Asterisk with the telephones 1001 and 1002, and 1006 that nobody registered."""
    settings = AsteriskSettings(
        host="127.0.0.1",
        port=line.port,
        username=username,
        secret=Secret(secret),
        site=Site(region="HK", extensions=r"^1\d{3}$", trunks=("PJSIP/carrier",)),
        commands=CommandSettings(context="internal"),
        action_timeout_s=2.0,
    )
    sink = RecordingSink()

    @asynccontextmanager
    async def connecting() -> AsyncIterator[AsteriskConnector]:
        connector = AsteriskConnector(PBX, settings, folder)
        running = asyncio.create_task(connector.run(sink))
        try:
            await sink.connected()
            yield connector
        finally:
            running.cancel()
            await asyncio.wait([running])

    def sent() -> int:
        return sum(1 for name in _ACTION.findall(bytes(line.passed_on)) if name.decode() in RIGHTS)

    async def mute() -> None:
        line.mute()

    return CommandedPbx(
        PBX,
        sink,
        connecting,
        extension="1001",
        number="1002",
        nobody="1006",
        sent=sent,
        mute=mute,
        unconnected=AsteriskConnector(PBX, settings, folder),
    )
