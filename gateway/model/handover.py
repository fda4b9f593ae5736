"""What whoever takes a customer over is told, so that he need not ask again."""

from collections.abc import Mapping
from typing import Final

import msgspec

from gateway.model.ids import QueueName

SHORT_BYTES: Final = 255
"""What a PBX's variable or a User-to-User header takes for certain."""


TRANSCRIPT: Final = "transcript"
"""The name in a context that no PBX is told."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A place that the customer was led through."""

    node: str
    label: str
    """For people, in the language of the conversation."""


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the customer told."""

    name: str
    label: str
    value: str
    secret: bool = False
    """The value is masked already."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said, where no conversation keeps it: on a call."""

    at: float
    """Seconds since the epoch."""
    is_customer: bool
    text: str


class Handover(msgspec.Struct, frozen=True, kw_only=True):
    """What an application gathered before it gave the customer to people."""

    summary: str
    """One or two sentences in ``language``."""
    language: str
    path: tuple[Step, ...] = ()
    facts: tuple[Fact, ...] = ()
    transcript: tuple[Line, ...] = ()

    def short(self) -> str:
        """Return what fits into a PBX's variable: the summary and the facts, ``SHORT_BYTES`` of UTF-8 at most."""
        text = "; ".join((self.summary, *(f"{fact.label}: {fact.value}" for fact in self.facts)))
        return _short(text)


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """To whom a customer is given: to the agents of a queue, or to one agent. Neither: to whoever is there."""

    queue: QueueName | None = None
    agent: str | None = None
    """His extension."""


def note_of(context: Mapping[str, str]) -> str | None:
    """Return, for whoever answers, what an application told of a caller when it sent him elsewhere; None where it says nothing.

    ``summary`` is a sentence or two, ``path`` the labels that he was led through, with `` > `` between, ``transcript`` lines of
    what was said; each other name is a fact. A context without summary and path is between the application and the PBX.
    """
    if not {"summary", "path"} & context.keys():
        return None
    own = ("summary", "path", TRANSCRIPT)
    facts = [f"{name.replace('_', ' ')}: {value}" for name, value in context.items() if name not in own]
    told = (context.get("summary"), context.get("path"), *facts, context.get(TRANSCRIPT))
    return "\n".join(line for line in told if line) or None


def for_pbx(context: Mapping[str, str]) -> dict[str, str]:
    """Return a context as a PBX's variables take it: each in one line and ``SHORT_BYTES``; a transcript is for people only."""
    return {name: _short(" ".join(value.split())) for name, value in context.items() if name != TRANSCRIPT}


def _short(text: str) -> str:
    return text.encode()[:SHORT_BYTES].decode(errors="ignore")
