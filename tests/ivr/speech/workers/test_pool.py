import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from support.speech_engines import CRASHES, ECHO, HANGS, PRINTS, RAISES, WAITS, EngineSettings, sound
from support.waiting import until

from gateway.ports.speech import SpeechError, SpeechProblem, Wanted
from ivr.speech.workers.pool import Pool
from ivr.speech.workers.protocol import Answer, Transcribe


def pool(
    settings: EngineSettings = EngineSettings(),  # noqa: B008
    *,
    processes: int = 1,
    waiting: int = 2,
    timeout_s: float = 20.0,
) -> Pool:
    return Pool(
        "scripted", "support.speech_engines:recogniser", settings, processes=processes, waiting=waiting, timeout_s=timeout_s
    )


@pytest.fixture(autouse=True)
def workers_find_the_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[4] / "tests"))


@asynccontextmanager
async def serving(one: Pool) -> AsyncIterator[Pool]:
    task = asyncio.create_task(one.serve())
    try:
        await one.ready()
        yield one
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def ask(one: Pool, order: bytes) -> "asyncio.Task[Answer]":
    return asyncio.create_task(one.ask(Transcribe(sound(order), Wanted())))


async def problem(task: "asyncio.Task[Answer]") -> SpeechProblem:
    with pytest.raises(SpeechError) as caught:
        await task
    return caught.value.problem


def worker_of(answer: Answer) -> int:
    assert answer.heard is not None
    return int(answer.heard.text.split()[1])


async def test_a_worker_answers_and_is_gone_when_nobody_serves() -> None:
    async with serving(pool()) as one:
        pid = worker_of(await ask(one, ECHO))
        assert worker_of(await ask(one, PRINTS)) == pid
        assert await problem(ask(one, RAISES)) is SpeechProblem.BROKEN
        assert worker_of(await ask(one, ECHO)) == pid
        assert one.counts() == {"answered": 3, "broken": 1, "asked_now": 0}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_a_worker_that_dies_is_started_anew_and_another_does_its_work() -> None:
    async with serving(pool(processes=2)) as one:
        await until(lambda: one._alive == 2)
        crashing = ask(one, CRASHES)
        assert await problem(crashing) is SpeechProblem.DOWN
        await one.ready()
        assert (await ask(one, ECHO)).heard is not None
        assert one.counts()["restarted"] >= 1


async def test_one_that_is_killed_while_idle_is_noticed() -> None:
    async with serving(pool()) as one:
        pid = worker_of(await ask(one, ECHO))
        os.kill(pid, 9)
        await until(lambda: one.counts().get("restarted", 0) == 1)
        assert await problem(ask(one, ECHO)) is SpeechProblem.DOWN
        await one.ready()
        assert worker_of(await ask(one, ECHO)) != pid


async def test_one_that_hangs_is_late_and_killed() -> None:
    async with serving(pool(timeout_s=1.0)) as one:
        pid = worker_of(await ask(one, ECHO))
        assert await problem(ask(one, HANGS)) is SpeechProblem.LATE
        await until(lambda: one.counts().get("restarted", 0) == 1)
        await one.ready()
        assert worker_of(await ask(one, ECHO)) != pid


async def test_over_the_bound_one_is_told_at_once(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with serving(pool(EngineSettings(gate=str(gate)), waiting=1)) as one:
        running, waiting = ask(one, WAITS), ask(one, ECHO)
        await asyncio.sleep(0)
        assert await problem(ask(one, ECHO)) is SpeechProblem.BUSY
        waiting.cancel()
        await asyncio.wait([waiting])
        third = ask(one, ECHO)
        gate.touch()
        assert (await running).heard is not None
        assert (await third).heard is not None


async def test_an_engine_that_cannot_be_made_is_named_and_tried_again_unless_it_is_configured_wrongly() -> None:
    one = pool(EngineSettings(fails="no such model: run `make speech`", final=True))
    task = asyncio.create_task(one.serve())
    with pytest.raises(SpeechError, match=r"scripted: .*no such model: run `make speech`"):
        await one.ready()
    with pytest.raises(SpeechError, match="run `make speech`"):
        await ask(one, ECHO)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    other = pool(EngineSettings(fails="out of memory"))
    task = asyncio.create_task(other.serve())
    await until(lambda: other.counts().get("restarted", 0) >= 1)
    assert await problem(ask(other, ECHO)) is SpeechProblem.DOWN
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
