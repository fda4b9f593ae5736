import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager

from support.dialogs import Talk, said, shop, wish
from support.virtual_time import in_virtual_time

from gateway.ports.speech import Heard, SpeechAbilities, SpeechError, SpeechProblem, Wanted
from ivr.voice.heard import Begins, Ends, Gone, Pressed
from ivr.voice.keys import Keypad
from ivr.voice.listener import FILLER_S, SILENCE_S, Input, Keys, Listener, Quiet, Unheard, Words, joined
from ivr.voice.sentence import Sentence
from ivr.voice.wording import Piece

FILLER = b"filler"
PIECE_S = 2.0


class SlowMouth:
    """Says each sound in two seconds, unless it is hushed."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        """To the end."""
        self.begun: list[bytes] = []
        self._hushed = asyncio.Event()

    async def say(self, sound: bytes) -> bool:
        self._hushed.clear()
        self.begun.append(sound)
        try:
            async with asyncio.timeout(PIECE_S):
                await self._hushed.wait()
        except TimeoutError:
            self.said.append(sound)
            return True
        return False

    async def hush(self) -> None:
        self._hushed.set()


class ScriptedEngine:
    """Takes a second for a sentence, or more; says what the test says."""

    name = "scripted"
    abilities = SpeechAbilities(languages=frozenset({"en"}))

    def __init__(self, *answers: Heard | SpeechError, takes_s: float = 1.0) -> None:
        self.answers = list(answers)
        self.takes_s = takes_s
        self.heard: list[bytes] = []
        self.cancelled = 0

    async def serve(self) -> None: ...

    async def ready(self) -> None: ...

    async def transcribe(self, sound: AsyncIterable[bytes], wanted: Wanted) -> Heard:
        try:
            self.heard.append(b"".join([piece async for piece in sound]))
            await asyncio.sleep(self.takes_s)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        answer = self.answers.pop(0)
        if isinstance(answer, SpeechError):
            raise answer
        return answer


def pieces(*texts: str) -> list[Piece]:
    return [Piece(text=text, language="en") for text in texts]


async def sound_of(piece: Piece) -> bytes | None:
    return None if piece.text == "unspeakable" else piece.text.encode()


class Room:
    def __init__(self, engine: ScriptedEngine | None) -> None:
        self.mouth = SlowMouth()
        self.listener = Listener(self.mouth, sound_of, FILLER, engine)
        self.keypad = Keypad(shop(), Talk(shop()).state)

    def speaks(self, sound: bytes = b"...") -> Sentence:
        sentence = Sentence()
        self.listener.tell(Begins(sentence))
        sentence.add(sound)
        return sentence

    def stops(self, sentence: Sentence, *, is_speech: bool = True) -> None:
        sentence.end()
        self.listener.tell(Ends(sentence, is_speech))

    @asynccontextmanager
    async def turn(self, *texts: str) -> AsyncIterator[asyncio.Task[Input]]:
        task = asyncio.create_task(self.listener.turn(pieces(*texts), self.keypad, Wanted(), pieces("one moment")))
        yield task
        await asyncio.wait([task])


HELLO = Heard(text="hello", confidence=0.9)


@in_virtual_time
async def test_silence_counts_from_the_end_of_what_was_said() -> None:
    room, loop = Room(None), asyncio.get_running_loop()
    began = loop.time()
    async with room.turn("one", "unspeakable", "two") as turn:
        pass
    assert turn.result() == Quiet()
    assert room.mouth.said == [b"one", b"two"]
    assert loop.time() - began == 2 * PIECE_S + SILENCE_S


@in_virtual_time
async def test_who_speaks_interrupts_and_is_understood() -> None:
    engine = ScriptedEngine(HELLO)
    room = Room(engine)
    async with room.turn("one", "two") as turn:
        await asyncio.sleep(0.5)
        sentence = room.speaks(b"hel")
        await asyncio.sleep(0.1)
        assert room.mouth.said == []
        sentence.add(b"lo")
        room.stops(sentence)
    assert turn.result() == Words(HELLO)
    assert engine.heard == [b"hello"]
    assert room.mouth.begun == [b"one"]


@in_virtual_time
async def test_what_was_no_word_lets_it_go_on_where_it_stopped() -> None:
    room = Room(ScriptedEngine(Heard(text="")))
    async with room.turn("one", "two") as turn:
        await asyncio.sleep(2.5)
        click = room.speaks()
        await asyncio.sleep(0.1)
        room.stops(click, is_speech=False)
        await asyncio.sleep(0.5)
        noise = room.speaks()
        await asyncio.sleep(0.1)
        room.stops(noise)
    assert turn.result() == Quiet()
    assert room.mouth.said == [b"one", b"two"]
    assert room.mouth.begun == [b"one", b"two", b"two", b"two"]


@in_virtual_time
async def test_a_key_counts_whatever_is_being_said_or_recognised() -> None:
    engine = ScriptedEngine(HELLO)
    room = Room(engine)
    async with room.turn("one") as turn:
        await asyncio.sleep(0.5)
        sentence = room.speaks()
        room.stops(sentence)
        await asyncio.sleep(0.5)
        room.listener.tell(Pressed("2"))
    assert turn.result() == Keys("2")
    assert engine.cancelled == 1


@in_virtual_time
async def test_keys_of_a_number_are_gathered() -> None:
    talk = Talk(shop())
    talk.give(said(wish("refund")))
    room, loop = Room(None), asyncio.get_running_loop()
    room.keypad = Keypad(talk.dialog, talk.state)
    async with room.turn("one") as turn:
        for key in "123":
            await asyncio.sleep(1.0)
            room.listener.tell(Pressed(key))
        last = loop.time()
    assert turn.result() == Keys("123")
    assert loop.time() - last == 3.0


@in_virtual_time
async def test_a_sound_fills_the_time_until_he_is_understood() -> None:
    room = Room(ScriptedEngine(HELLO, takes_s=FILLER_S + PIECE_S + 0.5))
    async with room.turn() as turn:
        await asyncio.sleep(0.5)
        room.stops(room.speaks())
    assert turn.result() == Words(HELLO)
    assert room.mouth.begun == [b"one moment", FILLER]


@in_virtual_time
async def test_a_pause_in_a_sentence_does_not_cut_it_in_two() -> None:
    room = Room(ScriptedEngine(HELLO, Heard(text="there", confidence=0.5)))
    async with room.turn() as turn:
        await asyncio.sleep(0.1)
        room.stops(room.speaks())
        await asyncio.sleep(0.5)
        room.stops(room.speaks())
    assert turn.result() == Words(Heard(text="hello there", confidence=0.5))


def test_chinese_sentences_are_joined_without_a_space() -> None:
    assert joined([Heard(text="查", language="zh"), Heard(text="账单", language="zh")]).text == "查账单"


@in_virtual_time
async def test_an_engine_that_fails_is_told_of_at_once() -> None:
    error = SpeechError("whisper", SpeechProblem.BUSY, "as many wait as may")
    room = Room(ScriptedEngine(error, takes_s=0.0))
    async with room.turn() as turn:
        await asyncio.sleep(0.1)
        room.stops(room.speaks())
    assert turn.result() == Unheard(error)


@in_virtual_time
async def test_without_an_engine_speech_changes_nothing() -> None:
    room = Room(None)
    async with room.turn("one") as turn:
        await asyncio.sleep(0.5)
        room.stops(room.speaks())
    assert turn.result() == Quiet()
    assert room.mouth.begun == [b"one"]


@in_virtual_time
async def test_a_caller_who_goes_ends_the_turn_and_every_later_one() -> None:
    room = Room(ScriptedEngine())
    async with room.turn("one", "two") as turn:
        await asyncio.sleep(0.5)
        room.speaks()
        await asyncio.sleep(0.1)
        room.listener.tell(Gone())
    assert turn.result() == Gone()
    assert await room.listener.turn(pieces("three"), room.keypad, Wanted()) == Gone()
    await room.listener.announce(pieces("four"))
    assert room.mouth.begun == [b"one"]


@in_virtual_time
async def test_an_announcement_is_said_to_its_end() -> None:
    room = Room(None)
    await room.listener.announce(pieces("one", "unspeakable", "two"))
    assert room.mouth.said == [b"one", b"two"]


@in_virtual_time
async def test_an_engine_with_a_fault_of_its_own_costs_one_sentence() -> None:
    room = Room(ScriptedEngine(takes_s=0.0))
    async with room.turn() as turn:
        await asyncio.sleep(0.1)
        room.stops(room.speaks())
    result = turn.result()
    assert isinstance(result, Unheard)
    assert result.error.problem is SpeechProblem.BROKEN
