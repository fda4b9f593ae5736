"""A caller who comes by SIP alone talks with a dialog: Tieline is a telephone of the PBX."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from rig.asterisk import Asterisk
from rig.stage import Ensemble
from support.voice_itr import DIALOG, hears_speech, says
from support.voice_sip import OURS, SipLine, sip_asterisk, speaking
from support.waiting import until

from ivr.application import VoiceItr
from ivr.itr.settings import ItrSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.whisper import WhisperSettings
from ivr.voice.settings import VoiceSettings

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[Asterisk]:
    pbx = sip_asterisk()
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.mark.parametrize("by", ["words", "keys"])
async def test_he_reaches_whom_he_asks_for(asterisk: Asterisk, tmp_path: Path, by: str) -> None:
    (tmp_path / "shop.yaml").write_text(DIALOG)
    voice = VoiceSettings(
        queues={"support": SipLine.target, "pool": SipLine.target},
        speech_to_text=(WhisperSettings(processes=1),),
        text_to_speech=(HibariSettings(),),
    )
    application = VoiceItr(ItrSettings(dialog=str(tmp_path / "shop.yaml"), voice=voice), tmp_path / "itr")
    serving = asyncio.create_task(application.serve())
    try:
        await application.ready()
        async with Ensemble(asterisk) as phones, speaking(asterisk, application, tmp_path / "sip"):
            caller = await phones.agents["1001"].dial(OURS)
            caller.voice.tone_hz = 0
            caller.voice.tape = []
            await caller.until_up()
            await until(lambda: hears_speech(caller), timeout_s=30)
            if by == "words":
                await says(caller, "I have a question about my invoice.", "en")
            else:
                await caller.press("2")
            called = await (await phones.agents["1002"].next_leg(timeout_s=40)).until_up()
            assert application.counts()["node", "invoice"] == 1
            await caller.hang_up()
            await called.until_ended()
            await phones.tidy()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
