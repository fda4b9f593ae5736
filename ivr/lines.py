"""What a person typed, as an input of the flow: buttons, keys and values by rules; words are left to what understands. Pure."""

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from ivr.definition.values import Dialog
from ivr.flow import wanted
from ivr.slots.recognise import filled
from ivr.turns.values import Chosen, Digits, Filled, Given, Offered, Silence, State

KEYS: Final = re.compile(r"[0-9*#]{1,2}")
"""A line that is taken as keys; longer numbers are words, as in a chat."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """A line whose meaning is to be found, with the values that are in it."""

    text: str
    slots: tuple[Filled, ...]


def read_line(dialog: Dialog, state: State, offered: Iterable[Offered], line: str, *, today: date) -> Given | Words:
    """Return what a line is; ``offered`` are the buttons that were shown last."""
    line = line.strip()
    if not line:
        return Silence()
    for option in offered:
        if line == option.label:
            return Chosen(value=option.value)
    slots = filled(wanted(dialog, state), line, today=today)
    return Digits(keys=line, slots=slots) if KEYS.fullmatch(line) else Words(text=line, slots=slots)
