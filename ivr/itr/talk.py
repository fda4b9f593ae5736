"""One visitor's talk with a dialog: what he writes goes through the flow; what comes of it to him, to systems, or to people."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final, Protocol

import structlog

from gateway.model.conversations import MAX_CHOICES, Choice, Link, Said
from gateway.model.handover import Destination, Fact, Handover, Step
from gateway.model.ids import QueueName
from gateway.ports.conversations import TextConversation
from ivr.definition.values import Dialog, Target
from ivr.flow import step
from ivr.lines import Words, read_line
from ivr.lookups.asking import Asked
from ivr.meaning import Meaning
from ivr.turns.values import (
    Action,
    Begin,
    Choose,
    Chosen,
    Collect,
    End,
    Gathered,
    Given,
    Offered,
    Say,
    Silence,
    State,
    Transfer,
    Utterance,
    Waiting,
)
from ivr.turns.values import Link as ShownLink
from ivr.turns.values import LookUp as LookUpAction

INTERRUPTED: Final = {"zh": "刚才我们断开了一会儿，请再说一次。", "en": "We were cut off for a moment: please say that again."}
"""What somebody reads whose conversation goes on after the gateway was down."""

Understand = Callable[[str, str], Awaitable[Meaning]]
"""Says what a text means to somebody at a node."""

_log = structlog.get_logger()


class AsksSystems(Protocol):
    """Asks the company's systems."""

    async def ask(self, name: str, arguments: dict[str, str]) -> Asked: ...


class DialogTalk:
    """One visitor's talk.

    Args:
        dialog: Checked.
        conversation: With the visitor.
        understand: Takes some 20 ms, elsewhere than in the event loop.
        systems: The dialog's.
        now: With a time zone.
        silence_s: Seconds after which silence is an answer; None waits for ever.
        missed: Told each sentence that the dialog had to ask about.
        count: Told what happens, as :meth:`gateway.ports.conversations.TextApplication.counts` has it.
    """

    def __init__(
        self,
        dialog: Dialog,
        conversation: TextConversation,
        *,
        understand: Understand,
        systems: AsksSystems,
        now: Callable[[], datetime],
        silence_s: float | None,
        missed: Callable[[str], None],
        count: Callable[[str, str], None],
    ) -> None:
        self._dialog = dialog
        self._conversation = conversation
        self._understand = understand
        self._systems = systems
        self._now = now
        self._silence_s = silence_s
        self._missed = missed
        self._count = count
        self._state = State(language=language_of(dialog, conversation.visitor.language))
        self._offered: tuple[Offered, ...] = ()

    async def run(self, *, goes_on: bool) -> None:
        """Talk until the dialog is over, or the visitor is not ours any more; ``goes_on`` after the gateway was down.

        Raises:
            StoreUnavailableError: What is said cannot be kept.
        """
        if goes_on:
            # Where he was is not known: what systems were asked may have been done, and is not asked again by itself.
            await self._conversation.say(Said(text=INTERRUPTED.get(self._state.language, INTERRUPTED["en"])))
        await self._give(Begin())
        while self._state.waiting is not Waiting.OVER:
            given = await self._next()
            if given is None:
                self._count("outcome", "gone")
                return
            await self._give(given)

    async def _next(self) -> Given | None:
        try:
            async with asyncio.timeout(self._silence_s):
                said = await self._conversation.heard()
        except TimeoutError:
            return Silence()
        return None if said is None else await self._read(said)

    async def _read(self, said: Said) -> Given:
        if said.chosen is not None and any(said.chosen == option.value for option in self._offered):
            return Chosen(value=said.chosen)
        read = read_line(self._dialog, self._state, self._offered, said.text, today=self._now().date())
        if not isinstance(read, Words):
            return read
        meaning = await self._understand(read.text, self._state.node)
        return Utterance(text=read.text, meaning=meaning, slots=read.slots)

    async def _give(self, given: Given) -> None:
        before = self._state
        made = step(self._dialog, self._state, given, now=self._now())
        self._state = made.state
        if isinstance(given, Utterance) and made.state.misses > before.misses:
            self._missed(given.text)
            self._count("asked_about", before.node)
        for node in entered(before.path, made.state.path):
            self._count("node", node)
        if made.actions:
            self._offered = tuple(option for each in made.actions if isinstance(each, Choose) for option in each.options)
        for said in said_by(made.actions):
            await self._conversation.say(said)
        for action in made.actions:
            match action:
                case LookUpAction():
                    await self._look_up(action)
                case Transfer():
                    self._count("outcome", "handed_over")
                    await self._conversation.hand_over(destination_of(action.target), handover_of(action.gathered))
                case End():
                    self._count("outcome", action.reason)
                    await self._conversation.end()
                case _:
                    pass  # was said

    async def _look_up(self, wanted: LookUpAction) -> None:
        asked = await self._systems.ask(wanted.handler, wanted.arguments)
        if asked.why:
            _log.warning("lookup_failed", handler=wanted.handler, reason=asked.why, conversation=self._conversation.id)
        await self._give(asked.result)


def language_of(dialog: Dialog, wanted: str | None) -> str:
    """Return the dialog's language for a device that wants this one, such as ``zh-CN``; else its first."""
    short = (wanted or "").partition("-")[0].casefold()
    return short if short in dialog.languages else dialog.languages[0]


def entered(before: tuple[str, ...], after: tuple[str, ...]) -> tuple[str, ...]:
    """Return the nodes that a path has more than it had; of a path that is at its longest the first ones are gone."""
    return next(
        (after[len(before) - cut :] for cut in range(len(before) + 1) if after[: len(before) - cut] == before[cut:]), after
    )


def said_by(actions: tuple[Action, ...]) -> list[Said]:
    """Return what a visitor reads: each text by itself, choices with the text before them."""
    found: list[Said] = []
    for action in actions:
        match action:
            case Say():
                found.append(Said(text=action.text))
            case Choose():
                choices = tuple(Choice(value=each.value, label=each.label) for each in action.options[:MAX_CHOICES])
                before = found.pop() if found and not found[-1].choices and found[-1].link is None else Said()
                found.append(Said(text=before.text, choices=choices))
            case ShownLink():
                found.append(Said(link=Link(url=action.url, label=action.label)))
            case LookUpAction() | Collect() | Transfer() | End():
                pass
    return found


def destination_of(target: Target) -> Destination:
    """Return who takes over; a visitor who writes cannot be given to a telephone number, so whoever is there takes him."""
    return Destination(queue=None if target.queue is None else QueueName(target.queue), agent=target.agent)


def handover_of(gathered: Gathered) -> Handover:
    """Return what they are told; the conversation's own messages are the transcript."""
    return Handover(
        summary=gathered.summary,
        language=gathered.language,
        path=tuple(Step(node=each.node, label=each.label) for each in gathered.path),
        facts=tuple(Fact(name=each.slot, label=each.label, value=each.value, secret=each.secret) for each in gathered.slots),
    )
