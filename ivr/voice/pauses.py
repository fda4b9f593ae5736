"""How long a pause ends what a caller says, by what is asked: a yes is over at once, a number is told in groups. Pure."""

from typing import Final

from ivr.definition.values import Dialog, SlotKind
from ivr.turns.values import State, Waiting
from ivr.voice.endpointing import END_S

SHORT_S: Final = 0.45
LONG_S: Final = 1.1
_TOLD_IN_GROUPS: Final = (SlotKind.PHONE, SlotKind.TEXT, SlotKind.NUMBER)


def pause_of(dialog: Dialog, state: State) -> float:
    """Return the seconds."""
    if state.waiting is Waiting.CONFIRM:
        return SHORT_S
    if state.waiting is Waiting.SLOT and any(dialog.slots[name].type in _TOLD_IN_GROUPS for name in state.asked):
        return LONG_S
    return END_S
