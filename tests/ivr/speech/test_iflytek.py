import asyncio
from collections.abc import AsyncIterator

from support.speech_servers_b import speech_server

from gateway.model.secret import Secret
from gateway.ports.speech import Wanted
from ivr.speech.iflytek import FORMAT, IflytekSettings, iflytek


async def sound() -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield bytes(3200)


async def test_the_first_frame_says_who_asks_and_the_last_that_it_is() -> None:
    async with speech_server() as server:
        url = f"{server.url.replace('http', 'ws')}iflytek"
        made = iflytek(IflytekSettings(app_id="app", key=Secret("k"), secret=Secret("s"), url=url))
        heard = await made.transcribe(sound(), Wanted(language="en"))
        assert heard.language == "en"
        frames = server.messages
        assert frames[0]["common"] == {"app_id": "app"}
        assert frames[0]["business"]["language"] == "en_us"
        assert [frame["data"]["status"] for frame in frames] == [0, 1, 1, 2]
        assert {frame["data"]["format"] for frame in frames} == {FORMAT}
        assert "common" not in frames[1]
        assert server.queries[0].keys() == {"authorization", "date", "host"}
        assert "s" not in server.queries[0].values()
