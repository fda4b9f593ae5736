"""A simulated FreeSWITCH behind a line, as the contract of commands sees it."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from support.command_contract import CommandedPbx
from support.line import Line
from support.recording_sink import RecordingSink
from support.waiting import until

from connectors.freeswitch_esl.connection import FreeswitchConnector
from connectors.freeswitch_esl.settings import CommandSettings, FreeswitchSettings
from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site

PBX: Final = PbxName("fs1")
SITE: Final = Site(region="CN", extensions=r"^1\d{3}$", trunks=("sofia/gateway/carrier",))
SECRET: Final = "a secret"
_DOES: Final = re.compile(rb"^bgapi (?:originate|uuid_|callcenter_config \w+ (?!list))", re.MULTILINE)


def settings_for(line: Line, **changed: Any) -> FreeswitchSettings:
    """Return what leads through this line."""
    given: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": line.port,
        "secret": Secret(SECRET),
        "site": SITE,
        "commands": CommandSettings(context="default", parking_lot="lot"),
        "command_timeout_s": 2.0,
        "retry_min_s": 0.1,
    }
    return FreeswitchSettings(**{**given, **changed})


@asynccontextmanager
async def connected(settings: FreeswitchSettings, sink: RecordingSink, folder: Path) -> AsyncIterator[FreeswitchConnector]:
    """Keep a connector connected while the block runs; commands can be given from the start."""
    connector = FreeswitchConnector(PBX, settings, folder)
    running = asyncio.create_task(connector.run(sink))
    try:
        await sink.connected()
        await until(lambda: bool(connector.commands))
        yield connector
    finally:
        running.cancel()
        await asyncio.wait([running])


def commanded(line: Line, folder: Path) -> CommandedPbx:
    """Return a FreeSWITCH with the telephones 1001 to 1005."""
    settings, sink = settings_for(line), RecordingSink()

    async def mute() -> None:
        line.mute()

    return CommandedPbx(
        PBX,
        sink,
        lambda: connected(settings, sink, folder),
        extension="1001",
        number="1002",
        nobody="1006",
        sent=lambda: len(_DOES.findall(bytes(line.passed_on))),
        mute=mute,
        unconnected=FreeswitchConnector(PBX, settings, folder),
    )
