"""The contract of voice by SIP: PJSIP in a worker of its own, a real Asterisk between us and the caller."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from rig.asterisk import Asterisk
from rig.stage import Ensemble
from support.media_contract import MediaContract
from support.voice_sip import SipLine, sip_asterisk, speaking
from support.voices import HandedOver
from support.waiting import until

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    pbx = sip_asterisk()
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


class TestSip(MediaContract):
    # PJSIP's jitter buffer makes up for a machine that is late, and the telephone, the PBX, the worker and other tests share this
    # one: it grows, and shrinks again by a frame that is thrown away.
    max_lost = 5
    max_inserted = 15.0

    @pytest.fixture
    async def line(self, asterisk: Asterisk, tmp_path: Path) -> AsyncIterator[SipLine]:
        application = HandedOver()
        async with Ensemble(asterisk) as phones, speaking(asterisk, application, tmp_path) as desk:
            yield SipLine(asterisk, phones, application, desk)
            await phones.tidy()

    async def test_the_record_says_that_the_caller_was_served(self, line: SipLine) -> None:
        caller, _ = await line.call()
        line.let_go()
        await caller.until_ended()
        await until(lambda: bool(line.desk.disk.events("call.ended")))
        (told,) = line.desk.disk.events("call.ended")
        assert (told["data"]["outcome"], told["data"]["ended_by"]) == ("self_served", "pbx")
