"""Takes a sentence apart: what is wanted and what is not, and where one wish may end and another begin; without I/O.

This only proposes. Whether the parts are wishes of their own is for the scores to say: "search and rescue" is one thing.
"""

import re
from typing import Final

import msgspec

MAX_CLAUSES: Final = 3
"""Wishes in one sentence; each costs the time of one."""

_CONNECTIVES: Final = re.compile(
    r"\s*(?:[,;，；。！？!?]|\.(?=\s))\s*(?:(?:and|then|also|plus)\b\s*)*|"
    r"\s+(?:and then|and also|and|then|also|as well as|plus)\s+|"
    r"\s*(?:然后|还有|另外|顺便|以及|并且|同时|接着|而且|再帮我|再|还要|还想|和)\s*"
)
_END: Final = " .,;:!?。，；：！？、"

_NOT_EN: Final = r"(?:no[,.]? )?(?:it s |it's |it is |this is |i mean )?not "
_WANT_NOT_EN: Final = r"(?:no[,.]? )?i (?:don't|don’t|do not|didn't|did not) (?:want|need|mean|ask for|ask about) (?:to )?"
_TURNS: Final = (
    # not the invoice, the refund
    re.compile(
        rf"^(?:{_NOT_EN}(?=(?:the|my|about|for|a|an|that|this|your) )|{_WANT_NOT_EN})(?P<no>[^,;.]+?)"
        r"(?:\s*[,;.]\s*(?:but |rather |i want |i need |i mean |it's |it s )*|\s+but (?:rather |i want |i need )?)(?P<yes>.+)$"
    ),
    # the refund, not the invoice
    re.compile(r"^(?P<yes>.+?)\s*[,;]\s*(?:and |but )?not (?=(?:the|my|about|for|a|an|that|this|your) )(?P<no>.+)$"),
    re.compile(r"^(?P<yes>.+?)\s*[,;.]\s*(?:and |but )?i (?:don't|don’t|do not) (?:want|need) (?:to )?(?P<no>.+)$"),
    re.compile(r"^(?P<yes>.+?) (?:instead of|rather than) (?P<no>.+)$"),
    re.compile(r"^instead of (?P<no>[^,]+), (?P<yes>.+)$"),
    # 不是发票，是退款
    re.compile(
        r"^(?:我)?(?:不是|不要|不想要|不想|不查|不问|不办|别|不用)(?P<no>[^,，。;；]{1,24}?)[,，。;； ]+(?:我)?"
        r"(?:而是|是要|是|要|想要|想)?(?P<yes>.+)$"
    ),
    re.compile(r"^(?:我)?不是(?:要|想|问|查)?(?P<no>[^,，。;；]{1,24}?)(?:而是|是)(?:要|想)?(?P<yes>.+)$"),
    re.compile(r"^(?:我)?不要(?P<no>[^,，。;；要]{1,24}?)要(?P<yes>.+)$"),
    # 要退款，不是发票
    re.compile(r"^(?P<yes>.+?)[,，。;； ]+(?:而)?(?:不是|不要|不想|不是要)(?P<no>.+)$"),
)
_ONLY_NOT: Final = (
    re.compile(rf"^{_NOT_EN}(?=(?:the|my|about|for|that|this) )(?P<no>.+)$"),
    re.compile(r"^(?:我)?(?:不是|不要|不想要)(?P<no>.+)$"),
)


class Turned(msgspec.Struct, frozen=True):
    """What of a sentence is wanted, and what is not."""

    wanted: str
    unwanted: str = ""


def turned(text: str) -> Turned:
    """Return a normalised text without what it turns down."""
    for pattern in _TURNS:
        if (found := pattern.match(text)) is not None:
            return Turned(found["yes"].strip(_END), found["no"].strip(_END))
    for pattern in _ONLY_NOT:
        if (found := pattern.match(text)) is not None:
            return Turned("", found["no"].strip(_END))
    return Turned(text)


def clauses_of(text: str) -> tuple[str, ...]:
    """Return the parts of a normalised text that may be wishes of their own, in order; one, where there is nothing to part."""
    parts = [part.strip(_END) for part in _CONNECTIVES.split(text)]
    parts = [part for part in parts if len(part) > 1]
    return tuple(parts) if 1 < len(parts) <= MAX_CLAUSES else (text,)
