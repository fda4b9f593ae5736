"""A Chinese sentence as the syllables that are heard, without tones: what a speech recogniser confuses is written alike.

By ``pypinyin`` of the extra ``tieline[nlu]``; without it sentences have no sounds, and count by their letters alone.
"""

import re
from functools import cache
from importlib.util import find_spec
from typing import Final

_HAN: Final = re.compile(r"[㐀-䶿一-鿿]")
_ALIKE: Final = (("zh", "z"), ("ch", "c"), ("sh", "s"), ("ng", "n"), ("l", "n"))
"""What many speakers do not tell apart, and recognisers on a telephone line less so."""


def sounds_of(text: str) -> str:
    """Return the syllables of a normalised text, with spaces; empty where nothing in it is Chinese, or the package is missing."""
    if not _HAN.search(text) or not installed():
        return ""
    from pypinyin import lazy_pinyin  # a dictionary of 4 MB that only this needs

    syllables = [_plain(syllable) for syllable in lazy_pinyin(text) if syllable.strip()]
    return " ".join(syllables)


@cache
def installed() -> bool:
    """Tell whether sentences have sounds here."""
    return find_spec("pypinyin") is not None


def _plain(syllable: str) -> str:
    for one, other in _ALIKE:
        syllable = syllable.replace(one, other)
    return syllable
