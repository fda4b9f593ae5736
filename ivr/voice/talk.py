"""One caller's talk with a dialog: what he says and presses goes through the flow, what comes of it to systems and people.

Keys count at every node, whatever becomes of speech. Values of which one digit matters are read back before they are used.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from gateway.model.handover import Line
from gateway.ports.media import MediaSession
from gateway.ports.speech import Heard, SpeechProblem, Wanted
from ivr.definition.values import Dialog
from ivr.driving import give_up
from ivr.flow import step
from ivr.itr.talk import AsksSystems, entered
from ivr.lines import Words as Wording
from ivr.lines import read_line
from ivr.meaning import GlobalWord, Meaning
from ivr.turns.choosing import decide
from ivr.turns.values import (
    Begin,
    Choose,
    Digits,
    End,
    Filled,
    Given,
    HangUp,
    LookUp,
    Offered,
    Silence,
    State,
    Step,
    Transfer,
    Utterance,
    Waiting,
)
from ivr.turns.walk import Walk
from ivr.voice.checking import read_back, to_check
from ivr.voice.driver import came_back
from ivr.voice.heard import Gone
from ivr.voice.hints import hints_of
from ivr.voice.keys import Keypad
from ivr.voice.listener import Input, Keys, Quiet, Unheard, Words
from ivr.voice.pauses import pause_of
from ivr.voice.reporting import context_of, masked_keys, unsecret
from ivr.voice.sending import NOT_PUT_THROUGH, Sender
from ivr.voice.settings import VoiceSettings
from ivr.voice.wording import Piece, own, spoken

MAX_ALTERNATIVES: Final = 3
"""Of what a sentence may have been instead, that are tried."""
MAX_DEAF: Final = 2
"""Sentences in a row that no engine could hear; after them the call goes on by keys alone."""
AGREE: Final = "1"
REFUSE: Final = "2"

Understand = Callable[[str, str], Awaitable[Meaning]]
"""Says what a recognised text means to somebody at a node."""

_log = structlog.get_logger()


class Listens(Protocol):
    """See :class:`ivr.voice.listener.Listener`."""

    async def announce(self, pieces: list[Piece]) -> None: ...

    async def turn(self, pieces: list[Piece], keypad: Keypad, wanted: Wanted, patience: list[Piece]) -> Input: ...


class VoiceTalk:
    """See the module.

    Args:
        dialog: Checked.
        session: The caller's.
        listener: Of this session.
        understand: Takes some 20 ms, elsewhere than in the event loop.
        systems: The dialog's.
        now: With a time zone.
        missed: Told each sentence that the dialog had to ask about.
        count: Told what happens, as :meth:`gateway.ports.media.ServedApplication.counts` has it.
        attend: Told before each turn how long a pause ends what the caller says, in seconds.
        by_keys: Nothing recognises speech here.
    """

    def __init__(
        self,
        dialog: Dialog,
        session: MediaSession,
        listener: Listens,
        settings: VoiceSettings,
        *,
        understand: Understand,
        systems: AsksSystems,
        now: Callable[[], datetime],
        missed: Callable[[str], None],
        count: Callable[[str, str], None],
        attend: Callable[[float], None] = lambda pause_s: None,
        by_keys: bool = False,
    ) -> None:
        self._dialog = dialog
        self._session = session
        self._listener = listener
        self._settings = settings
        self._understand = understand
        self._systems = systems
        self._now = now
        self._missed = missed
        self._count = count
        self._attend = attend
        self._sender = Sender(dialog, session, settings)
        self._state = State(language=dialog.languages[0])
        self._offered: tuple[Offered, ...] = ()
        self._to_say: list[Piece] = []
        self._transcript: list[Line] = []
        self._by_keys = by_keys
        self._deaf = 0
        self._is_first = True
        self._keeps = True
        """What he says may be written down."""

    async def run(self) -> None:
        """Talk until the dialog is over or the caller has gone."""
        if self._settings.consent == "asked" and not self._by_keys and not await self._consents():
            return
        if came_back(self._session.info.variables) is not None:
            # The old menu led him astray: he is told so, and people take over.
            made = give_up(self._dialog, self._state, self._now())
            self._state = made.state
            await self._act(made, greets=False)
            return
        await self._give(Begin())
        while self._state.waiting is not Waiting.OVER:
            given = await self._next()
            await self._give(HangUp() if given is None else given)

    async def _consents(self) -> bool:
        """Ask whether what he says may be written down; False: he has gone."""
        while True:
            heard = await self._turn(own(self._dialog, self._state, "consent"))
            match heard:
                case Gone():
                    self._count("outcome", "gone")
                    return False
                case Keys(keys=keys) if keys == AGREE:
                    return True
                case Words(heard=said) if (await self._understand(said.text, self._dialog.start)).word is GlobalWord.YES:
                    return True
                case Keys(keys=keys) if keys != REFUSE:
                    continue
                case _:
                    # Silence is no consent, nor is what was not understood.
                    self._by_keys, self._keeps = True, False
                    self._to_say = own(self._dialog, self._state, "without_consent")
                    return True

    async def _next(self) -> Given | None:
        """Return what the caller says to what was said last; None when he has gone."""
        while True:
            heard = await self._turn(self._to_say)
            self._to_say = []
            match heard:
                case Gone():
                    return None
                case Quiet():
                    return Silence()
                case Unheard():
                    self._cannot_hear(heard)
                case Keys(keys=keys):
                    if (given := self._pressed(keys)) is not None:
                        return given
                case Words(heard=said):
                    self._deaf = 0
                    return await self._said(said)

    async def _turn(self, pieces: list[Piece]) -> Input:
        dialog, state = self._dialog, self._state
        # His first sentence tells his language, where there are several.
        language = None if self._is_first and len(dialog.languages) > 1 else state.language
        wanted = Wanted(language=language, hints=hints_of(dialog, state))
        self._attend(pause_of(dialog, state))
        return await self._listener.turn(pieces, Keypad(dialog, state), wanted, own(dialog, state, "hold_on"))

    def _cannot_hear(self, unheard: Unheard) -> None:
        error = unheard.error
        self._deaf += 1
        self._count("unheard", error.problem)
        _log.warning("speech_not_recognised", session=self._session.info.id, problem=error.problem, reason=str(error))
        if self._deaf >= MAX_DEAF or error.problem is SpeechProblem.REFUSED:
            self._by_keys = True
        self._to_say = own(self._dialog, self._state, "speech_is_out") + self._question(by_keys=True)

    def _pressed(self, keys: str) -> Given | None:
        """Return what keys are to the dialog; None: they changed the language, and the question is said in it."""
        language = self._settings.language_keys.get(keys)
        node = self._dialog.nodes.get(self._state.node)
        is_choice = node is not None and any(choice.digit == keys for choice in node.choices)
        if language in self._dialog.languages and not is_choice and self._state.waiting is not Waiting.SLOT:
            self._state = replace(self._state, language=language)
            self._is_first = False
            self._to_say = self._question(by_keys=self._by_keys)
            return None
        self._note(masked_keys(self._dialog, self._state.asked, keys), is_customer=True)
        read = read_line(self._dialog, self._state, (), keys, today=self._now().date())
        return read if isinstance(read, Digits) else Digits(keys=keys, slots=read.slots if isinstance(read, Wording) else ())

    async def _said(self, said: Heard) -> Given:
        read, kept = await self._read(said)
        self._note(kept, is_customer=True)
        if isinstance(read, Utterance):
            self._is_first = False
            checked = to_check(self._dialog, self._state, read.slots, said.confidence)
            if checked:
                return await self._check(read, checked)
        return read

    async def _read(self, said: Heard) -> tuple[Given, str]:
        """Return what a sentence is to the dialog, and the sentence as it may be kept."""
        text = said.text.strip(" .。!！?？,，")
        read = read_line(self._dialog, self._state, self._offered, text, today=self._now().date())
        if not isinstance(read, Wording):
            return read, text
        meaning = await self._meant(read, said.alternatives)
        utterance = Utterance(
            text=read.text, meaning=meaning, confidence=said.confidence, alternatives=said.alternatives, slots=read.slots
        )
        return utterance, unsecret(self._dialog, text, read.slots)

    async def _meant(self, read: Wording, alternatives: tuple[str, ...]) -> Meaning:
        """Return what the sentence means; where that is nothing sure, what the first alternative means that is sure."""
        meaning = await self._understand(read.text, self._state.node)
        if self._is_sure(meaning) or read.slots:
            return meaning
        for text in alternatives[:MAX_ALTERNATIVES]:
            other = await self._understand(text, self._state.node)
            if self._is_sure(other):
                return other
        return meaning

    def _is_sure(self, meaning: Meaning) -> bool:
        limits = self._dialog.limits
        decided = [decide(wish, self._dialog, limits).nodes for wish in meaning.wishes]
        return meaning.word is not None or any(len(nodes) == 1 for nodes in decided)

    async def _check(self, utterance: Utterance, values: tuple[Filled, ...]) -> Given:
        """Read values back; return the utterance when they are right, else what the caller says instead."""
        asks = values
        while True:
            told = read_back(self._dialog, asks, self._state.language)
            question = own(self._dialog, self._state, "heard_as", values=told)
            if self._by_keys or self._deaf:
                question += own(self._dialog, self._state, "press_yes")
            heard = await self._turn(question)
            match heard:
                case Gone():
                    return HangUp()
                case Keys(keys=keys):
                    return utterance if keys == AGREE else self._unheard()
                case Words(heard=said):
                    read, kept = await self._read(said)
                    self._note(kept, is_customer=True)
                    if not isinstance(read, Utterance):
                        return read
                    word = read.meaning.word
                    anew = tuple(each for each in read.slots if each.slot in {old.slot for old in values})
                    if anew:
                        utterance, asks = replace(utterance, slots=_changed(utterance.slots, anew)), anew
                        continue
                    if word is GlobalWord.YES:
                        return utterance
                    if word not in (None, GlobalWord.NO):
                        return read
                    return self._unheard()
                case _:
                    # Who says nothing to a number that is read to him has not objected, and not agreed: he is asked anew.
                    return Silence()

    def _unheard(self) -> Given:
        return Utterance(text="", meaning=Meaning((), None, self._state.language), confidence=0.0)

    def _question(self, *, by_keys: bool) -> list[Piece]:
        """Return the question that waits for its answer, again."""
        walk = Walk(self._dialog, self._state, self._now())
        walk.ask()
        return spoken(self._dialog, self._state, walk.step().actions, by_keys=by_keys)

    async def _give(self, given: Given) -> None:
        before = self._state
        made = step(self._dialog, self._state, given, now=self._now())
        self._state = made.state
        if isinstance(given, Utterance) and made.state.misses > before.misses:
            if self._keeps and given.text:
                self._missed(given.text)
            self._count("asked_about", before.node)
        for node in entered(before.path, made.state.path):
            self._count("node", node)
        if made.actions:
            self._offered = tuple(option for each in made.actions if isinstance(each, Choose) for option in each.options)
        await self._act(made, greets=isinstance(given, Begin))

    async def _act(self, made: Step, *, greets: bool) -> None:
        pieces = spoken(self._dialog, self._state, made.actions, by_keys=self._by_keys or self._deaf > 0)
        if greets:
            pieces += self._language_pieces()
        for piece in pieces:
            self._note(piece.text, is_customer=False)
        self._to_say += pieces
        for action in made.actions:
            match action:
                case LookUp():
                    await self._look_up(action)
                case Transfer():
                    await self._announce()
                    await self._transfer(action)
                case End():
                    await self._announce()
                    self._count("outcome", action.reason)
                    await self._session.hang_up()
                case _:
                    pass  # was said

    def _language_pieces(self) -> list[Piece]:
        found: list[Piece] = []
        for key, language in self._settings.language_keys.items():
            name = {"zh": "中文", "en": "English"}.get(language, language)
            found += own(self._dialog, replace(self._state, language=language), "press", label=name, digit=key)
        return found

    async def _announce(self) -> None:
        pieces, self._to_say = self._to_say, []
        await self._listener.announce(pieces)

    async def _look_up(self, wanted: LookUp) -> None:
        """Ask a system; what is to be said before its answer is said meanwhile, to its end."""
        saying = asyncio.create_task(self._announce(), name=f"{self._session.info.id}.meanwhile")
        try:
            asked = await self._systems.ask(wanted.handler, wanted.arguments)
        finally:
            await saying
        if asked.why:
            _log.warning("lookup_failed", handler=wanted.handler, reason=asked.why, session=self._session.info.id)
        await self._give(asked.result)

    async def _transfer(self, transfer: Transfer) -> None:
        context = context_of(transfer.gathered, self._transcript if self._keeps else [])
        if self._settings.consent == "asked":
            context["consent"] = "yes" if self._keeps else "no"
        outcome = await self._sender.send(transfer.target, self._state.node, context)
        self._count("outcome", outcome)
        if outcome == NOT_PUT_THROUGH:
            # The PBX's own plan goes on with him.
            await self._listener.announce(own(self._dialog, self._state, "not_put_through"))

    def _note(self, text: str, *, is_customer: bool) -> None:
        if self._keeps and text:
            self._transcript.append(Line(at=self._now().timestamp(), is_customer=is_customer, text=text))


def _changed(slots: tuple[Filled, ...], anew: tuple[Filled, ...]) -> tuple[Filled, ...]:
    names = {each.slot for each in anew}
    return (*(each for each in slots if each.slot not in names), *anew)
