"""Which values a caller is asked about before they are used: numbers and codes by their kind, others where hearing was poor.

Pure.
"""

from typing import Final

from ivr.definition.values import Dialog, Slot, SlotKind, Words, in_language
from ivr.turns.hearing import CERTAIN
from ivr.turns.values import Filled, State

_EXACT: Final = (SlotKind.PHONE, SlotKind.TEXT)
"""A wrong digit is another customer's: these are always read back."""
_DOUBTFUL: Final = (SlotKind.AMOUNT, SlotKind.DATE, SlotKind.NUMBER)


def to_check(dialog: Dialog, state: State, slots: tuple[Filled, ...], confidence: float) -> tuple[Filled, ...]:
    """Return those values that are to be read back; none where the node itself asks whether they are right."""
    node = dialog.nodes.get(state.node)
    question = "" if node is None else in_language(node.confirm, state.language)
    return tuple(
        each
        for each in slots
        if each.certain >= CERTAIN
        and (slot := dialog.slots.get(each.slot)) is not None
        and f"{{{each.slot}}}" not in question
        and state.slots.get(each.slot) != each.value
        and _is_exact(slot, is_clear=confidence >= dialog.limits.clear)
    )


def read_back(dialog: Dialog, values: tuple[Filled, ...], language: str) -> str:
    """Return the values as they are asked about."""
    comma = "，" if language == "zh" else ", "
    return comma.join(_told(dialog, each, language) for each in values)


def _is_exact(slot: Slot, *, is_clear: bool) -> bool:
    if slot.type is SlotKind.TEXT and slot.pattern is None:
        return False
    return slot.type in _EXACT or (slot.type in _DOUBTFUL and not is_clear)


def _told(dialog: Dialog, value: Filled, language: str) -> str:
    label: Words | None = dialog.slots[value.slot].label
    name = in_language(label, language)
    return f"{name}{value.value}" if language == "zh" else f"{name} {value.value}".strip()
