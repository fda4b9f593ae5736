"""One thing that callers do, as each PBX tells it: what is told of it where times, ids and numbers are roles.

What is normalised, and nothing else:

- times: events keep their order and lose ``at``; ``talk_s`` is ``some`` or ``none``;
- ids: calls, legs, files, rooms and slots are numbered as they come;
- numbers: who began the first call is ``caller``, what a caller dialled is ``dialled``, telephones, queues and menus are numbered
  as they come; an agent's own name is left out beside his telephone's number.
"""

import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from support.natives import told_by
from support.replaying import CAPTURES

from gateway.model.call_events import CallEvent

TABLE: Final = CAPTURES / "scenarios.toml"


class Scenario(NamedTuple):
    """One line of the table."""

    name: str
    says: str
    begins_with: str
    """The event from which on the columns are compared; empty for all."""
    calls: dict[str, tuple[Path, int]]
    """By column: the capture, and which of its calls."""
    lamps: Path | None
    """A capture of a PBX's lamps meanwhile, where there is one."""


class Told(NamedTuple):
    """One event of a scenario."""

    native: str
    """The PBX's message that brought it."""
    line: str


def columns() -> dict[str, str]:
    """Return the table's columns with their titles."""
    titles: dict[str, str] = tomllib.loads(TABLE.read_text(encoding="utf-8"))["columns"]
    return titles


def scenarios() -> list[Scenario]:
    """Return the table's lines, in its order."""
    table: dict[str, dict[str, str]] = tomllib.loads(TABLE.read_text(encoding="utf-8"))
    named = table.pop("columns")
    return [
        Scenario(
            name,
            line["says"],
            line.get("from", ""),
            {key: _call(line[key]) for key in named if key in line},
            CAPTURES / line["lamps"] if "lamps" in line else None,
        )
        for name, line in table.items()
    ]


def _call(text: str) -> tuple[Path, int]:
    folder, _, index = text.partition("#")
    return CAPTURES / folder, int(index or 1) - 1


def told_in(scenario: Scenario, column: str) -> list[Told]:
    """Return what a column's recording tells of the scenario, normalised."""
    folder, index = scenario.calls[column]
    by_call = calls_told(told_by(folder))
    chosen = by_call[index]
    types = [event.type for _, event in chosen]
    if scenario.begins_with:
        chosen = chosen[types.index(scenario.begins_with) :]
    lines = normalised(event for _, event in chosen)
    return [Told(native, line) for (native, _), line in zip(chosen, lines, strict=True)]


def untold_by_lamps(scenario: Scenario) -> list[str]:
    """Return the types of events that a PBX's lamps do not tell of the scenario; all of them where no lamp is lit."""
    assert scenario.lamps is not None
    heard = [event.type for _, event in told_by(scenario.lamps)]
    untold = []
    for told in told_in(scenario, next(iter(scenario.calls))):
        kind = told.line.split(": ")[-1].split(" ")[0]
        if kind in heard:
            heard.remove(kind)
        else:
            untold.append(kind)
    return untold


class Roles:
    """Names for what one capture says, by when it is said first."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, Any], str] = {}
        self._counts: dict[str, int] = {}

    def number(self, kind: str, value: Any) -> str | None:
        """Return ``leg 2`` for the second leg that is told of; None stays None."""
        if value is None:
            return None
        if (kind, value) not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[kind, value] = f"{kind} {self._counts[kind]}"
        return self._names[kind, value]

    def caller(self, value: Any) -> str | None:
        """Return ``caller`` for whoever is the first, his telephone's name for others who are known by then."""
        if not self._counts.get("telephone") and ("telephone", value) not in self._names:
            self._names["telephone", value] = "caller"
            return "caller"
        return self.number("telephone", value)

    def party(self, value: Any) -> str | None:
        """Return the role of a number; an application's doing stays what it is."""
        return "cti" if value == "cti" else self.number("telephone", value)


_FIELDS: Final[dict[str, Callable[[Roles, Any], str | None]]] = {
    "caller": Roles.caller,
    "called": lambda _roles, value: None if value is None else "dialled",
    "party": Roles.party,
    "by": Roles.party,
    "to": Roles.party,
    "extension": Roles.party,
    "answered_by": Roles.party,
    "leg": lambda roles, value: roles.number("leg", value),
    "queue": lambda roles, value: roles.number("queue", value),
    "menu": lambda roles, value: roles.number("menu", value),
    "file": lambda roles, value: roles.number("file", value),
    "into": lambda roles, value: roles.number("call", value),
    "talk_s": lambda _roles, value: "unknown" if value is None else "some" if value else "none",
}
"""What becomes of a field's value; one that is not here is compared as it is."""

_TOLD_BEFORE: Final = frozenset(
    {"direction", "caller", "caller_name", "caller_e164", "called", "queue", "queued_since", "ivr_path", "digits"}
)
"""Fields of ``call.alerting`` that repeat what was told until then; who called differs from recording to recording."""


def normalised(told: Iterable[CallEvent]) -> list[str]:
    """Return what is told of some calls, one line an event: ``call.alerting leg=leg 2 party=telephone 1``."""
    roles = Roles()
    return [_line(roles, event) for event in told]


def _line(roles: Roles, event: CallEvent) -> str:
    call = roles.number("call", event.call_id)
    words = [event.type if call == "call 1" else f"{call}: {event.type}"]
    for key, value in event.data.items():
        # An agent is named by his telephone's number, which stands beside.
        if key == "agent" or (event.type == "call.alerting" and key in _TOLD_BEFORE):
            continue
        if key == "from":
            value = roles.number("call", value) if event.type == "call.merged" else roles.party(value)
        elif key in _FIELDS:
            value = _FIELDS[key](roles, value)
        words.append(f"{key}={value}")
    return " ".join(words)


def calls_told(told: Iterable[tuple[str, CallEvent]]) -> list[list[tuple[str, CallEvent]]]:
    """Return what was told of each call, in the order of their beginnings; calls that became one are one."""
    kept = list(told)
    into: dict[str, str] = {event.data["from"]: event.data["into"] for _, event in kept if event.type == "call.merged"}
    groups: dict[str, list[tuple[str, CallEvent]]] = {}
    for native, event in kept:
        call: str = event.call_id
        while call in into:
            call = into[call]
        groups.setdefault(call, []).append((native, event))
    return list(groups.values())
