import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.speech_engines import ECHO, EngineSettings, sound

from gateway.ports.speech import Heard, SpeechAbilities, Voice, VoiceAbilities, Wanted
from ivr.speech.local import LocalSpeechToText, LocalTextToSpeech
from ivr.speech.workers.pool import Pool


async def pieces(*of: bytes) -> AsyncIterator[bytes]:
    for each in of:
        await asyncio.sleep(0)
        yield each


def pool(maker: str) -> Pool:
    name = f"support.speech_engines:{maker}"
    return Pool("scripted", name, EngineSettings(), processes=1, waiting=1, timeout_s=20.0)


async def test_engines_of_this_machine_hear_and_speak(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3] / "tests"))
    ear = LocalSpeechToText(pool("recogniser"), SpeechAbilities(languages=frozenset({"en"})))
    mouth = LocalTextToSpeech(pool("speaker"), VoiceAbilities(voices={"en": ("a",)}, identity="x"))
    serving = [asyncio.create_task(each.serve()) for each in (ear, mouth)]
    await ear.ready()
    heard = await ear.transcribe(pieces(sound(ECHO), sound(ECHO)), Wanted(language="en"))
    assert heard.text.startswith("4000 ")
    assert await ear.transcribe(pieces(b"x"), Wanted()) == Heard(text="")
    assert await mouth.speak("hello", Voice(language="en")) == b"en:hello"
    for task in serving:
        task.cancel()
    await asyncio.gather(*serving, return_exceptions=True)
