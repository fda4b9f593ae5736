"""A conversation with a dialog as lines of text, in and out; whoever types the lines answers look-ups too."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final, Protocol

from ivr.definition.values import Dialog
from ivr.flow import step
from ivr.lines import Words, read_line
from ivr.meaning import Meaning
from ivr.turns.values import (
    Action,
    Begin,
    Choose,
    Collect,
    End,
    Given,
    HangUp,
    Link,
    LookUp,
    LookUpProblem,
    LookUpResult,
    Say,
    State,
    Transfer,
    Utterance,
    Waiting,
)

_PAIR: Final = re.compile(r"\s*([\w.-]+)\s*=\s*([^,，]*)[,，]?")


class Understands(Protocol):
    """Says what texts mean."""

    def understand(self, text: str, *, at: str, from_speech: bool = False) -> Meaning:
        """Say it to somebody who is at the node ``at``."""


class Chat:
    """One conversation, as lines in and lines out."""

    def __init__(
        self,
        dialog: Dialog,
        language: str,
        understanding: Understands,
        *,
        clock: Callable[[], datetime],
        systems: Callable[[LookUp], LookUpResult] | None = None,
    ) -> None:
        """Without ``systems`` whoever types is the company's systems too."""
        self.state = State(language=language)
        self._dialog = dialog
        self._understanding = understanding
        self._clock = clock
        self._systems = systems
        self._shown: tuple[Choose, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be typed."""
        return self.state.waiting is Waiting.OVER

    def begin(self) -> list[str]:
        """Return what is said first."""
        return self._give(Begin())

    def take(self, line: str | None) -> list[str]:
        """Return what is said to a line that was typed; None: whoever typed has gone."""
        return self._give(HangUp() if line is None else self._read(line.strip()))

    def _give(self, given: Given) -> list[str]:
        made = step(self._dialog, self.state, given, now=self._clock())
        self.state = made.state
        if made.actions:
            self._shown = tuple(each for each in made.actions if isinstance(each, Choose))
        asked = next((each for each in made.actions if isinstance(each, LookUp)), None)
        if asked is None or self._systems is None:
            return [line for action in made.actions for line in _shown(action)]
        before = [line for action in made.actions if action is not asked for line in _shown(action)]
        return before + self._give(self._systems(asked))

    def _read(self, line: str) -> Given:
        if self.state.waiting is Waiting.LOOK_UP:
            return self._answer(line)
        options = [each for shown in self._shown for each in shown.options]
        read = read_line(self._dialog, self.state, options, line, today=self._clock().date())
        if not isinstance(read, Words):
            return read
        return Utterance(text=read.text, meaning=self._understanding.understand(read.text, at=self.state.node), slots=read.slots)

    def _answer(self, line: str) -> LookUpResult:
        """Be the company's system: ``down``, ``not_found``, or values such as ``status=on its way``."""
        look_up = self._dialog.nodes[self.state.node].look_up
        assert look_up is not None
        if line in list(LookUpProblem):
            return LookUpResult(handler=look_up.handler, problem=LookUpProblem(line))
        return LookUpResult(handler=look_up.handler, values={name: value.strip() for name, value in _PAIR.findall(line)})


def _shown(action: Action) -> Iterator[str]:

    match action:
        case Say():
            yield f"< {action.text}"
        case Choose():
            yield "  " + "  ".join(f"[{each.digit or ' '}] {each.label}" for each in action.options)
        case LookUp():
            told = " ".join(f"{name}={value}" for name, value in action.arguments.items())
            yield f"? {action.handler} {told}".rstrip() + "   (answer as the system: status=…, not_found or down)"
        case Link():
            yield f"  {action.label}: {action.url}"
        case Transfer():
            yield from _handed(action)
        case End():
            yield f"* the end ({action.reason})"
        case Collect():
            pass


def _handed(transfer: Transfer) -> Iterator[str]:
    target = transfer.target
    yield f"* to {target.queue or target.agent or target.number}: {transfer.gathered.summary}"
    yield "  " + " > ".join(each.label for each in transfer.gathered.path)
