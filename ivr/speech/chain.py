"""Several engines: what one cannot hear in time the next one is given, and one that fails is left alone a while."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, SpeechToText, Wanted

FIRST_REST_S: Final = 5.0
"""Seconds for which an engine is left alone that failed; each further failure in a row doubles them."""
LONGEST_REST_S: Final = 300.0
_log = structlog.get_logger()


class Chain:
    """See the module; itself a :class:`gateway.ports.speech.SpeechToText`.

    Args:
        engines: In the order in which they are asked; one at least.
        one_s: Seconds from the end of a sentence in which an engine must answer, where another one follows.
        total_s: Seconds from the end of a sentence to the answer of the last.
    """

    name = "speech to text"

    def __init__(self, engines: Sequence[SpeechToText], *, one_s: float, total_s: float) -> None:
        self._engines = list(engines)
        self._one_s = one_s
        self._total_s = total_s
        self._failures: Counter[str] = Counter()
        self._rests_until: dict[str, float] = {}
        self._counts: Counter[tuple[str, str]] = Counter()
        self.abilities = SpeechAbilities(
            languages=frozenset().union(*(each.abilities.languages for each in engines)),
            finds_language=all(each.abilities.finds_language for each in engines),
            takes_hints=any(each.abilities.takes_hints for each in engines),
            is_streaming=engines[0].abilities.is_streaming,
        )

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often each engine ``answered`` or failed, by its problem."""
        return self._counts

    async def serve(self) -> None:
        """Serve all engines until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for engine in self._engines:
                tasks.create_task(engine.serve(), name=f"speech.{engine.name}")

    async def ready(self) -> None:
        """Wait until one can hear.

        Raises:
            SpeechError: None can.
        """
        errors: list[SpeechError] = []
        for engine in self._engines:
            try:
                await engine.ready()
            except SpeechError as error:
                errors.append(error)
            else:
                return
        raise errors[-1]

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Have the first engine that can recognise it."""
        heard = _Recording(sound)
        error: SpeechError | None = None
        async with heard.running():
            for engine in self._willing(wanted):
                is_last = engine is self._engines[-1]
                try:
                    found = await self._ask(engine, heard, wanted, self._total_s if is_last else self._one_s)
                except SpeechError as failed:
                    error = failed
                    self._failed(engine, failed)
                    continue
                self._failures.pop(engine.name, None)
                self._counts[engine.name, "answered"] += 1
                return found
        raise error or SpeechError(self.name, SpeechProblem.DOWN, "each engine is left alone a while after it failed")

    def _willing(self, wanted: Wanted) -> list[SpeechToText]:
        now = asyncio.get_running_loop().time()
        return [
            engine
            for engine in self._engines
            if self._rests_until.get(engine.name, 0.0) <= now
            and (wanted.language is None or not engine.abilities.languages or wanted.language in engine.abilities.languages)
        ]

    async def _ask(self, engine: SpeechToText, heard: "_Recording", wanted: Wanted, limit_s: float) -> Heard:
        asking = asyncio.create_task(engine.transcribe(heard.pieces(), wanted), name=f"speech.ask.{engine.name}")
        try:
            over = asyncio.create_task(heard.over.wait(), name="speech.over")
            try:
                await asyncio.wait([asking, over], return_when=asyncio.FIRST_COMPLETED)
            finally:
                over.cancel()
            left = max(0.05, heard.ended_at + limit_s - asyncio.get_running_loop().time()) if heard.over.is_set() else None
            await asyncio.wait([asking], timeout=left)
            if not asking.done():
                raise SpeechError(engine.name, SpeechProblem.LATE, f"no answer {limit_s:g} s after the end of a sentence")
            return asking.result()
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)

    def _failed(self, engine: SpeechToText, error: SpeechError) -> None:
        self._counts[engine.name, error.problem] += 1
        if error.problem is SpeechProblem.BUSY:
            return  # it works, for others
        self._failures[engine.name] += 1
        rest_s = min(FIRST_REST_S * 2 ** (self._failures[engine.name] - 1), LONGEST_REST_S)
        self._rests_until[engine.name] = asyncio.get_running_loop().time() + rest_s
        _log.warning("speech_engine_left_alone", engine=engine.name, for_s=rest_s, reason=str(error))


class _Recording:
    """A sentence that is heard once and can be read again by whoever comes next."""

    def __init__(self, sound: AsyncIterable[bytes]) -> None:
        self._sound = sound
        self._pieces: list[bytes] = []
        self._more = asyncio.Event()
        self.over = asyncio.Event()
        self.ended_at = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Hear it while the context is open."""
        hearing = asyncio.create_task(self._hear(), name="speech.hear")
        try:
            yield
        finally:
            hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield all of it, from its beginning."""
        at = 0
        while True:
            while at < len(self._pieces):
                at += 1
                yield self._pieces[at - 1]
            if self.over.is_set():
                return
            self._more.clear()
            await self._more.wait()

    async def _hear(self) -> None:
        try:
            async for piece in self._sound:
                self._pieces.append(piece)
                self._more.set()
        finally:
            self.ended_at = asyncio.get_running_loop().time()
            self.over.set()
            self._more.set()
