"""Several engines: what one cannot hear in time the next one is given, and one that fails is left alone a while."""

import asyncio
import math
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import structlog

from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, SpeechToText, Wanted

FIRST_REST_S: Final = 5.0
"""Seconds for which an engine is left alone that failed; each further failure in a row doubles them."""
LONGEST_REST_S: Final = 300.0
DOUBTS: Final = 3
"""Sentences in a row that it does too late or wrongly, after which an engine is left alone: one may be the sentence's fault."""
_DOUBTFUL: Final = frozenset({SpeechProblem.LATE, SpeechProblem.BROKEN})
MAX_SOUND_BYTES: Final = 2 * 8000 * 60
"""Of a sentence that is kept for the next engine, a minute; what is said after is not heard."""
_log = structlog.get_logger()


class Rest:
    """Whether one engine is asked, by how it did lately. Pure; times are seconds of one clock."""

    def __init__(self) -> None:
        self.until = -math.inf
        self._failed_at = -math.inf
        self._rests = 0
        self._doubts = 0
        self._is_tried = False

    def may_ask(self, now: float) -> bool:
        """Tell whether it is not left alone; after a rest one sentence tries it, the others wait for what comes of it."""
        return now >= self.until and not self._is_tried

    def may_try(self) -> bool:
        """Tell whether it can be tried although it rests, as nobody else can hear: one sentence at a time does."""
        return not self._is_tried

    def asked(self) -> None:
        """A sentence is given to it."""
        self._is_tried = self._rests > 0

    def given_up(self) -> None:
        """Whoever asked wants no answer any more."""
        self._is_tried = False

    def answered(self) -> bool:
        """It did what it should. Returns whether it is back after a rest."""
        was_resting = self._rests > 0
        self._rests = self._doubts = 0
        self.until = -math.inf
        self._is_tried = False
        return was_resting

    def failed(self, problem: SpeechProblem, asked_at: float, now: float) -> float:
        """It did not. Returns for how many seconds it is left alone now; 0: no longer than it is."""
        self._is_tried = False
        # Who is busy works, for others. And all sentences that it had in hand as it failed are one failure.
        if problem is SpeechProblem.BUSY or asked_at < self._failed_at or now < self.until:
            return 0.0
        if problem in _DOUBTFUL and not self._rests:
            self._doubts += 1
            if self._doubts < DOUBTS:
                return 0.0
        self._rests += 1
        self._failed_at = now
        rest_s = min(FIRST_REST_S * 2.0 ** min(self._rests - 1, 16), LONGEST_REST_S)
        self.until = now + rest_s
        return rest_s


class Chain:
    """See the module; itself a :class:`gateway.ports.speech.SpeechToText`.

    Args:
        engines: In the order in which they are asked; one at least.
        one_s: Seconds from the end of a sentence in which an engine must answer, where another one follows.
        total_s: Seconds from the end of a sentence to the answer of the last.
    """

    name = "speech to text"

    def __init__(self, engines: Sequence[SpeechToText], *, one_s: float, total_s: float) -> None:
        self._engines = tuple((engine, Rest()) for engine in engines)
        self._one_s = one_s
        self._total_s = total_s
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
            for engine, _ in self._engines:
                tasks.create_task(engine.serve(), name=f"speech.{engine.name}")

    async def ready(self) -> None:
        """Wait until one can hear.

        Raises:
            SpeechError: None can.
        """
        error: SpeechError | None = None
        waiting = [asyncio.create_task(engine.ready(), name=f"speech.ready.{engine.name}") for engine, _ in self._engines]
        try:
            for first in asyncio.as_completed(waiting):
                try:
                    await first
                except SpeechError as failed:
                    error = failed
                else:
                    return
            assert error is not None
            raise error
        finally:
            await _end(*waiting)

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        """Have the first engine recognise it that can; raises what the last one raised. ``sound`` is read once."""
        clock = asyncio.get_running_loop().time
        engines = self._willing(wanted, clock())
        error: SpeechError | None = None
        async with _kept(sound, clock) as sentence:
            for engine, rest in engines:
                # Meanwhile another sentence may have found that it fails.
                if error is not None and not rest.may_ask(clock()):
                    continue
                asked_at = clock()
                rest.asked()
                try:
                    is_last = engine is engines[-1][0]
                    heard = await self._ask(engine, sentence, wanted, self._total_s if is_last else self._one_s)
                except SpeechError as failed:
                    error = failed
                    self._failed(rest, failed, asked_at, clock())
                except asyncio.CancelledError:
                    rest.given_up()
                    raise
                else:
                    self._counts[engine.name, "answered"] += 1
                    if rest.answered():
                        _log.info("speech_engine_back", engine=engine.name)
                    return heard
                if sentence.ended_at is not None and clock() >= sentence.ended_at + self._total_s:
                    break
        raise error or SpeechError(self.name, SpeechProblem.DOWN, "every engine is left alone after its failures")

    def _willing(self, wanted: Wanted, now: float) -> "list[tuple[SpeechToText, Rest]]":
        able = [each for each in self._engines if wanted.language is None or wanted.language in each[0].abilities.languages]
        if not able:
            raise SpeechError(self.name, SpeechProblem.REFUSED, f"no engine hears {wanted.language!r}: configure one")
        if willing := [each for each in able if each[1].may_ask(now)]:
            return willing
        return sorted((each for each in able if each[1].may_try()), key=lambda each: each[1].until)[:1]

    async def _ask(self, engine: SpeechToText, sentence: "_Sentence", wanted: Wanted, limit_s: float) -> Heard:
        clock = asyncio.get_running_loop().time
        began_at = clock()
        asking = asyncio.create_task(_recognised(engine, sentence, wanted), name=f"speech.ask.{engine.name}")
        over = asyncio.create_task(sentence.over.wait(), name="speech.over")
        try:
            await asyncio.wait([asking, over], return_when=asyncio.FIRST_COMPLETED)
            if sentence.ended_at is not None:
                by = min(max(sentence.ended_at, began_at) + limit_s, sentence.ended_at + self._total_s)
                await asyncio.wait([asking], timeout=max(0.0, by - clock()))
            if not asking.done():
                raise SpeechError(engine.name, SpeechProblem.LATE, f"no answer within {limit_s:g} s of the end of a sentence")
            return asking.result()
        finally:
            await _end(asking, over)

    def _failed(self, rest: Rest, error: SpeechError, asked_at: float, now: float) -> None:
        self._counts[error.engine, error.problem] += 1
        if rest_s := rest.failed(error.problem, asked_at, now):
            _log.warning("speech_engine_left_alone", engine=error.engine, for_s=rest_s, reason=str(error))


class _Sentence:
    """A sentence that is heard once, and read again by whoever comes next."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._more = asyncio.Event()
        self.over = asyncio.Event()
        self.ended_at: float | None = None

    async def hear(self, sound: AsyncIterable[bytes], clock: Callable[[], float]) -> None:
        """Keep it, to its end."""
        room = MAX_SOUND_BYTES
        try:
            async for piece in sound:
                if room > 0:
                    self._pieces.append(piece[:room])
                    room -= len(piece)
                    self._more.set()
        finally:
            self.ended_at = clock()
            self.over.set()
            self._more.set()

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield all of it, from its beginning; one reader at a time."""
        at = 0
        while True:
            while at < len(self._pieces):
                at += 1
                yield self._pieces[at - 1]
            if self.over.is_set():
                return
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def _kept(sound: AsyncIterable[bytes], clock: Callable[[], float]) -> AsyncIterator[_Sentence]:
    sentence = _Sentence()
    hearing = asyncio.create_task(sentence.hear(sound, clock), name="speech.hear")
    try:
        yield sentence
    finally:
        await _end(hearing)


async def _recognised(engine: SpeechToText, sentence: _Sentence, wanted: Wanted) -> Heard:
    try:
        return await engine.transcribe(sentence.pieces(), wanted)
    except SpeechError:
        raise
    except Exception as error:
        # Its fault must not keep the next engine from hearing the caller.
        _log.exception("speech_engine_failed", engine=engine.name)
        raise SpeechError(engine.name, SpeechProblem.BROKEN, repr(error)) from error


async def _end(*tasks: "asyncio.Task[object]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
