"""One turn with a caller: says what is to be said, and returns what he says or presses to it.

Who speaks or presses a key interrupts what is being said; what turns out to be no word lets it go on where it stopped. A sound
fills the time when an answer takes longer than one likes to wait.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from gateway.ports.speech import Heard, SpeechError, SpeechProblem, SpeechToText, Wanted
from ivr.voice.heard import Begins, Ends, Gone, Pressed
from ivr.voice.heard import Heard as Sound
from ivr.voice.keys import Keyed, Keypad
from ivr.voice.sentence import Sentence
from ivr.voice.wording import Piece

SILENCE_S: Final = 6.0
"""Seconds without a word after which that is an answer."""
FILLER_S: Final = 1.5
"""Seconds after a sentence from which on a sound fills the time until it is understood."""
MAX_PARTS: Final = 4
"""Sentences in a row that are one answer."""

_log = structlog.get_logger()


class Keys(msgspec.Struct, frozen=True):
    """He pressed these."""

    keys: str


class Words(msgspec.Struct, frozen=True):
    """He said this."""

    heard: Heard


class Quiet(msgspec.Struct, frozen=True):
    """He said and pressed nothing in time."""


class Unheard(msgspec.Struct, frozen=True):
    """He spoke, and no engine could say what."""

    error: SpeechError


Input = Keys | Words | Quiet | Unheard | Gone


class _Said(msgspec.Struct, frozen=True):
    """What was to be said in a turn has been said."""

    task: asyncio.Task[None]


class _Recognised(msgspec.Struct, frozen=True):
    sentence: Sentence
    heard: Heard | SpeechError


class _Late(msgspec.Struct, frozen=True):
    """Time for something that fills the pause."""


_Event = Sound | _Said | _Recognised | _Late


class Mouth(Protocol):
    """See :class:`ivr.voice.mouth.Mouth`."""

    async def say(self, sound: bytes) -> bool:
        """Say it; returns when the caller has heard it (True), or it was hushed."""

    async def hush(self) -> None: ...


class Listener:
    """See the module.

    Args:
        mouth: Of this session.
        sound: Gives the sound of a piece; None where there is none, and it is left out.
        filler: What fills the time.
        recognise: None: keys alone count.
        silence_s: See ``SILENCE_S``.
        filler_s: See ``FILLER_S``.
    """

    def __init__(
        self,
        mouth: Mouth,
        sound: Callable[[Piece], Awaitable[bytes | None]],
        filler: bytes,
        recognise: SpeechToText | None,
        *,
        silence_s: float = SILENCE_S,
        filler_s: float = FILLER_S,
    ) -> None:
        self.mouth = mouth
        self.sound = sound
        self.filler = filler
        self.recognise = recognise
        self.silence_s = silence_s
        self.filler_s = filler_s
        self.events: asyncio.Queue[_Event] = asyncio.Queue()
        self.tasks: set[asyncio.Task[None]] = set()
        self.is_gone = False

    def tell(self, heard: Sound) -> None:
        """Take what :class:`~ivr.voice.ears.Ears` hear."""
        self.is_gone = self.is_gone or isinstance(heard, Gone)
        self.events.put_nowait(heard)

    async def announce(self, pieces: Sequence[Piece]) -> None:
        """Say something that is said to its end, whatever the caller does."""
        for piece in pieces:
            sound = await self.sound(piece)
            if sound is not None and not self.is_gone:
                await self.mouth.say(sound)

    async def turn(self, pieces: Sequence[Piece], keypad: Keypad, wanted: Wanted, patience: Sequence[Piece] = ()) -> Input:
        """Say the pieces and wait for what the caller does. Cancelling is safe.

        Args:
            patience: Said first where an answer takes long; then the filler.
        """
        try:
            return await _Turn(self, pieces, keypad, wanted, patience).run()
        finally:
            for task in self.tasks:
                task.cancel()
            await asyncio.gather(*self.tasks, return_exceptions=True)
            self.tasks.clear()


class _Turn:
    def __init__(
        self, listener: Listener, pieces: Sequence[Piece], keypad: Keypad, wanted: Wanted, patience: Sequence[Piece]
    ) -> None:
        self._with = listener
        self._pieces = list(pieces)
        self._keypad = keypad
        self._wanted = wanted
        self._patience = patience
        self._speaking: asyncio.Task[None] | None = None
        self._open: dict[Sentence, asyncio.Task[None]] = {}
        """Sentences that are spoken, or not recognised yet, in order, and what recognises them."""
        self._parts: list[Heard] = []
        self._error: SpeechError | None = None
        self._deadline: float | None = None
        self._has_keys = False

    async def run(self) -> Input:
        if self._with.is_gone:
            return Gone()
        self._speak()
        while True:
            try:
                async with asyncio.timeout_at(self._deadline):
                    event = await self._with.events.get()
            except TimeoutError:
                return Keys(self._keypad.rest().keys) if self._has_keys else Quiet()
            found = await self._take(event)
            if found is not None:
                await self._hush()
                return found

    async def _take(self, event: _Event) -> Input | None:
        match event:
            case Gone():
                return Gone()
            case Pressed():
                return await self._pressed(event.key)
            case Begins() if self._with.recognise is not None and not self._has_keys:
                await self._hush()
                self._deadline = None
                work = self._recognise_it(event.sentence, self._with.recognise)
                self._open[event.sentence] = self._start(work, "recognise")
            case Ends() if event.sentence in self._open:
                return self._ended(event)
            case _Recognised():
                return self._recognised(event)
            case _Late():
                if self._open and self._speaking is None:
                    _ = self._start(self._fill(), "fill")
            case _Said():
                if event.task is self._speaking:
                    self._speaking = None
                    self._wait_on()
            case Begins() | Ends():
                pass
        return None

    async def _pressed(self, key: str) -> Input | None:
        await self._hush()
        for task in self._open.values():
            task.cancel()
        self._open.clear()
        self._has_keys = True
        match self._keypad.press(key):
            case Keyed(keys=keys):
                return Keys(keys)
            case more:
                self._deadline = asyncio.get_running_loop().time() + more.wait_s
        return None

    def _ended(self, event: Ends) -> Input | None:
        if event.is_speech:
            _ = self._start(self._be_late(), "wait")
            return None
        self._open.pop(event.sentence).cancel()
        return self._answer()

    def _recognised(self, event: _Recognised) -> Input | None:
        if event.sentence not in self._open:
            return None
        del self._open[event.sentence]
        if isinstance(event.heard, SpeechError):
            self._error = event.heard
        elif event.heard.text:
            self._parts.append(event.heard)
        return self._answer()

    def _answer(self) -> Input | None:
        """Return what all his sentences make, once none is open; None where it was nothing: what was being said goes on."""
        if self._open and len(self._parts) < MAX_PARTS:
            return None
        if self._parts:
            return Words(joined(self._parts))
        if self._error is not None:
            return Unheard(self._error)
        self._speak()
        return None

    def _speak(self) -> None:
        if self._pieces and self._speaking is None:
            self._speaking = self._start(self._say(), "say")
        self._wait_on()

    def _wait_on(self) -> None:
        """Let silence count from now, if nothing else goes on."""
        goes_on = self._speaking is not None or self._open or self._has_keys
        self._deadline = None if goes_on else asyncio.get_running_loop().time() + self._with.silence_s

    async def _say(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        while self._pieces:
            sound = await self._with.sound(self._pieces[0])
            if sound is not None and not await self._with.mouth.say(sound):
                return
            self._pieces.pop(0)
        self._with.events.put_nowait(_Said(task))

    async def _fill(self) -> None:
        for piece in self._patience:
            sound = await self._with.sound(piece)
            if sound is not None and not await self._with.mouth.say(sound):
                return
        while self._open:
            if not await self._with.mouth.say(self._with.filler):
                return

    async def _be_late(self) -> None:
        await asyncio.sleep(self._with.filler_s)
        self._with.events.put_nowait(_Late())

    async def _hush(self) -> None:
        speaking, self._speaking = self._speaking, None
        await self._with.mouth.hush()
        if speaking is not None:
            speaking.cancel()

    async def _recognise_it(self, sentence: Sentence, by: SpeechToText) -> None:
        heard: Heard | SpeechError
        try:
            heard = await by.transcribe(sentence, self._wanted)
        except SpeechError as error:
            heard = error
        except Exception as error:  # noqa: BLE001  # an engine's fault must not leave a caller in silence
            _log.exception("speech_engine_failed", engine=by.name)
            heard = SpeechError(by.name, SpeechProblem.BROKEN, repr(error))
        self._with.events.put_nowait(_Recognised(sentence, heard))

    def _start(self, work: Coroutine[None, None, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=f"voice.{name}")
        self._with.tasks.add(task)
        task.add_done_callback(self._with.tasks.discard)
        return task


def joined(parts: Sequence[Heard]) -> Heard:
    """Return several sentences as one, as sure as the least sure of them."""
    if len(parts) == 1:
        return parts[0]
    space = "" if parts[0].language == "zh" else " "
    return Heard(
        text=space.join(part.text for part in parts),
        language=parts[0].language,
        confidence=min(part.confidence for part in parts),
    )
