import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from support.speech_servers_b import FAULTS, TEXT, SpeechServer, speech_server
from support.waiting import until

from gateway.model.secret import Secret
from gateway.ports.speech import SpeechError, SpeechProblem, Wanted
from ivr.speech.aliyun import AliyunSettings, aliyun
from ivr.speech.exchange import PIECE_BYTES, SocketSpeechToText
from ivr.speech.funasr import FunAsrSettings, funasr
from ivr.speech.iflytek import IflytekSettings, iflytek

SOUND = bytes(range(256)) * 20


def of_funasr(server: SpeechServer, timeout_s: float = 10.0) -> SocketSpeechToText:
    return funasr(FunAsrSettings(url=f"{server.url.replace('http', 'ws')}funasr", timeout_s=timeout_s))


def of_iflytek(server: SpeechServer, timeout_s: float = 10.0) -> SocketSpeechToText:
    url = f"{server.url.replace('http', 'ws')}iflytek"
    return iflytek(IflytekSettings(app_id="a", key=Secret("k"), secret=Secret("s"), url=url, timeout_s=timeout_s))


def of_aliyun(server: SpeechServer, timeout_s: float = 10.0) -> SocketSpeechToText:
    settings = AliyunSettings(
        app_key="a",
        key_id="i",
        key_secret=Secret("s"),
        url=f"{server.url.replace('http', 'ws')}aliyun",
        token_url=f"{server.url}token/",
        timeout_s=timeout_s,
    )
    return aliyun(settings)


ENGINES = {"funasr": of_funasr, "iflytek": of_iflytek, "aliyun": of_aliyun}
PROBLEMS = {
    "refused": SpeechProblem.REFUSED,
    "limited": SpeechProblem.LIMITED,
    "hang": SpeechProblem.LATE,
    "half": SpeechProblem.BROKEN,
    "wrong": SpeechProblem.BROKEN,
    "hangs_up": SpeechProblem.BROKEN,
    "401": SpeechProblem.REFUSED,
}


async def pieces(sound: bytes = SOUND, size: int = 700) -> AsyncIterator[bytes]:
    for at in range(0, len(sound), size):
        await asyncio.sleep(0)
        yield sound[at : at + size]


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
async def test_a_sentence_is_told_piece_by_piece_and_heard(engine: Callable[[SpeechServer], SocketSpeechToText]) -> None:
    async with speech_server() as server:
        made = engine(server)
        await made.ready()
        assert made.abilities.is_streaming
        heard = await asyncio.gather(*(made.transcribe(pieces(), Wanted(language="zh", hints=("账单",))) for _ in range(2)))
        assert [each.text for each in heard] == [TEXT, TEXT]
        assert len(server.sound) == 2 * len(SOUND)
        server.sound = b""
        assert (await made.transcribe(pieces(b""), Wanted())).text == TEXT
        assert server.sound == b""
        long = bytes(PIECE_BYTES * 3)
        await made.transcribe(pieces(long, len(long)), Wanted())
        assert server.sound == long


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", ENGINES)
async def test_what_fails_is_told_as_what_it_is(name: str, fault: str) -> None:
    if name == "funasr" and fault in ("refused", "limited"):
        fault = "wrong"  # it knows no such answers
    async with speech_server() as server:
        server.fault = fault
        made = ENGINES[name](server, 0.3 if fault == "hang" else 10.0)
        with pytest.raises(SpeechError, match=f"^{name}: ") as caught:
            await made.transcribe(pieces(), Wanted(language="zh"))
        assert caught.value.problem is PROBLEMS[fault]
        server.fault = ""
        server.mended.set()
        assert (await made.transcribe(pieces(), Wanted(language="zh"))).text == TEXT


@pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES)
async def test_who_goes_away_leaves_nothing_open(engine: Callable[[SpeechServer], SocketSpeechToText]) -> None:
    async with speech_server() as server:
        server.fault = "hang"
        asking = asyncio.create_task(engine(server).transcribe(pieces(), Wanted(language="zh")))
        await until(lambda: bool(server.sound))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking


async def test_a_server_that_is_away_is_named() -> None:
    made = funasr(FunAsrSettings(url="ws://127.0.0.1:9"))
    with pytest.raises(SpeechError, match=r"funasr: ws://127\.0\.0\.1:9: ClientConnectorError") as caught:
        await made.transcribe(pieces(), Wanted())
    assert caught.value.problem is SpeechProblem.DOWN
    serving = asyncio.create_task(made.serve())
    await asyncio.sleep(0)
    serving.cancel()
    await asyncio.wait([serving])
