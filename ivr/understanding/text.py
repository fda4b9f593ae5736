"""A sentence as the scorers see it: one spelling of the same, its language, and its synonyms; without I/O."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

MAX_CHARACTERS: Final = 400
"""Of one utterance; what comes after is no wish but a story."""

_HAN: Final = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_LATIN: Final = re.compile(r"[A-Za-z]+")
_SPACE: Final = re.compile(r"\s+")


def normalised(text: str) -> str:
    """Return a text in one width, one case and with single spaces, cut at :data:`MAX_CHARACTERS`."""
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", text[: 4 * MAX_CHARACTERS]).casefold()).strip()[:MAX_CHARACTERS]


def language_of(text: str, otherwise: str) -> str:
    """Return ``zh`` or ``en``, as the letters show it; ``otherwise`` where there are none.

    A Chinese sentence may hold a brand or two in Latin letters; a name in Chinese does not make an English sentence Chinese.
    """
    han, words = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if not han and not words:
        return otherwise
    return "zh" if han > words else "en"


class Synonyms:
    """Writes brand words and other names of a thing as the one that the examples use, without I/O."""

    def __init__(self, synonyms: Mapping[str, Sequence[str]]) -> None:
        self._chief = {
            normalised(other): normalised(chief) for chief, others in synonyms.items() for other in others if normalised(other)
        }
        # The longest first, or a short name would hide a longer one that begins with it.
        names = sorted(self._chief, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(_bounded(name) for name in names)) if names else None

    def apply(self, text: str) -> str:
        """Return a normalised text in which every other name is the chief one."""
        if self._pattern is None:
            return text
        return self._pattern.sub(lambda found: self._chief[found.group()], text)


def _bounded(name: str) -> str:
    before = r"(?<![a-z0-9])" if re.match(r"[a-z0-9]", name) else ""
    after = r"(?![a-z0-9])" if re.search(r"[a-z0-9]$", name) else ""
    return before + re.escape(name) + after
