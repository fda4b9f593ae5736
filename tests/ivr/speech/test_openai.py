from collections.abc import AsyncIterator

import msgspec
import pytest
from support.speech_contract import SpeechToTextContract, hear, served, spoken, tone
from support.speech_servers_a import FAULTS, KEY, TEXT, OpenAiServer, openai_server
from support.virtual_time import in_virtual_time

from gateway.model.secret import Secret
from gateway.ports.speech import Heard, SpeechError, SpeechProblem, Voice, Wanted
from ivr.speech.openai import (
    MAX_SOUND_BYTES,
    OpenAiHearingSettings,
    OpenAiSpeakingSettings,
    OpenAiSpeechToText,
    OpenAiTextToSpeech,
)

PROBLEMS = {
    "401": SpeechProblem.REFUSED,
    "429": SpeechProblem.LIMITED,
    "500": SpeechProblem.DOWN,
    "hang": SpeechProblem.LATE,
    "cut": SpeechProblem.BROKEN,
    "wrong": SpeechProblem.BROKEN,
    "reset": SpeechProblem.DOWN,
    "long": SpeechProblem.BROKEN,
}
SENTENCE = tone(0.5)


def ears_of(url: str, **changed: object) -> OpenAiSpeechToText:
    settings = OpenAiHearingSettings(url=url, key=Secret(KEY))
    return OpenAiSpeechToText(msgspec.structs.replace(settings, **changed))


def mouth_of(url: str, **changed: object) -> OpenAiTextToSpeech:
    settings = OpenAiSpeakingSettings(url=url, key=Secret(KEY), voices={"zh": "nova", "en": "alloy"})
    return OpenAiTextToSpeech(msgspec.structs.replace(settings, **changed))


@pytest.fixture
async def server() -> AsyncIterator[OpenAiServer]:
    async with openai_server() as listening:
        yield listening


class OpenAiHearing:
    """The engine, and a server behind it."""

    def __init__(self, server: OpenAiServer) -> None:
        self.server = server
        self.engine = ears_of(server.url)
        self.sentence = SENTENCE
        self.text = TEXT

    def stall(self) -> None:
        self.server.fault = "hang"

    def fail(self) -> None:
        self.server.fault = "500"

    def mend(self) -> None:
        self.server.fault = ""
        self.server.mended.set()

    def held(self) -> int:
        return self.server.at_once


class TestContract(SpeechToTextContract):
    @pytest.fixture
    async def hearing(self, server: OpenAiServer) -> AsyncIterator[OpenAiHearing]:
        hearing = OpenAiHearing(server)
        async with served(hearing.engine):
            yield hearing


@pytest.fixture
def ears(server: OpenAiServer) -> OpenAiSpeechToText:
    return ears_of(server.url)


async def test_the_server_is_told_all_that_is_known(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    await hear(ears, SENTENCE, Wanted(language="zh", hints=("查订单", "转人工")))
    assert server.asked == [
        {"model": "whisper-1", "response_format": "verbose_json", "language": "zh", "prompt": "查订单、转人工", "sound": SENTENCE}
    ]


async def test_what_is_not_known_is_left_out(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    await hear(ears, SENTENCE, Wanted())
    assert server.asked == [{"model": "whisper-1", "response_format": "verbose_json", "sound": SENTENCE}]


async def test_of_many_hints_the_likeliest_are_told(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    await hear(ears, SENTENCE, Wanted(language="en", hints=tuple(f"word {number}" for number in range(100))))
    words = server.asked[0]["prompt"].split(", ")
    assert words[:2] == ["word 0", "word 1"]
    assert all(word in [f"word {number}" for number in range(100)] for word in words)
    assert len(server.asked[0]["prompt"]) <= 400


async def test_of_a_caller_who_does_not_stop_a_minute_is_sent(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    await ears.transcribe(spoken([bytes(MAX_SOUND_BYTES - 2), b"\x01\x02\x03\x04", SENTENCE]), Wanted())
    assert server.asked[0]["sound"] == bytes(MAX_SOUND_BYTES - 2) + b"\x01\x02"


async def test_what_the_server_doubts_is_less_sure(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    heard = await hear(ears, SENTENCE)
    assert (heard.text, heard.language) == (TEXT, "en")
    assert heard.confidence == pytest.approx(0.7788, abs=1e-4)
    server.answer = {
        "text": "查询订单 谢谢观看",
        "language": "chinese",
        "segments": [
            {"text": "查詢訂單", "start": 0, "end": 3, "avg_logprob": -0.1, "no_speech_prob": 0.1},
            {"text": "轉人工", "start": 3, "end": 4, "avg_logprob": -0.5, "no_speech_prob": 0.1},
            {"text": "謝謝觀看", "start": 4, "end": 5, "avg_logprob": -0.5, "no_speech_prob": 0.8},
        ],
    }
    heard = await hear(ears, SENTENCE)
    assert (heard.text, heard.language) == ("查询订单转人工", "zh")
    assert heard.confidence == pytest.approx(0.8187, abs=1e-4)


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ({"text": " yes "}, Heard(text="yes", language="en")),
        ({"text": "yes", "segments": [{"text": "yes"}]}, Heard(text="yes", language="en")),
        ({"text": "yes", "language": "klingon", "segments": None}, Heard(text="yes", language="en")),
        ({"text": "yes\x00\n please"}, Heard(text="yes please", language="en")),
        ({"text": "是", "language": "zh"}, Heard(text="是", language="zh")),
        (
            {"text": "yes", "segments": [{"text": "yes", "end": 1e308, "avg_logprob": -1e308}]},
            Heard(text="yes", language="en", confidence=0.0),
        ),
    ],
    ids=["json", "no probabilities", "a strange language", "control characters", "a code", "huge numbers"],
)
async def test_servers_that_say_less_are_understood(
    server: OpenAiServer, ears: OpenAiSpeechToText, answer: dict[str, object], heard: Heard
) -> None:
    server.answer = answer
    assert await hear(ears, SENTENCE) == heard


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_hearing_is_a_problem(fault: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with openai_server() as server:
            ears = ears_of(server.url)
            server.fault = fault
            with pytest.raises(SpeechError) as error:
                await hear(ears, SENTENCE)
            assert error.value.problem is PROBLEMS[fault], error.value
            assert KEY not in str(error.value)

    run()


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_of_speaking_is_a_problem(fault: str) -> None:
    @in_virtual_time
    async def run() -> None:
        async with openai_server() as server:
            mouth = mouth_of(server.url, response_format="wav")
            server.fault = fault
            with pytest.raises(SpeechError) as error:
                await mouth.speak("Good morning.", Voice(language="en"))
            assert error.value.problem is PROBLEMS[fault], error.value

    run()


async def test_nobody_says_ten_thousand_characters(server: OpenAiServer, ears: OpenAiSpeechToText) -> None:
    server.answer = {"text": "a" * 10_001}
    with pytest.raises(SpeechError, match="10000 characters") as error:
        await hear(ears, SENTENCE)
    assert error.value.problem is SpeechProblem.BROKEN


async def test_a_wrong_key_is_refused_and_the_setting_is_named(server: OpenAiServer) -> None:
    ears = ears_of(server.url, key=None)
    with pytest.raises(SpeechError, match="change its setting key") as error:
        await hear(ears, SENTENCE)
    assert error.value.problem is SpeechProblem.REFUSED


async def test_a_server_that_is_not_there_is_down(unused_tcp_port: int) -> None:
    with pytest.raises(SpeechError) as error:
        await hear(ears_of(f"http://127.0.0.1:{unused_tcp_port}/v1"), SENTENCE)
    assert error.value.problem is SpeechProblem.DOWN


async def test_who_limits_us_is_left_alone_as_long_as_it_says(server: OpenAiServer) -> None:
    time = [100.0]
    settings = OpenAiHearingSettings(url=server.url, key=Secret(KEY))
    ears = OpenAiSpeechToText(settings, name="cloud", now=lambda: time[0])
    server.fault, server.headers = "429", {"Retry-After": "20"}
    with pytest.raises(SpeechError, match="Rate limit reached"):
        await hear(ears, SENTENCE)
    server.fault = ""
    for time[0] in (100.0, 119.9):
        with pytest.raises(SpeechError, match="cloud: it asked to be left alone") as error:
            await hear(ears, SENTENCE)
        assert error.value.problem is SpeechProblem.LIMITED
        with pytest.raises(SpeechError):
            await ears.ready()
    assert len(server.asked) == 1
    time[0] = 120.0
    await ears.ready()
    assert (await hear(ears, SENTENCE)).text == TEXT


@pytest.mark.parametrize("response_format", ["pcm", "wav"])
async def test_a_text_is_spoken(server: OpenAiServer, response_format: str) -> None:
    mouth = mouth_of(server.url, response_format=response_format)
    async with served(mouth):
        sound = await mouth.speak("您好", Voice(language="zh", speed=9.0))
    seconds = len(sound) / 16_000
    assert seconds == pytest.approx(0.6 if response_format == "wav" else 0.2, abs=0.01)
    assert server.asked == [
        {"model": "tts-1", "input": "您好", "voice": "nova", "response_format": response_format, "speed": 4.0}
    ]


async def test_a_voice_is_the_one_that_is_wanted(server: OpenAiServer) -> None:
    mouth = mouth_of(server.url)
    await mouth.speak("Bonjour", Voice(language="fr", name="shimmer"))
    assert server.asked[0]["voice"] == "shimmer"
    with pytest.raises(SpeechError, match="setting voices has none for 'fr'"):
        await mouth.speak("Bonjour", Voice(language="fr"))
    assert mouth.abilities.voices == {"zh": ("nova",), "en": ("alloy",)}


@pytest.mark.parametrize("sound", [b"", bytes(4800), tone(0.1)[:-1]], ids=["nothing", "silence", "half a sample"])
async def test_sound_that_is_none_is_broken(server: OpenAiServer, sound: bytes) -> None:
    server.sound = sound
    with pytest.raises(SpeechError, match="no sound") as error:
        await mouth_of(server.url).speak("Good morning.", Voice(language="en"))
    assert error.value.problem is SpeechProblem.BROKEN


def test_settings_say_what_is_wrong_with_them() -> None:
    for wrong in ({"url": "ws://asr.example/v1"}, {"url": "https://asr.example/v1", "prot": 1}):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({"engine": "openai", **wrong}, OpenAiHearingSettings)
