"""Callers of a real Asterisk talk with a dialog: by keys and by words, Chinese and English, to the agent's phone and card."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from rig import sipp
from rig.stage import Ensemble
from support.voice_asterisk import NUMBERS, VoiceAsterisk
from support.voice_itr import answering, call, first_ringing, note_of, says
from support.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(scope="module")
def asterisk() -> Iterator[VoiceAsterisk]:
    pbx = VoiceAsterisk()
    asyncio.run(pbx.__aenter__())
    yield pbx
    asyncio.run(pbx.__aexit__())


@pytest.fixture
async def phones(asterisk: VoiceAsterisk) -> AsyncIterator[Ensemble]:
    async with Ensemble(asterisk) as ensemble:
        yield ensemble
        await ensemble.tidy()


@pytest.mark.timeout(600)
async def test_callers_reach_whom_they_ask_for_by_keys_and_by_words(
    asterisk: VoiceAsterisk, phones: Ensemble, tmp_path: Path
) -> None:
    async with answering(asterisk, tmp_path) as gateway:
        by_keys = await call(phones, NUMBERS["audiosocket"])
        await by_keys.press("0")
        rings = await phones.agents["1001"].next_leg()
        assert "colleague" in await note_of(gateway, "> 0")
        await rings.until_up()
        await by_keys.hang_up()
        await rings.until_ended()

        for way, text, language, voice in (
            ("audiosocket", "I have a question about my invoice.", "en", None),
            ("chan_websocket", "我要查账单", "zh", "zm_yunxi"),
        ):
            caller = await call(phones, NUMBERS[way])
            await says(caller, text, language, voice)
            rings = await asyncio.wait_for(first_ringing(phones), 60)
            note = await note_of(gateway, "> ")
            assert ("invoices" if language == "en" else "发票") in note
            await rings.until_up()
            await caller.hang_up()
            await rings.until_ended()


async def test_many_at_once_are_led_by_keys(asterisk: VoiceAsterisk, tmp_path: Path) -> None:
    load = sipp.Load(dialled=NUMBERS["audiosocket"], calls=12, per_second=4.0, hang_up_after_s=6.0, digit="1", digit_after_s=2.0)
    async with answering(asterisk, tmp_path) as gateway:
        made = await sipp.call(asterisk, load)
        assert all(each.answered_s is not None and each.ended_by == "caller" for each in made)
        counts = gateway.voices.counts()["itr"]
        await until(lambda: counts.get(("outcome", "gone"), 0) == load.calls)
        assert counts["node", "delivery"] == load.calls
        assert ("unheard", "busy") not in counts
    await asterisk.idle()
