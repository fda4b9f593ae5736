import asyncio
import socket
import sys

import msgspec
from support.speech_engines import RAISES, EngineSettings, sound

from gateway.ports.speech import Voice, Wanted
from ivr.speech.workers.process import memory_mb, work
from ivr.speech.workers.protocol import LENGTH, Answer, Failed, Make, Ready, Speak, Transcribe, encoded, from_worker, length_of

SETTINGS = "support.speech_engines:EngineSettings"


def make(maker: str = "recogniser", **settings: str) -> Make:
    return Make(f"support.speech_engines:{maker}", SETTINGS, msgspec.json.encode(EngineSettings(**settings)))  # type: ignore[arg-type]


async def told(*messages: Make | Transcribe | Speak) -> list[Ready | Answer | Failed]:
    """What a worker says to these, until its line is closed."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        for message in messages:
            ours.sendall(encoded(message))
        ours.shutdown(socket.SHUT_WR)
        await asyncio.to_thread(work, theirs)
        theirs.close()
        data, found = b"", []
        while more := ours.recv(65536):
            data += more
    while data:
        end = LENGTH + length_of(data[:LENGTH])
        found.append(from_worker(data[LENGTH:end]))
        data = data[end:]
    return found


async def test_it_makes_its_engine_and_answers_in_order() -> None:
    ready, first, second = await told(make(), Transcribe(sound(b"e"), Wanted(language="zh")), Transcribe(sound(RAISES), Wanted()))
    assert isinstance(ready, Ready)
    assert ready.memory_mb > 1
    assert isinstance(first, Answer)
    assert first.heard is not None
    assert first.heard.language == "zh"
    assert second == Failed("RuntimeError: no such word")


async def test_it_speaks() -> None:
    _, answer = await told(make("speaker"), Speak("hello", Voice(language="en")))
    assert answer == Answer(sound=b"en:hello")


async def test_an_engine_that_cannot_be_made_is_told() -> None:
    assert await told(make(fails="no model")) == [Failed("RuntimeError: no model")]
    assert await told(Make("support.nowhere:f", SETTINGS, b"{}")) == [
        Failed("ModuleNotFoundError: No module named 'support.nowhere'")
    ]


async def test_a_line_that_is_closed_ends_it() -> None:
    assert await told() == []
    assert len(await told(make(), make())) == 1


async def test_the_program_ends_with_its_gateway() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = (sys.executable, "-m", "ivr.speech.workers.process", str(theirs.fileno()))
        process = await asyncio.create_subprocess_exec(*command, pass_fds=(theirs.fileno(),))
        ours.close()
        theirs.close()
        assert await process.wait() == 0
    assert memory_mb() > 1
