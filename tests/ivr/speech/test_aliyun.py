import asyncio
from collections.abc import AsyncIterator

import pytest
from support.speech_servers_b import SpeechServer, speech_server

from gateway.model.secret import Secret
from gateway.ports.speech import SpeechError, SpeechProblem, Wanted
from ivr.speech.aliyun import FRESH_S, AliyunSettings, Tokens, aliyun


async def sound() -> AsyncIterator[bytes]:
    await asyncio.sleep(0)
    yield bytes(3200)


def settings(server: SpeechServer) -> AliyunSettings:
    return AliyunSettings(
        app_key="app",
        key_id="id",
        key_secret=Secret("s"),
        url=f"{server.url.replace('http', 'ws')}aliyun",
        token_url=f"{server.url}token/",
    )


async def test_a_task_has_its_id_and_the_token_is_fetched_once() -> None:
    async with speech_server() as server:
        made = aliyun(settings(server))
        await made.transcribe(sound(), Wanted())
        await made.transcribe(sound(), Wanted())
        start, stop, again, _ = (each["header"] for each in server.messages)
        assert (start["name"], stop["name"]) == ("StartRecognition", "StopRecognition")
        assert start["task_id"] == stop["task_id"] != again["task_id"]
        assert start["message_id"] != stop["message_id"]
        assert server.messages[0]["payload"]["sample_rate"] == 8000
        assert server.tokens == 1
        assert server.queries[1] == {"token": "t/1"}


async def test_a_token_is_fetched_anew_before_its_end() -> None:
    now = 1_000_000.0
    async with speech_server() as server:
        server.token_lasts_until = now + FRESH_S + 10
        tokens = Tokens(settings(server), now=lambda: now)
        assert await tokens.token() == "t/1"
        now += 9
        await tokens.token()
        assert server.tokens == 1
        now += 2
        await tokens.token()
        assert server.tokens == 2
        assert server.queries[0]["Timestamp"] == "1970-01-12T13:46:40Z"


@pytest.mark.parametrize(
    ("status", "problem"), [(404, SpeechProblem.REFUSED), (400, SpeechProblem.REFUSED), (503, SpeechProblem.DOWN)]
)
async def test_a_token_that_is_not_given_is_told(status: int, problem: SpeechProblem) -> None:
    async with speech_server() as server:
        server.token_status = status
        with pytest.raises(SpeechError, match="aliyun: ") as caught:
            await Tokens(settings(server)).token()
        assert caught.value.problem is problem


async def test_who_gives_tokens_may_be_away_or_say_nonsense() -> None:
    async with speech_server() as server:
        server.token_lasts_until = "soon"  # type: ignore[assignment]
        with pytest.raises(SpeechError, match="this is no token") as caught:
            await Tokens(settings(server)).token()
        assert caught.value.problem is SpeechProblem.BROKEN
    away = AliyunSettings(app_key="a", key_id="i", key_secret=Secret("s"), token_url="http://127.0.0.1:9/")
    with pytest.raises(SpeechError, match="no token: ClientConnectorError"):
        await Tokens(away).token()
