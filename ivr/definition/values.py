"""What a dialog's file may hold; ``docs/dialogs.md`` explains it, ``config/itr.schema.json`` is made of it."""

from enum import StrEnum
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

Words = str | dict[str, str]
"""A sentence by language (``{zh: …, en: …}``); plain text is the same in each."""
Examples = tuple[str, ...] | dict[str, tuple[str, ...]]
"""Sentences by language; a plain list where the dialog has one language, or where they are mixed."""
Id = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]{0,63}$")]
Key = Annotated[str, Meta(pattern=r"^[0-9*#]$")]
Clock = Annotated[str, Meta(pattern=r"^(?:(?:[01]?\d|2[0-3]):[0-5]\d|24:00)$")]

MAX_DIGITS: Final = 8


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all parts of a dialog have in common: a key that nobody knows is refused."""


class Target(_Part, frozen=True, kw_only=True):
    """Who takes over; one of the three."""

    queue: str | None = None
    agent: str | None = None
    number: str | None = None
    """A telephone number or an extension."""


class Human(Target, frozen=True, kw_only=True):
    """Where the words "a human" lead, and every ladder ends."""

    say: Words | None = None
    """Said before; without it Tieline's own sentence."""
    within: str | None = None
    """Hours in which somebody is there; without it always."""
    closed: Words | None = None
    """Said at other hours, before the dialog ends."""


class Choice(_Part, frozen=True, kw_only=True):
    """An entry of a menu."""

    go: str
    """A node's id."""
    digit: Annotated[str, Meta(pattern=r"^[0-9*#]{1,8}$")] | None = None
    label: Words | None = None
    """Without it the node's."""


class AnyOf(_Part, frozen=True, kw_only=True):
    """One of several slots is enough."""

    any_of: tuple[str, ...]
    ask: Words
    again: Words | None = None


Need = str | AnyOf
"""A slot's id, or some of which one will do."""


class LookUp(_Part, frozen=True, kw_only=True):
    """Asks a system of the company."""

    handler: str
    arguments: dict[str, str] = {}
    """What the handler gets beside the slots; ``{slot}`` is filled in."""
    not_found: str | None = None
    """The node to go to when the system knows no such thing; without it the handler's sentence, and the slots are asked again."""
    down: str | None = None
    """The node to go to when the system is down; without it the handler's sentence, and a human is offered."""


class When(_Part, frozen=True, kw_only=True):
    """Goes elsewhere by a value."""

    value: str
    """The name of a slot, or of a value that a look-up gave."""
    equals: str
    go: str


class Speech(_Part, frozen=True, kw_only=True):
    """How a node speaks to callers."""

    voice: Words | None = None
    """A voice's name by language, as the engine that speaks calls it; without it the one of the settings."""
    speed: Annotated[float, Meta(ge=0.5, le=2)] = 1.0
    """1 is usual; 0.8 for what callers write down."""


class Link(_Part, frozen=True, kw_only=True):
    """An address to send to where texts are shown; ``{slot}`` in it is filled in, escaped."""

    url: str
    label: Words


class Recommend(_Part, frozen=True, kw_only=True):
    """Finds what suits a person best in a catalogue: ``{product}``, ``{about}`` and ``{recommended}`` (its id) are known then."""

    catalogue: str
    ask: tuple[str, ...]
    """Slots to ask for, in this order, while the answer can still change what suits."""
    none: str | None = None
    """The node to go to when nothing fits; without it Tieline's own sentence, and a human is offered."""


class Node(_Part, frozen=True, kw_only=True):
    """One place in the dialog. It does, in this order: hours, needs, recommend, confirm, look_up, say, link, when; then what
    comes after.
    """

    label: Words | None = None
    say: Words | None = None
    prompt: str | None = None
    """A recording to play instead of reading ``say`` aloud; it names the choices too."""
    speech: Speech = Speech()
    choices: tuple[Choice, ...] = ()
    examples: Examples = ()
    needs: tuple[Need, ...] = ()
    recommend: Recommend | None = None
    confirm: Words | None = None
    """A question that is answered by yes or no before anything is done."""
    refused: Words | None = None
    """Said when the answer was no."""
    look_up: LookUp | None = None
    link: Link | None = None
    when: tuple[When, ...] = ()
    then: str | None = None
    transfer: Target | None = None
    within: str | None = None
    """Hours in which this node works."""
    outside: str | None = None
    """The node to go to at other hours."""
    listen: bool = False
    """Waits for what is wished next, though it has no choices; "no" ends the dialog."""
    end: bool = False
    """The dialog is over here."""


class SlotKind(StrEnum):
    PHONE = "phone"
    TEXT = "text"
    """With ``pattern``: an order number and the like; without it free text."""
    DATE = "date"
    AMOUNT = "amount"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"


class Option(_Part, frozen=True, kw_only=True):
    """A value of a slot of type ``choice``."""

    value: str
    label: Words | None = None
    """Without it the value."""
    synonyms: tuple[str, ...] = ()
    digit: Key | None = None


class Slot(_Part, frozen=True, kw_only=True):
    """Something to know of a person."""

    type: SlotKind
    ask: Words | None = None
    again: Words | None = None
    """Said when the answer was understood to be none; without it Tieline's own sentence, then ``ask``."""
    label: Words | None = None
    pattern: str | None = None
    """A regular expression that the whole value matches."""
    options: tuple[Option, ...] = ()
    region: Annotated[str, Meta(pattern="^[A-Z]{2}$")] = "CN"
    """Of a telephone number that is said without its country."""
    time: Literal["past", "future"] | None = None
    """Of a date: on which side of today it must be; "Tuesday" is the last or the coming one then."""
    secret: bool = False
    """Masked wherever it is shown or kept."""
    keep: bool = True
    """Asked once in a conversation; false: anew each time that a node needs it."""


class Handler(_Part, frozen=True, kw_only=True):
    """How a system of the company is asked, over HTTP."""

    url: str
    """``{slot}`` in it is filled in, escaped."""
    method: Literal["GET", "POST", "PUT"] = "GET"
    headers: dict[str, str] = {}
    body: dict[str, str] = {}
    """Sent as JSON; ``{slot}`` is filled in."""
    secret: str | None = None
    """``${env:NAME}`` or ``${file:/path}``; sent as a bearer token."""
    timeout_s: Annotated[float, Meta(gt=0, le=30)] = 5.0
    retries: Annotated[int, Meta(ge=0, le=5)] = 1
    """Of what changes nothing: GET, and what says ``idempotent``."""
    idempotent: bool | None = None
    take: dict[str, str] = {}
    """Name of a value: where it stands in the answer (``$.parcel.state``)."""
    down: Words | None = None
    not_found: Words | None = None


class Answer(_Part, frozen=True, kw_only=True):
    """A question that is often asked, and what is said."""

    id: Id
    questions: Examples
    say: Words


class Fit(_Part, frozen=True, kw_only=True):
    """For which values of a slot a product is right."""

    at_least: float | None = None
    at_most: float | None = None
    """Of a number or an amount: outside, the product is out of the question."""
    only: tuple[str, ...] = ()
    """Of a choice: with another value the product is out of the question."""
    points: dict[str, float] = {}
    """Of a choice: how much each value speaks for the product; one that is not named speaks 0."""


class Product(_Part, frozen=True, kw_only=True):
    """One entry of a catalogue."""

    id: Id
    name: Words
    about: Words | None = None
    fits: dict[str, Fit] = {}
    """By slot; a slot that is not here says nothing about the product."""


class Catalogue(_Part, frozen=True, kw_only=True):
    """What can be recommended; of equally good ones the first."""

    products: Annotated[tuple[Product, ...], Meta(min_length=1)]


class Hours(_Part, frozen=True, kw_only=True):
    """When somebody is there."""

    timezone: str
    open: dict[str, str | tuple[str, ...]]
    """Days (``mon``, ``mon-fri``, ``sat,sun``): ``"09:00-12:00"`` or several."""
    holidays: tuple[str, ...] = ()
    """Closed all day: ``2026-10-01``, ``2026-10-01/2026-10-07``, or ``--12-25`` each year."""


class Keys(_Part, frozen=True, kw_only=True):
    """What keys mean at every level, where the menu has no such digit itself."""

    human: Key | None = "0"
    back: Key | None = "*"
    repeat: Key | None = "#"
    main_menu: Key | None = None
    start_over: Key | None = None


class Limits(_Part, frozen=True, kw_only=True):
    """When the dialog gives up, and how sure it must be."""

    silences: Annotated[int, Meta(ge=1, le=10)] = 3
    """In a row; with the last the person goes to a human."""
    misses: Annotated[int, Meta(ge=1, le=10)] = 3
    """Not understood, in a row; with the last the person goes to a human."""
    turns: Annotated[int, Meta(ge=5, le=1000)] = 100
    """In one conversation; then a human goes on."""
    sure: Annotated[float, Meta(gt=0, le=1)] = 0.55
    """From this probability on a node is entered without a question."""
    maybe: Annotated[float, Meta(gt=0, le=1)] = 0.08
    """From this probability on a node is among the three that are offered."""
    in_scope: Annotated[float, Meta(ge=0, le=1)] = 0.5
    """Below this likeness a sentence is none that the dialog knows."""
    heard: Annotated[float, Meta(ge=0, le=1)] = 0.35
    """Below this confidence of the recogniser nothing was heard."""
    clear: Annotated[float, Meta(ge=0, le=1)] = 0.6
    """Below this confidence of the recogniser the caller is asked whether that is what he meant."""


class Dialog(_Part, frozen=True, kw_only=True):
    """One dialog."""

    itr: Literal[1]
    name: Id
    languages: Annotated[tuple[str, ...], Meta(min_length=1)]
    """The first is begun in."""
    start: str
    human: Human
    nodes: dict[Id, Node]
    slots: dict[Id, Slot] = {}
    handlers: dict[Id, Handler] = {}
    answers: tuple[Answer, ...] = ()
    answers_file: str | None = None
    """A table with tabs beside this file: id, language, question, answer."""
    catalogues: dict[Id, Catalogue | str] = {}
    """What nodes recommend from: written here, or the name of a file beside this one that holds it."""
    synonyms: dict[str, tuple[str, ...]] = {}
    hours: dict[Id, Hours] = {}
    keys: Keys = Keys()
    limits: Limits = Limits()
    sentences: dict[str, Words] = {}
    """Own wording of what Tieline says by itself (:mod:`ivr.turns.sentences`)."""

    def catalogue(self, name: str) -> Catalogue:
        """Return a catalogue that was read; of a dialog that was checked each is there."""
        held = self.catalogues[name]
        assert isinstance(held, Catalogue)
        return held


def in_language(words: Words | None, language: str) -> str:
    """Return the words in a language; where it is missing, in the first that is there; empty where there are none."""
    if words is None or isinstance(words, str):
        return words or ""
    return words.get(language) or next(iter(words.values()), "")


def sentences_of(examples: Examples, language: str | None = None) -> tuple[str, ...]:
    """Return the example sentences of one language, or of all."""
    if not isinstance(examples, dict):
        return examples
    if language is not None:
        return examples.get(language, ())
    return tuple(sentence for each in examples.values() for sentence in each)
