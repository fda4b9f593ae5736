"""A caller's keys, gathered into what the dialog waits for: at once where one key says all, else after a pause. Pure."""

from typing import Final

import msgspec

from ivr.definition.values import Dialog
from ivr.turns.values import State, Waiting

END: Final = "#"
"""Ends a number that is keyed in."""
BETWEEN_S: Final = 3.0
"""Seconds between two keys of one number."""
MAX_KEYS: Final = 32


class Keyed(msgspec.Struct, frozen=True):
    """What was pressed, as the dialog takes it."""

    keys: str


class More(msgspec.Struct, frozen=True):
    """More keys may come; after ``wait_s`` without one, :meth:`Keypad.rest` is what was meant."""

    wait_s: float


class Keypad:
    """Keys of one input."""

    def __init__(self, dialog: Dialog, state: State) -> None:
        self._pressed = ""
        self._is_number = state.waiting is Waiting.SLOT
        node = dialog.nodes.get(state.node)
        known = {choice.digit for choice in node.choices if choice.digit} if node is not None else set()
        if self._is_number:
            known = {option.digit for name in state.asked for option in dialog.slots[name].options if option.digit}
        self._known = known
        self._is_menu_of_options = self._is_number and bool(known)

    def press(self, key: str) -> Keyed | More:
        """Take a key."""
        if self._is_number and not self._is_menu_of_options:
            if key == END and self._pressed:
                return Keyed(self._taken())
            if key == "*" and not self._pressed:
                return Keyed(key)
            self._pressed += key
            return Keyed(self._taken()) if len(self._pressed) >= MAX_KEYS else More(BETWEEN_S)
        self._pressed += key
        longer = any(digits != self._pressed and digits.startswith(self._pressed) for digits in self._known)
        return More(BETWEEN_S) if longer else Keyed(self._taken())

    def rest(self) -> Keyed:
        """Return what was pressed until now."""
        return Keyed(self._taken())

    def _taken(self) -> str:
        pressed, self._pressed = self._pressed, ""
        return pressed
