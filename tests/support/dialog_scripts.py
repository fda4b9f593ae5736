"""Conversations written as data, played turn by turn: by the flow alone, or by whatever else can be spoken to.

What a sentence means, and which values are in it, stand beside the sentence: the flow is given them, and whoever understands by
himself is held to them.
"""

import re
from pathlib import Path
from typing import Final, Protocol

import msgspec
from support.dialogs import MONDAY_NOON, Talk, said, wish

from ivr.chatting import Chat, Understands
from ivr.definition.reading import read_dialog
from ivr.definition.values import Dialog
from ivr.meaning import GlobalWord, Wish
from ivr.turns.values import Choose, Chosen, Digits, Given, LookUp, LookUpProblem, LookUpResult, Silence, Transfer

FOLDER: Final = Path(__file__).parents[1] / "ivr" / "dialogs"
_BUTTON: Final = re.compile(r"\s+\[[^\]]\] ")


class Turn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a person does, and what comes of it."""

    say: str | None = None
    wish: tuple[str, ...] = ()
    """The node that is meant, or several that are equally likely."""
    wishes: tuple[str, ...] = ()
    """Nodes that are wished one after the other."""
    unwanted: tuple[str, ...] = ()
    word: GlobalWord | None = None
    slots: dict[str, str] = {}
    press: str | None = None
    choose: str | None = None
    """The label of a button."""
    silence: bool = False
    answer: dict[str, str] | LookUpProblem | None = None
    """What the company's system says."""
    hear: str | None = None
    """One of the sentences that are said."""
    offer: tuple[str, ...] | None = None
    """The buttons that are shown."""
    asked: str | None = None
    """The system that is asked."""
    end: str | None = None
    """``served``, or the queue that the person is handed to; None: it goes on."""
    told: dict[str, str] = {}
    """What whoever takes over reads."""


class Script(msgspec.Struct, frozen=True):
    """One conversation."""

    name: str
    language: str
    turns: tuple[Turn, ...]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    language: str
    scripts: dict[str, tuple[Turn, ...]]


class Happened(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one turn."""

    heard: tuple[str, ...]
    offered: tuple[str, ...]
    asked: str | None
    end: str | None
    told: dict[str, str] = {}


class Partner(Protocol):
    """Whom a script is played to."""

    def take(self, turn: Turn) -> Happened:
        """Do what the person does."""


class FlowPartner:
    """The flow alone."""

    def __init__(self, dialog: Dialog, language: str) -> None:
        self._talk = Talk(dialog, language=language)

    def take(self, turn: Turn) -> Happened:
        """Give the flow the turn's input."""
        heard = self._talk.give(self._given(turn))
        over = self._talk.over
        end, told = None, {}
        if isinstance(over, Transfer):
            end, told = over.target.queue, {each.slot: each.value for each in over.gathered.slots}
        elif over is not None:
            end = over.reason
        return Happened(
            heard=tuple(heard),
            offered=tuple(self._talk.offered),
            asked=next((each.handler for each in self._talk.actions if isinstance(each, LookUp)), None),
            end=end,
            told=told,
        )

    def _given(self, turn: Turn) -> Given:
        if turn.press is not None:
            return Digits(keys=turn.press)
        if turn.choose is not None:
            options = [each for action in self._talk.actions if isinstance(action, Choose) for each in action.options]
            return Chosen(value=next(each.value for each in options if each.label == turn.choose))
        if turn.silence:
            return Silence()
        if turn.answer is not None:
            look_up = self._talk.dialog.nodes[self._talk.state.node].look_up
            assert look_up is not None, "no system was asked"
            if isinstance(turn.answer, LookUpProblem):
                return LookUpResult(handler=look_up.handler, problem=turn.answer)
            return LookUpResult(handler=look_up.handler, values=turn.answer)
        assert turn.say is not None, "a turn says, presses, chooses, is silent or answers"
        meant: list[Wish] = [wish(*turn.wish, unwanted=turn.unwanted)] if turn.wish else [wish(each) for each in turn.wishes]
        return said(*meant, word=turn.word, language=self._talk.state.language, text=turn.say, **turn.slots)


def scripts() -> list[Script]:
    """Return all scripts, in the order of their files."""
    import yaml

    found = []
    for file in sorted(FOLDER.glob("scripts_*.yaml")):
        read = msgspec.convert(yaml.safe_load(file.read_text("utf-8")), _File)
        found += [Script(name, read.language, turns) for name, turns in read.scripts.items()]
    return found


def delivery() -> Dialog:
    """Return the dialog that the scripts are spoken to."""
    return read_dialog(FOLDER / "delivery.yaml").dialog


def play(script: Script, partner: Partner) -> None:
    """Play a script to its end; fail at the first turn of which something else came."""
    for number, turn in enumerate(script.turns, 1):
        judge(turn, partner.take(turn), f"{script.name}, turn {number}")


def judge(turn: Turn, happened: Happened, where: str) -> None:
    """Fail when something else came of a turn than it says."""
    where = f"{where}: {happened}"
    assert turn.hear is None or turn.hear in happened.heard, where
    assert turn.offer is None or turn.offer == happened.offered, where
    assert turn.asked == happened.asked, where
    assert turn.end == happened.end, where
    assert turn.told.items() <= happened.told.items(), where


class ChatPartner:
    """The terminal's chat with what it understands by itself: of a turn it is given nothing but what a person types."""

    def __init__(self, dialog: Dialog, language: str, understanding: Understands) -> None:
        self._chat = Chat(dialog, language, understanding, clock=lambda: MONDAY_NOON)
        self._chat.begin()

    def take(self, turn: Turn) -> Happened:
        """Type the turn's line."""
        lines = self._chat.take(typed(turn))
        handed = next((line.removeprefix("* to ") for line in lines if line.startswith("* to ")), None)
        ended = next((line.removeprefix("* the end (").rstrip(")") for line in lines if line.startswith("* the end")), None)
        return Happened(
            heard=tuple(line.removeprefix("< ") for line in lines if line.startswith("< ")),
            offered=tuple(label for line in lines if line.startswith("  [") for label in _BUTTON.split(line)[1:]),
            asked=next((line.split()[1] for line in lines if line.startswith("? ")), None),
            end=ended if handed is None else handed.partition(":")[0],
            # The terminal shows what was told within the summary.
            told={name: value for name, value in turn.told.items() if handed is not None and value in handed},
        )


def typed(turn: Turn) -> str:
    """Return the line that a person types in a turn; that of a look-up's answer is the terminal's."""
    if turn.answer is not None:
        if isinstance(turn.answer, LookUpProblem):
            return turn.answer.value
        return ", ".join(f"{name}={value}" for name, value in turn.answer.items())
    return "" if turn.silence else turn.say or turn.press or turn.choose or ""
