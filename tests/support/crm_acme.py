"""The Acme CRM that ``docs/crm-adapter-guide.md`` tells of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.crm import Answered, Asked, ServedCrm, served

KEY = "acme1"


class Acme:
    """What it has."""

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {"contacts": [], "calls": []}
        self._last = 0

    def add(self, kind: str, row: dict[str, Any]) -> dict[str, Any]:
        """Keep a row; returns it with its id."""
        self._last += 1
        self.rows[kind].append(row | {"id": self._last})
        return self.rows[kind][-1]

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        where = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        _, _, kind, *more = where.path.split("/")
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return Answered(status=401, body={"message": "no such key"})
        if kind == "me":
            return Answered(body={"version": "3.1", "login": "tieline"})
        if asked.method == "POST":
            return Answered(status=201, body=self.add(kind, asked.json()))
        if not more:
            wanted = query.get("external_id", query.get("number"))
            return Answered(body=[row for row in self.rows[kind] if wanted in row.values()])
        found = [row for row in self.rows[kind] if str(row["id"]) == more[0]]
        if not found:
            return Answered(status=404, body={"message": "no such row"})
        if asked.method == "DELETE":
            self.rows[kind].remove(found[0])
            return Answered(status=204)
        found[0].update(asked.json())
        return Answered(body=found[0])


@asynccontextmanager
async def acme_crm() -> AsyncIterator[tuple[Acme, ServedCrm]]:
    """Serve one."""
    there = Acme()
    async with served(there.answer) as crm:
        yield there, crm
