"""How a call is filed when it is over: a list that each company has its own of. Pure."""

from collections.abc import Iterable
from typing import Annotated, Final, NewType

import msgspec

DispositionId = NewType("DispositionId", str)

MAX_DISPOSITIONS: Final = 200
"""In one list: more than anybody would choose from."""

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class Label(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What people read."""

    en: _Text
    zh: _Text


class Disposition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One way to file a call."""

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
    """Stays when the label changes: reports count by it."""
    label: Label
    queues: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=128)], ...] = ()
    """Offered for calls of these queues; empty is for all calls."""
    note_required: bool = False
    """A call so filed is done only with a note."""
    call_back: bool = False
    """The customer was promised a call: his number goes on the list of calls to return."""
    key: Annotated[int, msgspec.Meta(ge=1, le=8)] | None = None
    """The key that chooses it."""
    retired: bool = False
    """No longer offered; calls that were filed so keep it."""


STANDARD: Final = (
    Disposition(id="solved", label=Label(en="Solved", zh="已解决"), key=1),
    Disposition(id="information", label=Label(en="Information given", zh="已答复咨询"), key=2),
    Disposition(id="order", label=Label(en="Order or booking", zh="下单或预订"), key=3),
    Disposition(id="call_back", label=Label(en="Call back", zh="需要回电"), call_back=True, key=4),
    Disposition(id="passed_on", label=Label(en="Passed on", zh="已转交处理"), note_required=True, key=5),
    Disposition(id="complaint", label=Label(en="Complaint", zh="投诉"), note_required=True, key=6),
    Disposition(id="wrong_number", label=Label(en="Wrong number", zh="打错电话"), key=7),
    Disposition(id="nobody_there", label=Label(en="Nobody there", zh="无人应答"), key=8),
)
"""What is there until somebody makes a list of his own."""


def fault_of(dispositions: Iterable[Disposition]) -> str | None:
    """Return, for a person, why these cannot be a list; None where they can."""
    listed = list(dispositions)
    if len(listed) > MAX_DISPOSITIONS:
        return f"{len(listed)} dispositions are more than the {MAX_DISPOSITIONS} that a list may have"
    seen: set[str] = set()
    for each in listed:
        if each.id in seen:
            return f"two dispositions have the id {each.id!r}"
        seen.add(each.id)
    offered = [each for each in listed if not each.retired and each.key is not None]
    for index, one in enumerate(offered):
        for other in offered[index + 1 :]:
            together = not one.queues or not other.queues or not set(one.queues).isdisjoint(other.queues)
            if one.key == other.key and together:
                return f"{one.id!r} and {other.id!r} have the key {one.key}, and are offered for the same calls"
    return None


def offered(dispositions: Iterable[Disposition], queue: str | None) -> list[Disposition]:
    """Return those that are offered for a call of this queue; None is a call of no queue."""
    return [each for each in dispositions if not each.retired and (not each.queues or queue in each.queues)]
