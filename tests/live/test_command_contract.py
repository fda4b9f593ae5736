"""What every connector that takes commands promises, kept by the connector on real Asterisks."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rig.asterisk import Asterisk
from rig.stage import Ensemble
from support.command_contract import CommandContract, CommandedPbx
from support.commanded_asterisk import commanded as commanded_by
from support.commanded_desk import SECRET
from support.line import Line

pytestmark = pytest.mark.live


class TestRealAsterisk(CommandContract):
    @pytest.fixture
    async def commanded(self, commanded_asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[CommandedPbx]:
        async with Ensemble(commanded_asterisk) as phones, Line(commanded_asterisk.ports.ami) as line:
            yield commanded_by(line, "tieline", SECRET, tmp_path)
            await phones.tidy()
