import asyncio
from collections.abc import AsyncIterable, AsyncIterator

import pytest
from support.speech_contract import SILENCE, SpeechToTextContract, cut, hear, served, spoken, tone, unfinished
from support.virtual_time import in_virtual_time
from support.waiting import until

from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.speech.chain import DOUBTS, FIRST_REST_S, LONGEST_REST_S, MAX_SOUND_BYTES, Chain, Rest

SENTENCE = tone(0.3)
ONE_S, TOTAL_S = 3.0, 5.0


class Engine:
    """Hears how much was said; fails as a test says."""

    def __init__(self, name: str, *languages: str) -> None:
        self.name = name
        self.abilities = SpeechAbilities(languages=frozenset(languages or ("en", "zh")))
        self.problem: SpeechProblem | None = None
        self.fails_at_once = False
        """It fails before it hears anything."""
        self.fault: Exception | None = None
        self.takes_s = 0.0
        self.asked = 0
        self.at_once = 0
        self.is_served = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def serve(self) -> None:
        self.is_served = True
        try:
            await asyncio.Event().wait()
        finally:
            self.is_served = False

    async def ready(self) -> None:
        await self.gate.wait()
        if self.problem is not None:
            raise self.error()

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        self.asked += 1
        self.at_once += 1
        try:
            if self.fails_at_once:
                raise self.error()
            whole = b"".join([piece async for piece in sound])
            await asyncio.sleep(self.takes_s)
            await self.gate.wait()
            if self.fault is not None:
                raise self.fault
            if self.problem is not None:
                raise self.error()
            return Heard(text=f"{self.name} {len(whole)}" if any(whole) else "")
        finally:
            self.at_once -= 1

    def error(self) -> SpeechError:
        return SpeechError(self.name, self.problem or SpeechProblem.DOWN, "so the test says")


class ChainHearing:
    """A chain whose first engine hears nobody."""

    def __init__(self) -> None:
        self.first, self.second = Engine("first"), Engine("second")
        self.first.problem = SpeechProblem.DOWN
        self.engine = Chain([self.first, self.second], one_s=ONE_S, total_s=TOTAL_S)
        self.sentence = SENTENCE
        self.text = f"second {len(SENTENCE)}"

    def stall(self) -> None:
        self.second.gate.clear()

    def fail(self) -> None:
        # What the contract asks of an error's engine is true of the chain's own.
        self.first.abilities = self.second.abilities = SpeechAbilities(languages=frozenset())

    def mend(self) -> None:
        self.first.abilities = self.second.abilities = SpeechAbilities(languages=frozenset({"en"}))
        self.second.gate.set()

    def held(self) -> int:
        return self.first.at_once + self.second.at_once


class TestContract(SpeechToTextContract):
    @pytest.fixture
    async def hearing(self) -> AsyncIterator[ChainHearing]:
        hearing = ChainHearing()
        async with served(hearing.engine):
            yield hearing


def chain_of(*engines: Engine) -> Chain:
    return Chain(engines, one_s=ONE_S, total_s=TOTAL_S)


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("problem", list(SpeechProblem))
async def test_what_one_cannot_hear_the_next_one_is_given_whole(problem: SpeechProblem) -> None:
    first, second = Engine("first"), Engine("second")
    first.problem = problem
    chain = chain_of(first, second)
    assert (await hear(chain, SENTENCE)).text == f"second {len(SENTENCE)}"
    assert chain.counts() == {("first", problem): 1, ("second", "answered"): 1}


async def test_the_next_one_hears_while_the_caller_still_speaks() -> None:
    first, second = Engine("first"), Engine("second")
    first.fails_at_once = True
    chain = chain_of(first, second)
    asking = asyncio.create_task(chain.transcribe(unfinished(cut(SENTENCE)), Wanted()))
    await until(lambda: second.at_once == 1)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert second.at_once == 0


async def test_an_engine_s_own_fault_does_not_keep_the_next_one_from_hearing() -> None:
    first, second = Engine("first"), Engine("second")
    first.fault = RuntimeError("a bug")
    chain = chain_of(first, second)
    assert (await hear(chain, SENTENCE)).text == f"second {len(SENTENCE)}"
    assert chain.counts()["first", SpeechProblem.BROKEN] == 1


async def test_the_last_one_s_error_is_the_chain_s() -> None:
    first, second = Engine("first"), Engine("second")
    first.problem, second.problem = SpeechProblem.LATE, SpeechProblem.REFUSED
    with pytest.raises(SpeechError, match="second: so the test says") as error:
        await hear(chain_of(first, second), SENTENCE)
    assert error.value.problem is SpeechProblem.REFUSED


async def test_only_engines_of_the_language_are_asked() -> None:
    first, second = Engine("first", "zh"), Engine("second", "en")
    chain = chain_of(first, second)
    assert (await hear(chain, SENTENCE, Wanted(language="en"))).text.startswith("second")
    assert (await hear(chain, SENTENCE, Wanted())).text.startswith("first")
    assert chain.abilities.languages == {"zh", "en"}
    with pytest.raises(SpeechError, match="no engine hears 'fr'"):
        await hear(chain, SENTENCE, Wanted(language="fr"))


@in_virtual_time
async def test_who_is_late_is_overtaken_and_nobody_is_waited_for_beyond_the_whole() -> None:
    first, second, third = Engine("first"), Engine("second"), Engine("third")
    first.takes_s = second.takes_s = third.takes_s = 60.0
    chain = chain_of(first, second, third)
    with pytest.raises(SpeechError) as error:
        await hear(chain, SENTENCE)
    assert error.value.problem is SpeechProblem.LATE
    assert now() == pytest.approx(TOTAL_S)
    assert (first.asked, second.asked, third.asked) == (1, 1, 0)
    second.takes_s = 1.0
    assert (await hear(chain, SENTENCE)).text.startswith("second")
    assert now() == pytest.approx(TOTAL_S + ONE_S + 1.0)
    assert first.at_once == second.at_once == 0


@in_virtual_time
async def test_time_counts_from_the_end_of_the_sentence() -> None:
    engine = Engine("only")

    async def slow() -> AsyncIterator[bytes]:
        for piece in cut(SENTENCE):
            await asyncio.sleep(10)
            yield piece

    engine.takes_s = 4.0
    assert (await chain_of(engine).transcribe(slow(), Wanted())).text == f"only {len(SENTENCE)}"


@in_virtual_time
async def test_who_fails_is_left_alone_and_tried_by_one_sentence() -> None:
    first, second = Engine("first"), Engine("second")
    first.problem = SpeechProblem.DOWN
    chain = chain_of(first, second)
    # All that it has in hand as it fails are one failure.
    await asyncio.gather(*(hear(chain, SENTENCE) for _ in range(10)))
    assert first.asked == 10
    await asyncio.sleep(FIRST_REST_S - 0.1)
    await hear(chain, SENTENCE)
    assert first.asked == 10
    await asyncio.sleep(0.2)
    first.takes_s = 1.0
    await asyncio.gather(*(hear(chain, SENTENCE) for _ in range(10)))
    assert first.asked == 11
    await asyncio.sleep(2 * FIRST_REST_S - 0.1)
    await hear(chain, SENTENCE)
    assert first.asked == 11
    first.problem = None
    await asyncio.sleep(0.2)
    assert (await hear(chain, SENTENCE)).text.startswith("first")
    await asyncio.gather(*(hear(chain, SENTENCE) for _ in range(3)))
    assert first.asked == 15


@in_virtual_time
async def test_who_is_late_once_is_asked_again_and_who_is_busy_always() -> None:
    first, second = Engine("first"), Engine("second")
    chain = chain_of(first, second)
    for problem, asked in ((SpeechProblem.BUSY, 5), (SpeechProblem.LATE, DOUBTS)):
        first.problem, first.asked = problem, 0
        for _ in range(5):
            await hear(chain, SENTENCE)
        assert first.asked == asked


@in_virtual_time
async def test_when_all_rest_one_sentence_at_a_time_tries_the_next_that_would_be_asked() -> None:
    first, second = Engine("first"), Engine("second")
    first.problem = second.problem = SpeechProblem.DOWN
    first.takes_s = 1.0
    chain = chain_of(first, second)
    with pytest.raises(SpeechError):
        await hear(chain, SENTENCE)
    asking = asyncio.create_task(hear(chain, SENTENCE))
    await asyncio.sleep(0.5)
    assert (first.asked, second.asked) == (2, 1)
    second.problem = first.problem = None
    assert (await hear(chain, SENTENCE)).text.startswith("second")
    assert (await asking).text.startswith("first")


@in_virtual_time
async def test_an_only_engine_that_is_tried_by_one_fails_the_others_at_once() -> None:
    engine = Engine("only")
    engine.problem, engine.takes_s = SpeechProblem.DOWN, 1.0
    chain = chain_of(engine)
    with pytest.raises(SpeechError, match="so the test says"):
        await hear(chain, SENTENCE)
    trying = asyncio.create_task(hear(chain, SENTENCE))
    await asyncio.sleep(0.5)
    with pytest.raises(SpeechError, match="left alone"):
        await hear(chain, SENTENCE)
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    engine.problem = None
    assert (await hear(chain, SENTENCE)).text.startswith("only")


async def test_a_sentence_is_read_once_and_a_minute_of_it_is_kept() -> None:
    first, second = Engine("first"), Engine("second")
    first.problem = SpeechProblem.DOWN
    reads = 0

    async def sound() -> AsyncIterator[bytes]:
        nonlocal reads
        reads += 1
        async for piece in spoken([SENTENCE, bytes(MAX_SOUND_BYTES), SENTENCE]):
            yield piece

    assert (await chain_of(first, second).transcribe(sound(), Wanted())).text == f"second {MAX_SOUND_BYTES}"
    assert reads == 1


async def test_silence_is_an_answer() -> None:
    first, second = Engine("first"), Engine("second")
    assert (await hear(chain_of(first, second), SILENCE)).text == ""
    assert second.asked == 0


async def test_it_is_ready_when_one_is() -> None:
    first, second = Engine("first"), Engine("second")
    first.gate.clear()
    chain = chain_of(first, second)
    await chain.ready()
    first.gate.set()
    first.problem = SpeechProblem.DOWN
    await chain.ready()
    second.problem = SpeechProblem.REFUSED
    with pytest.raises(SpeechError):
        await chain.ready()


async def test_all_are_served_until_it_is_cancelled() -> None:
    first, second = Engine("first"), Engine("second")
    async with served(chain_of(first, second)):
        await until(lambda: first.is_served and second.is_served)
    assert not first.is_served
    assert not second.is_served


def test_a_rest_doubles_up_to_five_minutes_and_ends_with_an_answer() -> None:
    rest, now, rests = Rest(), 0.0, []
    for _ in range(40):
        assert rest.may_ask(now)
        rest.asked()
        rests.append(rest.failed(SpeechProblem.DOWN, now, now))
        now = rest.until
    assert rests[:8] == [5.0, 10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]
    assert max(rests) == LONGEST_REST_S
    rest.asked()
    assert not rest.may_ask(now)
    assert rest.answered()
    assert rest.may_ask(now)
    assert not rest.answered()
    assert rest.failed(SpeechProblem.DOWN, now, now) == FIRST_REST_S
