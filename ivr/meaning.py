"""What a person's words mean, as the understanding gives it to the flow."""

from enum import StrEnum
from typing import Final

import msgspec

FAQ_PREFIX: Final = "faq:"
"""Before the id of an answer, where a node's id would stand."""


class GlobalWord(StrEnum):
    """What can be said anywhere in a dialog, in every language."""

    BACK = "back"
    MAIN_MENU = "main_menu"
    REPEAT = "repeat"
    HUMAN = "human"
    START_OVER = "start_over"
    YES = "yes"
    NO = "no"


class Scored(msgspec.Struct, frozen=True):
    """One node or answer, and how likely it is meant."""

    node: str
    """A node's id, or ``faq:`` and an answer's."""
    probability: float
    """0 to 1, calibrated, over all that can be wished for."""


class Wish(msgspec.Struct, frozen=True):
    """One thing that a person wants."""

    text: str
    ranked: tuple[Scored, ...]
    """Best first."""
    in_scope: float = 1.0
    """0 to 1, calibrated: how likely it is something that the dialog knows at all."""
    unwanted: tuple[str, ...] = ()
    """Nodes that he says he does not want ("not the invoice")."""


class Meaning(msgspec.Struct, frozen=True):
    """What one utterance means."""

    wishes: tuple[Wish, ...] = ()
    """In his order."""
    word: GlobalWord | None = None
    language: str = "en"
    """``zh`` or ``en``, as the text shows it."""
