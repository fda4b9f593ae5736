"""What a step of a dialog takes and gives. All of it can be written as JSON, so that a conversation can be kept and replayed."""

from enum import StrEnum

import msgspec

from ivr.definition.values import Target
from ivr.meaning import Meaning


class Waiting(StrEnum):
    """For what a dialog waits."""

    BEGIN = "begin"
    CHOICE = "choice"
    """One of the node's choices, or any wish."""
    MORE = "more"
    """Whether there is anything else, or any wish."""
    OFFER = "offer"
    """Which of several nodes was meant."""
    SLOT = "slot"
    CONFIRM = "confirm"
    LOOK_UP = "look_up"
    OVER = "over"


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A slot's value, as it was recognised in what a person said or pressed."""

    slot: str
    value: str
    """As systems want it."""
    said: str = ""
    certain: float = 1.0
    """0 to 1."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, between two inputs."""

    language: str
    node: str = ""
    waiting: Waiting = Waiting.BEGIN
    path: tuple[str, ...] = ()
    """The nodes that were entered, the last ``MAX_PATH`` of them."""
    menus: tuple[str, ...] = ()
    """The menus that led here, for the word "back"."""
    slots: dict[str, str] = {}
    used: tuple[str, ...] = ()
    """Slots that served a node to its end; those that are not kept (``keep: false``) do not serve another."""
    values: dict[str, str] = {}
    """What look-ups gave."""
    asked: tuple[str, ...] = ()
    """The slots of which one will do."""
    offers: tuple[str, ...] = ()
    """Nodes and answers (``faq:…``) of which one was meant."""
    pending: tuple[tuple[str, ...], ...] = ()
    """Further wishes: each a node, or the nodes that may have been meant."""
    returns: tuple[str, ...] = ()
    """Nodes that were left for something else, before they were done."""
    finished: tuple[str, ...] = ()
    """Nodes and answers that were served to their end."""
    confirmed: bool = False
    looked_up: bool = False
    silences: int = 0
    misses: int = 0
    failures: int = 0
    """Look-ups in a row that found nothing."""
    turns: int = 0


class Begin(msgspec.Struct, frozen=True, tag=True):
    """Somebody is there."""


class Utterance(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A person said or typed something."""

    text: str
    meaning: Meaning
    confidence: float = 1.0
    """The speech recogniser's, 0 to 1; 1 of what was typed."""
    alternatives: tuple[str, ...] = ()
    slots: tuple[Filled, ...] = ()
    """Values that were recognised, of the slots that :func:`ivr.flow.wanted` names."""


class Digits(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A person pressed keys."""

    keys: str
    slots: tuple[Filled, ...] = ()


class Chosen(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A person pressed a button: the ``value`` of an option that was shown."""

    value: str


class Silence(msgspec.Struct, frozen=True, tag=True):
    """Nothing came in time."""


class HangUp(msgspec.Struct, frozen=True, tag=True):
    """The person has gone."""


class LookUpProblem(StrEnum):
    NOT_FOUND = "not_found"
    """The system knows no such thing."""
    DOWN = "down"
    """The system did not answer, or not with what it should."""


class LookUpResult(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """What a system said."""

    handler: str
    values: dict[str, str] = {}
    problem: LookUpProblem | None = None


Given = Begin | Utterance | Digits | Chosen | Silence | HangUp | LookUpResult


class Say(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Say or show a text."""

    text: str
    prompt: str | None = None
    """A recording of it."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """One button, or one entry of a spoken menu."""

    value: str
    """What :class:`Chosen` gives back."""
    label: str
    digit: str | None = None


class Choose(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Let a person choose; words and digits do as well as buttons."""

    options: tuple[Offered, ...]


class Collect(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Wait for one of these slots; its question has been said."""

    slots: tuple[str, ...]


class LookUp(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Ask a system; its answer is given as a :class:`LookUpResult`."""

    handler: str
    arguments: dict[str, str]


class Passed(msgspec.Struct, frozen=True):
    """A node that the person was led through."""

    node: str
    label: str


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the person told."""

    slot: str
    label: str
    value: str
    secret: bool = False
    """The value is masked already."""


class Gathered(msgspec.Struct, frozen=True, kw_only=True):
    """All that whoever takes over need not ask again; the transcript is with whoever runs the flow, for it knows the times."""

    summary: str
    language: str
    path: tuple[Passed, ...]
    slots: tuple[Told, ...]


class Transfer(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Hand the person over; the dialog is over."""

    target: Target
    gathered: Gathered


class Link(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Show an address."""

    url: str
    label: str


class End(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The dialog is over."""

    reason: str
    """``served``, ``closed`` (nobody is there at this hour) or ``gone``."""


Action = Say | Choose | Collect | LookUp | Transfer | Link | End


class Step(msgspec.Struct, frozen=True):
    """What an input leads to."""

    state: State
    actions: tuple[Action, ...]
