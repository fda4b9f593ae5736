"""What whoever takes a caller over is told: the conversation as it went, without what is secret. Pure."""

import re
from collections.abc import Sequence
from typing import Final

from gateway.model.handover import TRANSCRIPT, Line
from ivr.definition.values import Dialog
from ivr.turns.sentences import MASK
from ivr.turns.values import Filled, Gathered

MAX_LINES: Final = 40
"""Of a transcript, the last ones."""
MAX_CHARACTERS: Final = 4000
_NAME: Final = re.compile(r"\W")


def context_of(gathered: Gathered, transcript: Sequence[Line]) -> dict[str, str]:
    """Return what goes with a caller; see :func:`gateway.model.handover.note_of`."""
    told = {
        "summary": gathered.summary,
        "path": " > ".join(each.label for each in gathered.path),
        **{_NAME.sub("_", each.slot): each.value for each in gathered.slots},
        "language": gathered.language,
        TRANSCRIPT: written(transcript),
    }
    return {name: value for name, value in told.items() if value}


def written(transcript: Sequence[Line]) -> str:
    """Return a transcript as lines, of a long one its end."""
    lines = [f"{'>' if line.is_customer else '<'} {line.text}" for line in transcript[-MAX_LINES:]]
    while len(lines) > 1 and sum(map(len, lines)) > MAX_CHARACTERS:
        lines.pop(0)
    return "\n".join(lines)[-MAX_CHARACTERS:]


def unsecret(dialog: Dialog, text: str, slots: Sequence[Filled]) -> str:
    """Return what somebody said without the values of secret slots."""
    for each in slots:
        slot = dialog.slots.get(each.slot)
        if slot is not None and slot.secret and each.said:
            text = text.replace(each.said, MASK)
    return text


def masked_keys(dialog: Dialog, asked: Sequence[str], keys: str) -> str:
    """Return keys as they may be kept: those that were asked for something secret only by their number."""
    return MASK if any(dialog.slots[name].secret for name in asked) else keys
