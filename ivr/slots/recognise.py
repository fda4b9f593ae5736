"""Which values a sentence gives to the slots that a dialog waits for, corrections included.

"138…, no, 139…" gives the second number, "SF1, not SF2" the first one: what is denied is none, and what comes after a correction
counts. Pure: today comes in.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Final, assert_never

import msgspec

from ivr.definition.values import Slot, SlotKind
from ivr.slots.amounts import amounts
from ivr.slots.choices import choices, yes_or_no
from ivr.slots.codes import codes, phones
from ivr.slots.dates import dates
from ivr.slots.numbers import canonical, numbers
from ivr.slots.spans import Found, plain
from ivr.turns.values import Filled

MAX_TEXT_CHARACTERS: Final = 500
"""Of a sentence; what comes after is not looked at."""
_CORRECTION: Final = re.compile(
    r"不对|错了|说错|我是说|我的意思|应该是|而是|改成|换成|更正|"
    r"\b(?:no|sorry|i mean(?:t)?|correction|actually|rather|make (?:that|it)|instead)\b",
    re.IGNORECASE,
)
_DENIED: Final = re.compile(r"(?:不是|不要|并非|别用|\b(?:not|isn't|wasn't))\s*(?:(?:the|on|by|for|it's)\s+)*$", re.IGNORECASE)


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A value of one slot."""

    value: str
    """As systems want it: E.164, ``2026-10-01``, ``12.5``, an option's value, ``yes``."""
    said: str
    certain: float
    """0 to 1."""


def recognise(slot: Slot, text: str, *, today: date) -> tuple[Recognised, ...]:
    """Return the values of a slot that a sentence in Chinese or English holds, the one that counts first."""
    return tuple(
        Recognised(value=each.value, said=text[each.start : each.end], certain=each.certain)
        for each in _ranked(slot, plain(text[:MAX_TEXT_CHARACTERS]), today)
    )


def filled(wanted: Mapping[str, Slot], text: str, *, today: date) -> tuple[Filled, ...]:
    """Return what a sentence gives to each of these slots (:func:`ivr.flow.wanted`); no part of it is used for two.

    A text slot without a pattern takes the whole sentence, where no other slot takes anything.
    """
    readable = plain(text[:MAX_TEXT_CHARACTERS])
    best = [
        (name, ranked[0])
        for name, slot in wanted.items()
        if not _takes_anything(slot) and (ranked := _ranked(slot, readable, today))
    ]
    taken: list[tuple[str, Found]] = []
    # The surest first; of equals, the slot that was asked for first.
    for name, found in sorted(best, key=lambda each: -each[1].certain):
        if all(found.end <= other.start or found.start >= other.end for _, other in taken):
            taken.append((name, found))
    if not taken:
        taken = [(name, ranked[0]) for name, slot in wanted.items() if (ranked := _ranked(slot, readable, today))][:1]
    return tuple(
        Filled(slot=name, value=found.value, said=text[found.start : found.end], certain=found.certain) for name, found in taken
    )


def _takes_anything(slot: Slot) -> bool:
    return slot.type is SlotKind.TEXT and slot.pattern is None


def _ranked(slot: Slot, text: str, today: date) -> list[Found]:
    """Return what counts first: not what is denied, and what follows a correction before what precedes it."""
    found = _found(slot, text, today)
    meant = [each for each in found if _DENIED.search(text, 0, each.start) is None]
    if slot.type is SlotKind.YES_NO or _takes_anything(slot):
        return found
    corrections = [match.end() for match in _CORRECTION.finditer(text)]
    return sorted(meant, key=lambda each: (-sum(end <= each.start for end in corrections), -each.certain))


def _found(slot: Slot, text: str, today: date) -> list[Found]:
    match slot.type:
        case SlotKind.PHONE:
            return phones(text, slot.region)
        case SlotKind.TEXT if slot.pattern is not None:
            return codes(text, slot.pattern)
        case SlotKind.TEXT:
            start, end = len(text) - len(text.lstrip()), len(text.rstrip())
            return [Found(text[start:end], start, end, 0.8)] if start < end else []
        case SlotKind.DATE:
            return dates(text, today, slot.time)
        case SlotKind.AMOUNT:
            return amounts(text)
        case SlotKind.NUMBER:
            return [Found(canonical(each.value), each.start, each.end, 0.7) for each in numbers(text)]
        case SlotKind.CHOICE:
            return choices(text, slot.options)
        case SlotKind.YES_NO:
            return yes_or_no(text)
        case _:
            assert_never(slot.type)
