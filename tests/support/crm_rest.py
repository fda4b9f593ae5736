"""A Dolibarr as tests need it: it answers as the real one of ``tests/captures/crm/dolibarr16`` does."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
from support.crm import Answered, Asked, ServedCrm, served

CAPTURES = Path(__file__).parent.parent / "captures" / "crm" / "dolibarr16"
KEY = "doliadminkey000000000000000000"
_LIKE = re.compile(r"\(t\.(\w+):like:'([^']*)'\)")
_COLUMNS = {"phone": "phone_pro", "note": "note_private"}
"""Of its database, where the API calls them otherwise."""


def captured(name: str) -> Answered:
    """Return what the real one answered."""
    said = msgspec.json.decode((CAPTURES / f"{name}.json").read_bytes())["response"]
    return Answered(status=said["status"], body=said["body"])


class Dolibarr:
    """Keeps what it is given; its rows are of the kinds that its API has."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, dict[str, Any]]] = {
            kind: {} for kind in ("contacts", "thirdparties", "agendaevents", "tickets", "users", "documents")
        }
        self.lost: list[str] = []
        """Kinds of which the next one is made, and the answer lost."""
        self._last = 0

    def add(self, kind: str, row: dict[str, Any]) -> int:
        """Keep a row; returns its id."""
        self._last += 1
        self.tables[kind][self._last] = row | {"id": str(self._last)}
        return self._last

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        where = urlsplit(asked.path)
        _, _, kind, *more = where.path.removeprefix("/api").split("/")
        if asked.headers.get("dolapikey") != KEY:
            return captured("02-auth-bad")
        if kind == "status":
            return captured("00-status")
        if kind not in self.tables:
            return captured("28-err-404-path")
        rows = self.tables[kind]
        if asked.method == "POST":
            made = self.add(kind, asked.json())
            if kind in self.lost:
                self.lost.remove(kind)
                return Answered(status=502, body=b"<html>Bad Gateway</html>")
            return Answered(body=made)
        if not more:
            filters = parse_qs(where.query).get("sqlfilters", [""])[0]
            found = [row for row in rows.values() if not filters or _is_found(row, filters)]
            return Answered(body=found) if found else captured("14-find-none")
        number = int(more[0])
        if number not in rows:
            return captured("27-err-404")
        if asked.method == "DELETE":
            del rows[number]
            return Answered(body={"success": {"code": 200, "message": "Event deleted"}})
        rows[number] |= asked.json() if asked.method == "PUT" else {}
        return Answered(body=rows[number])


def _is_found(row: dict[str, Any], filters: str) -> bool:
    for column, pattern in _LIKE.findall(filters):
        found = str(row.get(_COLUMNS.get(column, column)) or row.get(column) or "")
        if re.fullmatch(".*".join(map(re.escape, pattern.split("%"))), found, re.DOTALL):
            return True
    return False


@asynccontextmanager
async def dolibarr() -> AsyncIterator[tuple[Dolibarr, ServedCrm]]:
    """Serve one."""
    there = Dolibarr()
    async with served(there.answer) as crm:
        yield there, crm
