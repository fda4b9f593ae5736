"""A dialog's talk with a visitor whom a test plays, as a channel would bring him."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from support.dialog_scripts import Happened, Turn
from support.dialogs import MONDAY_NOON

from gateway.model.conversations import ConversationId, Said, Visitor
from gateway.model.handover import Destination, Handover
from ivr.chatting import Understands
from ivr.definition.values import Dialog
from ivr.itr.talk import DialogTalk
from ivr.lookups.asking import Asked
from ivr.meaning import Meaning
from ivr.turns.values import LookUpProblem, LookUpResult

SILENCE_S = 60.0


class Visit:
    """See :class:`gateway.ports.conversations.TextConversation`: what the visitor writes is put, what he reads is noted."""

    def __init__(self, language: str | None = "en") -> None:
        self.id = ConversationId("c1")
        self.visitor = Visitor(id="v1", language=language)
        self.read: list[Said] = []
        self.handed: tuple[Destination, Handover] | None = None
        self.ended = False
        self.waits = asyncio.Event()
        """Set while something from the visitor is waited for."""
        self._written: asyncio.Queue[Said | None] = asyncio.Queue()

    def write(self, said: Said | None) -> None:
        self.waits.clear()
        self._written.put_nowait(said)

    async def heard(self) -> Said | None:
        if self._written.empty():
            self.waits.set()
        return await self._written.get()

    async def say(self, said: Said) -> None:
        self.read.append(said)

    async def hand_over(self, destination: Destination, handover: Handover) -> None:
        self.handed = (destination, handover)

    async def end(self) -> None:
        self.ended = True


class PlayedSystems:
    """The company's systems, of which a test says what they answer."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[str] = asyncio.Queue()
        self._answers: asyncio.Queue[Turn] = asyncio.Queue()

    def answer(self, turn: Turn) -> None:
        self._answers.put_nowait(turn)

    async def ask(self, name: str, arguments: dict[str, str]) -> Asked:
        self.asked.put_nowait(name)
        answer = (await self._answers.get()).answer
        if isinstance(answer, LookUpProblem):
            return Asked(LookUpResult(handler=name, problem=answer))
        return Asked(LookUpResult(handler=name, values=answer or {}))


def talk_of(
    dialog: Dialog,
    visit: Visit,
    understanding: Understands,
    *,
    systems: PlayedSystems | None = None,
    now: Callable[[], datetime] = lambda: MONDAY_NOON,
    silence_s: float | None = SILENCE_S,
    missed: Callable[[str], None] = lambda text: None,
    count: Callable[[str, str], None] = lambda what, which: None,
) -> DialogTalk:
    """Make a talk whose sentences are understood where they come."""

    async def understand(text: str, node: str) -> Meaning:
        return understanding.understand(text, at=node)

    return DialogTalk(
        dialog,
        visit,
        understand=understand,
        systems=systems or PlayedSystems(),
        now=now,
        silence_s=silence_s,
        missed=missed,
        count=count,
    )


class TalkPartner:
    """The application's talk, for a script: it is given what a visitor does, and told by what he reads."""

    def __init__(self, runner: asyncio.Runner, dialog: Dialog, language: str, understanding: Understands) -> None:
        self._runner = runner
        self._visit, self._systems = Visit(language), PlayedSystems()
        self._talk = talk_of(dialog, self._visit, understanding, systems=self._systems)
        self._running: asyncio.Task[None] | None = None
        runner.run(self._begin())

    def take(self, turn: Turn) -> Happened:
        """Do what the visitor does, or what the system answers."""
        return self._runner.run(self._take(turn))

    def leave(self) -> None:
        """End it, however far it is."""
        self._runner.run(self._leave())

    async def _begin(self) -> None:
        self._running = asyncio.create_task(self._talk.run(goes_on=False))
        await self._visit.waits.wait()

    async def _leave(self) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)

    async def _take(self, turn: Turn) -> Happened:
        visit = self._visit
        before = len(visit.read)
        shown = [choice for said in visit.read for choice in said.choices]
        visit.waits.clear()
        if turn.answer is not None:
            self._systems.answer(turn)
        elif turn.choose is not None:
            chosen = next(choice for choice in reversed(shown) if choice.label == turn.choose)
            visit.write(Said(text=chosen.label, chosen=chosen.value))
        elif not turn.silence:  # else time passes
            visit.write(Said(text=turn.say or turn.press or ""))
        assert self._running is not None
        waiting = asyncio.create_task(visit.waits.wait())
        asking = asyncio.create_task(self._systems.asked.get())
        await asyncio.wait([waiting, asking, self._running], return_when=asyncio.FIRST_COMPLETED)
        asked = asking.result() if asking.done() else None
        for task in (waiting, asking):
            task.cancel()
        await asyncio.gather(waiting, asking, return_exceptions=True)
        read = visit.read[before:]
        end, told = "served" if visit.ended else None, dict[str, str]()
        if visit.handed is not None:
            end, told = visit.handed[0].queue, {fact.name: fact.value for fact in visit.handed[1].facts}
        return Happened(
            heard=tuple(said.text for said in read if said.text),
            offered=tuple(choice.label for said in read for choice in said.choices),
            asked=asked,
            end=end,
            told=told,
        )
