import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from support.sounds import spoken
from support.speech_servers_a import KEY, openai_server
from support.spoken_calls import SpokenCall
from support.voice_itr import DIALOG
from support.waiting import until

from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.ports.media import SessionEndedBy
from ivr.application import VoiceItr, create
from ivr.itr.settings import ItrSettings
from ivr.speech.espeak import EspeakSettings
from ivr.speech.openai import OpenAiHearingSettings
from ivr.speech.settings import HearingSettings
from ivr.speech.whisper import WhisperSettings
from ivr.voice.settings import VoiceSettings

pytestmark = [pytest.mark.live, pytest.mark.slow]

PARCEL = "Where is my parcel?"


def settings(folder: Path, *hearing: HearingSettings, answer_s: float = 8.0) -> ItrSettings:
    (folder / "shop.yaml").write_text(DIALOG)
    voice = VoiceSettings(
        queues={"support": "5000", "pool": "5040"},
        speech_to_text=hearing,
        text_to_speech=(EspeakSettings(),),
        answer_s=answer_s,
    )
    return ItrSettings(dialog=str(folder / "shop.yaml"), voice=voice)


@asynccontextmanager
async def serving(folder: Path, *hearing: HearingSettings, answer_s: float = 8.0) -> AsyncIterator[VoiceItr]:
    application = create(settings(folder, *hearing, answer_s=answer_s), folder / "itr")
    task = asyncio.create_task(application.serve())
    try:
        await application.ready()
        yield application
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def greeted(call: SpokenCall) -> None:
    """Wait until the greeting has begun; he speaks into it."""
    await until(lambda: call.first_loud_after(0.0) is not None)


async def hears_something(call: SpokenCall, since: float) -> None:
    """Wait until he hears something after his sentence; how soon that is, a bench says."""
    await until(lambda: call.first_loud_after(since) is not None)


def workers() -> list[int]:
    """The processes that hear."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = each.read_bytes()
            parent = int((each.parent / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        if b"ivr.speech.workers.process" in command and parent == os.getpid():
            found.append(int(each.parent.name))
    return found


async def test_where_nothing_recognises_speech_callers_are_served_by_keys(tmp_path: Path) -> None:
    async with serving(tmp_path) as application:
        call = SpokenCall()
        async with call.running(application) as talking:
            await call.quiet(0.4)
            call.press("2")
            await asyncio.wait([talking], timeout=20)
        assert call.sent is not None
        to, context = call.sent
        assert to == "5040"
        assert context["path"].endswith("invoices")
        assert call.ended is not None
        assert call.ended.by is SessionEndedBy.TRANSFER
        assert application.counts()["outcome", "handed_over"] == 1


async def test_a_caller_who_hangs_up_leaves_nothing_behind(tmp_path: Path) -> None:
    async with serving(tmp_path) as application:
        call = SpokenCall()
        async with call.running(application) as talking:
            await until(lambda: len(call.heard) > 10)
            call.hang_up_himself()
            await asyncio.wait([talking], timeout=5)
            assert talking.done()
        assert application.counts()["outcome", "gone"] == 1


async def test_engines_that_are_killed_cost_a_sentence_and_no_silence(tmp_path: Path) -> None:
    async with serving(tmp_path, WhisperSettings(processes=1)) as application:
        call = SpokenCall()
        async with call.running(application) as talking:
            await greeted(call)
            before = set(workers())
            for pid in before:
                os.kill(pid, signal.SIGSTOP)
            ended = await call.speak(spoken(PARCEL))
            for pid in before:
                os.kill(pid, signal.SIGKILL)
            await hears_something(call, ended)
            await until(lambda: application.counts().get(("unheard", "down"), 0) == 1)
            assert not talking.done()
            call.press("0")
            await asyncio.wait([talking], timeout=20)
        assert call.sent is not None
        assert call.sent[0] == "5000"
        assert application.counts()["unheard", "down"] == 1


async def test_an_engine_that_hangs_is_covered_and_then_the_caller_gets_keys(tmp_path: Path) -> None:
    async with serving(tmp_path, WhisperSettings(processes=1), answer_s=3.0) as application:
        call = SpokenCall()
        async with call.running(application) as talking:
            await greeted(call)
            hanging = workers()
            for pid in hanging:
                os.kill(pid, signal.SIGSTOP)
            ended = await call.speak(spoken(PARCEL))
            await hears_something(call, ended)
            await until(lambda: application.counts().get(("unheard", "late"), 0) == 1)
            for pid in hanging:
                with suppress(ProcessLookupError):  # the one that was late has been killed
                    os.kill(pid, signal.SIGCONT)
            call.press("0")
            await asyncio.wait([talking], timeout=20)
        assert call.sent is not None


@pytest.mark.parametrize("fault", ["401", "429", "cut", "hang"])
async def test_a_server_that_fails_is_told_of_and_another_engine_hears(tmp_path: Path, fault: str) -> None:
    async with openai_server() as server:
        server.fault = "" if fault == "401" else fault
        key = Secret("wrong" if fault == "401" else KEY)
        theirs = OpenAiHearingSettings(url=server.url, key=key, timeout_s=2.0)
        async with serving(tmp_path, theirs, WhisperSettings(processes=1)) as application:
            call = SpokenCall()
            async with call.running(application):
                await greeted(call)
                ended = await call.speak(spoken(PARCEL))
                await hears_something(call, ended)
                await until(lambda: application.counts().get(("node", "delivery"), 0) == 1)


def test_a_queue_that_nothing_is_dialled_for_is_told_before_anybody_calls(tmp_path: Path) -> None:
    given = settings(tmp_path)
    wrong = ItrSettings(dialog=given.dialog, voice=VoiceSettings(queues={"support": "5000"}))
    with pytest.raises(ConfigurationError, match=r"hands callers over to pool: write under `queues`"):
        VoiceItr(wrong, tmp_path)
