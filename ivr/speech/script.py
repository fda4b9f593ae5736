"""Whisper's way with words, pure: how it is told what is likely, and what it writes where nobody said anything."""

import re
import zlib
from collections.abc import Sequence
from typing import Final

NO_SPEECH: Final = 0.55
"""From this probability on, of a model without a prompt, it was no speech. The model writes something all the same; with a prompt
it takes hints for what was heard, and gives noise a probability of .2. Speech has .5 at most, in noise that is 5 dB softer."""
MAYBE_SPEECH: Final = 0.45
"""Music, clicks and a crowd are above, and so are some words in loud noise: then they must be sure."""
UNSURE: Final = -0.8
"""Mean log probability of a token; what was said in some noise is above, and what was invented is below."""
GUESSED: Final = -1.3
"""Below this the words are guessed, speech or not."""
REPEATS: Final = 2.4
"""Text that is compressed by more than this repeats itself: nobody said it. The value is Whisper's own."""
MAX_PROMPT_CHARACTERS: Final = 1000
"""Of hints; their tokens are bounded too, and likely ones come first."""

_HAN: Final = re.compile(r"[㐀-䶿一-鿿]")
_SIGNS: Final = re.compile(r"[\W_]+")
_ENDS: Final = ".!?。！？"
# It learned from subtitles, whose authors write this where only music or noise is heard.
_SUBTITLES: Final = re.compile(
    r"amara\.org|字幕|点赞|點贊|订阅|訂閱|明镜与点点|優優獨播|优优独播|谢谢(观看|收看|大家观看)|"
    r"thanks? (you )?(so much )?for watching|subscribe to|subtitles by|^you\.?$|^(beep[ .]*)+$",
    re.IGNORECASE,
)


def prompt_of(hints: Sequence[str], language: str) -> tuple[str, ...]:
    """Return hints of a language as sentences that may have been said before.

    Each has an end: else the model takes the sound for the rest of the last one, and leaves out what stands there already.
    """
    chosen: list[str] = []
    left = MAX_PROMPT_CHARACTERS
    for hint in hints:
        plain = " ".join(hint.split())
        if not plain or bool(_HAN.search(plain)) != (language == "zh"):
            continue
        stop = "" if plain[-1] in _ENDS else "。" if language == "zh" else "."
        left -= len(plain + stop)
        if left < 0:
            break
        chosen.append(plain + stop)
    return tuple(chosen)


def is_said(text: str, *, no_speech: float, mean_log_probability: float) -> bool:
    """Tell what somebody said from what the model invented on silence and noise."""
    if no_speech > NO_SPEECH or mean_log_probability < GUESSED:
        return False
    if no_speech > MAYBE_SPEECH and mean_log_probability < UNSURE:
        return False
    return bool(_words(text)) and _SUBTITLES.search(text) is None and not repeats_itself(text)


def distinct(texts: Sequence[str]) -> tuple[str, ...]:
    """Return those that have other words than the ones before, and some."""
    found: dict[str, str] = {}
    for text in texts:
        if words := _words(text):
            found.setdefault(words, text)
    return tuple(found.values())


def repeats_itself(text: str) -> bool:
    """Tell whether it goes round in circles."""
    plain = text.encode()
    return len(plain) > REPEATS * len(zlib.compress(plain))


def _words(text: str) -> str:
    return _SIGNS.sub("", text.lower())
