import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.ami_contract import AmiContract, Pbx
from support.fake_asterisk import SECRET, USERNAME, FakeAsterisk
from support.line import Line


class TestSimulatedAsterisk(AmiContract):
    @pytest.fixture
    async def pbx(self, tmp_path: Path) -> AsyncIterator[Pbx]:
        asterisk = FakeAsterisk(time.time)
        await asterisk.listen()

        async def restart() -> None:
            await asterisk.stop()
            await asterisk.listen()

        async with Line(asterisk.port) as line:
            yield Pbx(line, USERNAME, SECRET, restart, tmp_path)
        await asterisk.stop()
