import asyncio
import json
from collections.abc import AsyncIterator

from support.speech_servers_b import speech_server

from gateway.ports.speech import Wanted
from ivr.speech.funasr import FunAsrSettings, funasr


async def sound() -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield bytes(3200)


async def test_it_is_told_the_format_and_the_words_that_are_likely() -> None:
    async with speech_server() as server:
        made = funasr(FunAsrSettings(url=f"{server.url.replace('http', 'ws')}funasr"))
        heard = await made.transcribe(sound(), Wanted(hints=("账单", "查包裹")))
        await made.transcribe(sound(), Wanted())
        first, last, plain = server.messages[:3]
        assert heard.language == "zh"
        assert (first["mode"], first["audio_fs"], first["is_speaking"]) == ("offline", 8000, True)
        assert json.loads(first["hotwords"]) == {"账单": 20, "查包裹": 20}
        assert last == {"is_speaking": False}
        assert "hotwords" not in plain
