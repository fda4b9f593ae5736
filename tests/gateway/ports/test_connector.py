import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from support.command_contract import CommandContract, CommandedPbx
from support.commanding import ObedientPbx
from support.recording_sink import RecordingSink

from gateway.model.ids import PbxName
from gateway.ports.connector import CommandingConnector

PBX = PbxName("pbx1")


class TestTheFake(CommandContract):
    @pytest.fixture
    async def commanded(self, monkeypatch: pytest.MonkeyPatch) -> CommandedPbx:
        monkeypatch.setattr("support.commanding.UNANSWERED_S", 0.01)
        sink = RecordingSink()
        fake = ObedientPbx(PBX, asyncio.get_running_loop().time)

        @asynccontextmanager
        async def connecting() -> AsyncIterator[CommandingConnector]:
            async with fake.connected(sink) as connected:
                yield connected

        async def mute() -> None:
            fake.mute = True

        return CommandedPbx(
            PBX,
            sink,
            connecting,
            extension="8001",
            number="8002",
            nobody="8099",
            sent=lambda: len(fake.received),
            mute=mute,
            unconnected=fake,
        )
