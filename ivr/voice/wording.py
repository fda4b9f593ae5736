"""What a step of a dialog becomes when it is spoken: pieces that can be interrupted, choices with their keys. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from msgspec.structs import replace

from ivr.definition.values import Dialog, Speech, in_language
from ivr.turns.sentences import SENTENCES, fill, sentence
from ivr.turns.values import Action, Choose, Collect, End, Link, LookUp, Say, State, Transfer, Waiting
from ivr.turns.walk import Walk
from ivr.voice.numerals import speakable

MAX_PIECE: Final = 90
"""Characters of one piece, where it can be cut."""
ANY_DAY: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""What is asked for ahead does not depend on the hour."""
_SENTENCE_END: Final = re.compile(r"(?<=[。！？；!?;])\s*|(?<=[a-z0-9)\"'][.])\s+(?=\S)")
_PAUSE: Final = re.compile(r"(?<=[，、])|(?<=[,:])\s+")


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to say; between two of them a caller who interrupts has heard the first."""

    text: str
    language: str
    prompt: str | None = None
    """A recording that says it."""
    speech: Speech = Speech()
    """How it is spoken."""


def spoken(dialog: Dialog, state: State, actions: Sequence[Action], *, by_keys: bool) -> list[Piece]:
    """Return what a caller hears of a step.

    Args:
        state: After the step.
        by_keys: Nothing that he says is understood: every choice is told with its key.
    """
    found: list[Piece] = []
    recorded = False
    for action in actions:
        match action:
            case Say():
                recorded = action.prompt is not None
                found += _pieces(action, state.language)
            case Choose() if _is_told(state, by_keys=by_keys) and not recorded:
                found += _read(_choices(dialog, state, action), state.language)
            case Collect() if by_keys and not _has_keys(dialog, state):
                found += own(dialog, state, "key_in")
            case Link():
                found += own(dialog, state, "link_elsewhere", label=action.label)
            case Choose() | Collect() | LookUp() | Transfer() | End():
                pass
    return _as_the_node_speaks(dialog, state.node, found)


def own(dialog: Dialog, state: State, name: str, **values: str) -> list[Piece]:
    """Return one of Tieline's own sentences."""
    return _as_the_node_speaks(dialog, state.node, _read(fill(sentence(dialog, name, state.language), values), state.language))


def fixed_pieces(dialog: Dialog) -> list[Piece]:
    """Return all that is said without a caller's own values in it, as it will be asked for; what is said first comes first."""
    found: list[Piece] = []
    for language in dialog.languages:
        for node, text in _written(dialog, language):
            if "{" not in text:
                found += _as_the_node_speaks(dialog, node, _read(text, language))
    return list(dict.fromkeys(found))


def _written(dialog: Dialog, language: str) -> Iterator[tuple[str, str]]:
    """Yield nodes and texts; sentences of no node are spoken as the start is."""
    for name, node in sorted(dialog.nodes.items(), key=lambda each: each[0] != dialog.start):
        for words in (node.say, node.confirm, node.refused):
            yield name, in_language(words, language)
        menu = Walk(dialog, State(language=language, node=name, waiting=Waiting.CHOICE), ANY_DAY)
        menu.ask()
        for action in menu.step().actions:
            if isinstance(action, Choose):
                yield name, _choices(dialog, menu.state, action)
    for own_sentence in SENTENCES:
        yield dialog.start, sentence(dialog, own_sentence, language)
    for slot in dialog.slots.values():
        yield dialog.start, in_language(slot.ask, language)
    for answer in dialog.answers:
        yield dialog.start, in_language(answer.say, language)


def _as_the_node_speaks(dialog: Dialog, name: str, pieces: list[Piece]) -> list[Piece]:
    node = dialog.nodes.get(name)
    return pieces if node is None else [replace(piece, speech=node.speech) for piece in pieces]


def _is_told(state: State, *, by_keys: bool) -> bool:
    """A menu is read out; choices that the question has named already only to whoever did not get along with it."""
    if state.waiting is Waiting.CHOICE:
        return True
    return by_keys or state.misses > 0 or state.silences > 0


def _has_keys(dialog: Dialog, state: State) -> bool:
    return any(option.digit for name in state.asked for option in dialog.slots[name].options)


def _choices(dialog: Dialog, state: State, choose: Choose) -> str:
    if state.waiting is Waiting.CONFIRM or len(state.offers) == 1:
        return sentence(dialog, "press_yes", state.language)
    line = sentence(dialog, "press", state.language)
    space = "" if state.language == "zh" else " "
    return space.join(
        fill(line, {"label": option.label, "digit": option.digit}) for option in choose.options if option.digit is not None
    )


def _pieces(say: Say, language: str) -> list[Piece]:
    if say.prompt is not None:
        return [Piece(text=say.text, language=language, prompt=say.prompt)]
    return _read(say.text, language)


def _read(text: str, language: str) -> list[Piece]:
    parts = [part for sentence_ in _SENTENCE_END.split(text.strip()) for part in _short(sentence_.strip())]
    return [Piece(text=speakable(part, language), language=language) for part in parts if part]


def _short(text: str) -> list[str]:
    """Cut what is too long where one pauses."""
    if len(text) <= MAX_PIECE:
        return [text]
    found = [""]
    for part in _PAUSE.split(text):
        if found[-1] and len(found[-1]) + len(part) > MAX_PIECE:
            found.append("")
        found[-1] += part if not found[-1] or part[:1] > "⺀" else f" {part}"
    return found
