import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from support.speech_contract import SpeechToTextContract, cut, hear, served, spoken, tone, unfinished
from support.speech_servers_a import SOCKET_FAULTS, TEXT, VoskServer, vosk_server
from support.virtual_time import in_virtual_time
from support.waiting import until

from gateway.ports.speech import Heard, SpeechError, SpeechProblem, Wanted
from ivr.speech.vosk import MAX_PIECE_BYTES, MAX_SOUND_BYTES, VoskSettings, VoskSpeechToText

PROBLEMS = {
    "404": SpeechProblem.REFUSED,
    "500": SpeechProblem.DOWN,
    "hang": SpeechProblem.LATE,
    "half": SpeechProblem.DOWN,
    "wrong": SpeechProblem.BROKEN,
    "list": SpeechProblem.BROKEN,
    "binary": SpeechProblem.BROKEN,
    "reset": SpeechProblem.DOWN,
    "long": SpeechProblem.BROKEN,
    "many": SpeechProblem.BROKEN,
    "1000": SpeechProblem.BROKEN,
    "1011": SpeechProblem.DOWN,
}
SENTENCE = tone(0.5)


def ears_of(url: str, **changed: object) -> VoskSpeechToText:
    return VoskSpeechToText(msgspec.structs.replace(VoskSettings(url=url, language="en"), **changed))


@pytest.fixture
async def server() -> AsyncIterator[VoskServer]:
    async with vosk_server() as listening:
        yield listening


@pytest.fixture
def ears(server: VoskServer) -> VoskSpeechToText:
    return ears_of(server.url)


class VoskHearing:
    """The engine, and a server behind it."""

    def __init__(self, server: VoskServer) -> None:
        self.server = server
        self.engine = ears_of(server.url)
        self.sentence = SENTENCE
        self.text = TEXT

    def stall(self) -> None:
        self.server.fault = "hang"

    def fail(self) -> None:
        self.server.fault = "1011"

    def mend(self) -> None:
        self.server.fault = ""
        self.server.mended.set()

    def held(self) -> int:
        return self.server.at_once


class TestContract(SpeechToTextContract):
    @pytest.fixture
    async def hearing(self, server: VoskServer) -> AsyncIterator[VoskHearing]:
        hearing = VoskHearing(server)
        async with served(hearing.engine):
            yield hearing


async def test_the_server_has_the_sound_as_it_is_spoken(server: VoskServer, ears: VoskSpeechToText) -> None:
    asking = asyncio.create_task(ears.transcribe(unfinished(cut(SENTENCE)), Wanted()))
    await until(lambda: server.pieces == len(cut(SENTENCE)))
    assert not asking.done()
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)


async def test_no_sample_is_cut_in_two_and_no_message_is_too_long(server: VoskServer, ears: VoskSpeechToText) -> None:
    sound = tone(5.0)
    await ears.transcribe(spoken([sound[:1], sound[1:4], sound[4:4], sound[4:], b"\x01"]), Wanted())
    assert server.sounds == [sound]
    assert server.pieces >= len(sound) / MAX_PIECE_BYTES


async def test_of_a_caller_who_does_not_stop_a_minute_is_sent(server: VoskServer, ears: VoskSpeechToText) -> None:
    await ears.transcribe(spoken([bytes(MAX_SOUND_BYTES - 3), SENTENCE, SENTENCE]), Wanted())
    assert len(server.sounds[0]) == MAX_SOUND_BYTES


async def test_what_was_heard_before_a_pause_belongs_to_the_sentence(server: VoskServer, ears: VoskSpeechToText) -> None:
    server.pause_after = 3
    assert await hear(ears, SENTENCE) == Heard(text=TEXT, language="en", confidence=0.75)


async def test_the_server_is_told_how_to_hear(server: VoskServer, ears: VoskSpeechToText) -> None:
    wanted = Wanted(language="en", hints=("Track my order", "agent"))
    await hear(ears, SENTENCE, wanted)
    assert not ears.abilities.takes_hints
    strict = ears_of(server.url, only_hints=True, alternatives=3)
    assert strict.abilities.takes_hints
    await hear(strict, SENTENCE, wanted)
    await hear(strict, SENTENCE, Wanted())
    usual = {"sample_rate": 8000, "words": True, "max_alternatives": 0}
    assert server.configs == [
        usual,
        usual | {"max_alternatives": 3, "phrase_list": ["track my order", "agent", "[unk]"]},
        usual | {"max_alternatives": 3},
    ]


@pytest.mark.parametrize(
    ("last", "heard"),
    [
        (
            {"text": "我 要 查 ok 一下 订单", "result": [{"conf": 1.0, "word": "我"}, {"conf": 0.5, "word": "要"}]},
            Heard(text="我要查 ok 一下订单", language="en", confidence=0.75),
        ),
        (
            {"alternatives": [{"confidence": 181.5, "text": "agent"}, {"confidence": 180.1, "text": "a gent"}, {"text": ""}]},
            Heard(text="agent", language="en", alternatives=("a gent",)),
        ),
        ({"text": "an\x00agent\n"}, Heard(text="an agent", language="en")),
        ({"text": "[unk] agent [unk]"}, Heard(text="agent", language="en")),
        ({"text": "agent", "result": [{"conf": 7e9}]}, Heard(text="agent", language="en")),
        ({"alternatives": [{"text": ""}]}, Heard(text="", language="en")),
        ({"partial": "agent"}, Heard(text="", language="en")),
    ],
    ids=["Chinese", "alternatives", "control characters", "unknown words", "too sure", "no words", "no text"],
)
async def test_what_the_server_says_is_read(
    server: VoskServer, ears: VoskSpeechToText, last: dict[str, object], heard: Heard
) -> None:
    server.last = last
    assert await hear(ears, SENTENCE) == heard


async def test_parts_of_a_sentence_have_no_alternatives_together(server: VoskServer, ears: VoskSpeechToText) -> None:
    server.pause_after = 2
    server.last = {"alternatives": [{"text": "is my order"}, {"text": "is my border"}]}
    assert await hear(ears, SENTENCE) == Heard(text=TEXT, language="en", confidence=0.75)


@pytest.mark.parametrize("fault", SOCKET_FAULTS)
def test_each_fault_is_a_problem(fault: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with vosk_server() as server:
            ears = ears_of(server.url)
            server.fault = fault
            with pytest.raises(SpeechError) as error:
                await hear(ears, SENTENCE)
            assert error.value.problem is PROBLEMS[fault], error.value
            assert TEXT not in str(error.value)

    run()


def test_time_counts_from_the_end_of_the_sentence() -> None:
    @in_virtual_time
    async def run() -> None:
        clock = asyncio.get_running_loop().time

        async def slow() -> AsyncIterator[bytes]:
            for piece in cut(SENTENCE):
                await asyncio.sleep(10)
                yield piece

        async with vosk_server() as server:
            ears = ears_of(server.url, timeout_s=5.0)
            assert (await ears.transcribe(slow(), Wanted())).text == TEXT
            server.fault = "hang"
            began = clock()
            with pytest.raises(SpeechError, match="within 5 s"):
                await ears.transcribe(slow(), Wanted())
            assert 10 * len(cut(SENTENCE)) + 5 <= clock() - began < 10 * len(cut(SENTENCE)) + 7

    run()


async def test_a_server_that_is_not_there_is_down(unused_tcp_port: int) -> None:
    ears = ears_of(f"ws://127.0.0.1:{unused_tcp_port}")
    for asking in (hear(ears, SENTENCE), ears.ready()):
        with pytest.raises(SpeechError) as error:
            await asking
        assert error.value.problem is SpeechProblem.DOWN


@in_virtual_time
async def test_a_server_that_takes_no_connection_is_down() -> None:
    released = asyncio.Event()

    async def mute(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    async with await asyncio.start_server(mute, "127.0.0.1", 0) as listening:
        host, port = listening.sockets[0].getsockname()
        with pytest.raises(SpeechError, match="not reached within 3 s"):
            await hear(ears_of(f"ws://{host}:{port}"), SENTENCE)
        released.set()


@pytest.mark.parametrize("url", ["http://asr.example", "ws://user:word@asr.example", "ws://"])
def test_an_address_is_one_of_a_web_socket(url: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"engine": "vosk", "url": url, "language": "en"}, VoskSettings)
