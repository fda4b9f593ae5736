"""What all old IVRs have in common: menus, their prompts, and where each key leads; and what of them was not understood. Pure."""

from enum import StrEnum

import msgspec


class Origin(msgspec.Struct, frozen=True, order=True):
    """Where something stands in what was read."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Unread(msgspec.Struct, frozen=True):
    """Something that has no place in the dialog, or whose meaning is not certain."""

    origin: Origin
    text: str
    why: str

    def __str__(self) -> str:
        return f"{self.origin}: {self.text}: {self.why}"


class GoalKind(StrEnum):
    MENU = "menu"
    QUEUE = "queue"
    NUMBER = "number"
    """An extension, a group or a number outside."""
    VOICEMAIL = "voicemail"
    HANG_UP = "hang_up"
    """Perhaps after an announcement."""
    UNKNOWN = "unknown"


class Prompt(msgspec.Struct, frozen=True, kw_only=True):
    """Something that callers hear."""

    sound: str = ""
    """The recording's name, without its suffix."""
    text: str = ""
    """What is read aloud, where it is known."""


class Goal(msgspec.Struct, frozen=True, kw_only=True):
    """Where a key leads."""

    kind: GoalKind
    target: str = ""
    """A menu's id, a queue's name, a number, a mailbox."""
    prompts: tuple[Prompt, ...] = ()
    """Heard on the way."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One key, or several, of a menu."""

    digits: str
    goal: Goal
    origin: Origin
    label: str = ""
    """What a comment beside it says."""


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """One menu."""

    id: str
    origin: Origin
    label: str = ""
    prompts: tuple[Prompt, ...] = ()
    entries: tuple[Entry, ...] = ()
    on_silence: Goal | None = None
    on_wrong: Goal | None = None


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """All that was read."""

    menus: tuple[Menu, ...]
    """The first is where callers begin."""
    unread: tuple[Unread, ...] = ()


def begin_first(menus: dict[str, Menu], wanted: str | None = None) -> tuple[Menu, ...]:
    """Return the menus with the one first where callers begin: the one that is wanted, else one that no other leads to."""
    if wanted is None:
        led_to = {
            goal.target
            for menu in menus.values()
            for goal in (*(entry.goal for entry in menu.entries), menu.on_silence, menu.on_wrong)
            if goal is not None and goal.kind is GoalKind.MENU and goal.target != menu.id
        }
        free = [menu for name, menu in menus.items() if name not in led_to] or list(menus.values())
        # Of several the largest: what is left of old days leads nowhere.
        wanted = max(free, key=lambda menu: len(menu.entries)).id if free else None
    return tuple(sorted(menus.values(), key=lambda menu: menu.id != wanted))
