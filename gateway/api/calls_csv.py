"""Calls as a table for spreadsheets: one row a call, UTF-8 with the mark by which they know it (RFC 4180)."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Mapping
from operator import itemgetter
from typing import Any, Final

CONTENT_TYPE: Final = "text/csv"
HEADERS: Final = {"Content-Type": f"{CONTENT_TYPE}; charset=utf-8", "Content-Disposition": 'attachment; filename="calls.csv"'}
_SEPARATOR: Final = "; "
"""Between several values in one cell."""
_FORMULA: Final = re.compile(r"^(?!\+\d+$)[=+\-@\t\r]")
"""What a spreadsheet would calculate instead of showing it; a number with its country code it may read."""

Record = Mapping[str, Any]


def _plain(*names: str) -> dict[str, Callable[[Record], Any]]:
    return {name: itemgetter(name) for name in names}


def _several(name: str) -> Callable[[Record], str]:
    return lambda record: _SEPARATOR.join(record[name])


_COLUMNS: Final[dict[str, Callable[[Record], Any]]] = {
    **_plain("call_id", "pbx", "started_at", "answered_at", "ended_at", "direction", "caller", "caller_name", "caller_e164"),
    **_plain("called", "called_e164", "queue", "wait_s"),
    "ivr_path": _several("ivr_path"),
    "answered_by": _several("answered_by"),
    "agents": lambda record: _SEPARATOR.join(agent["agent"] for agent in record["agents"]),
    "transferred_to": lambda record: _SEPARATOR.join(transfer["to"] or "?" for transfer in record["transfers"]),
    **_plain("outcome", "stage", "ended_by", "talk_s", "hold_s", "recording", "complete", "version"),
}


def header() -> bytes:
    """Return the mark of UTF-8 and the first row."""
    return b"\xef\xbb\xbf" + _written([list(_COLUMNS)])


def rows(records: Iterable[Record]) -> bytes:
    """Return the rows of these ended calls' records."""
    return _written([_cell(read(record)) for read in _COLUMNS.values()] for record in records)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    # The apostrophe is how spreadsheets are told that it is text.
    return f"'{text}" if isinstance(value, str) and _FORMULA.match(text) else text


def _written(table: Iterable[list[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(table)
    return text.getvalue().encode("utf-8", "replace")
