"""A value and where it stands in a text; the text made plain without moving its characters."""

import unicodedata

import msgspec


class Found(msgspec.Struct, frozen=True):
    """One value in a text."""

    value: str
    """As systems want it."""
    start: int
    end: int
    """Characters of the text, the last one excluded."""
    certain: float
    """0 to 1."""


def plain(text: str) -> str:
    """Return the text with full-width characters made plain (``ＳＦ１２``), each at its place."""
    return "".join(_one(character) for character in text)


def _one(character: str) -> str:
    folded = unicodedata.normalize("NFKC", character)
    return folded if len(folded) == 1 else character
