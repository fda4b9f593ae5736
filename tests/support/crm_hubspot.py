"""A HubSpot account for tests: records, a search that lags behind them, and errors in HubSpot's words.

Each request, and each answer, is held against the vendor's OpenAPI. Companies are no part of what the vendor's files here have:
all CRM objects are of one schema, so theirs is that of contacts. The accounts' own figures, definitions of properties and
associations v4 are as the vendor's pages show them.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

from support.crm import LOST, Answered, Asked, served
from support.crm_schema import SPECS, Spec

KEY: Final = "pat-eu1-s3cr3t"
SPEC: Final = Spec(SPECS / "specs-hubspot")
_WHEN: Final = "2026-11-22T11:26:02.000Z"
_CORRELATION: Final = "aeb5f871-7f07-4993-9211-075dc63e7cbf"


def failed(status: int, message: str, category: str, **more: Any) -> Answered:
    """Return an error as HubSpot says it."""
    said = {"message": message, "correlationId": _CORRELATION, "category": category}
    return Answered(status=status, body=said | more)


class Account:
    """What an account keeps. ``lost`` requests are done, and their answers lost; ``lagging`` types are found by no search."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, str]]] = {"contacts": {}, "companies": {}, "calls": {}, "tickets": {}}
        self.associations: set[tuple[str, str, str, str]] = set()
        self.owners: list[dict[str, Any]] = []
        self.only_owner: str | None = None
        """The one who is left, where that matters."""
        self.unique: str | None = None
        self.lagging: set[str] = set()
        self.deleted: set[str] = set()
        """Records that only searches find still."""
        self.lost: list[str] = []
        self.blind = 0
        """How many reads by a unique value miss what is there."""
        self.failing: Answered | None = None
        self.strict = True
        """Whether its answers are held against the vendor's schema too."""
        self.asked: list[Asked] = []
        self.url = ""
        self._next = 500

    def add(self, kind: str, **properties: str) -> str:
        """Make a record and return its id."""
        self._next += 1
        self.records[kind][str(self._next)] = properties
        return str(self._next)

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        self.asked.append(asked)
        assert asked.headers["accept"] == "application/json"
        path = urlsplit(asked.path).path.replace("/companies", "/contacts")
        within = path.startswith(("/crm/v3/objects/", "/crm/v3/owners"))
        query = urlsplit(asked.path).query
        if within:
            assert SPEC.wrongs_of_request(asked.method, f"{path}?{query}", asked.body) == []
        said = self._answer(asked)
        if within and self.strict and isinstance(said.body, dict | None) and said.status != 429:
            assert SPEC.wrongs_of_answer(asked.method, path, said.status, said.body) == []
        if self.lost and f"{asked.method} {path}" == self.lost[0]:
            self.lost.pop(0)
            return LOST
        return said

    def _answer(self, asked: Asked) -> Answered:
        if self.failing is not None:
            return self.failing
        if asked.headers.get("authorization") != f"Bearer {KEY}":
            return failed(401, "Authentication credentials not found.", "INVALID_AUTHENTICATION")
        parts = urlsplit(asked.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        place = unquote(parts.path)
        if place == "/account-info/v3/details":
            return Answered(body={"portalId": 4711, "uiDomain": "app-eu1.hubspot.com", "timeZone": "Europe/Berlin"})
        if place == "/crm/v3/owners":
            return self._owners(query)
        found = re.fullmatch(r"/crm/v3/properties/(calls|tickets)/(\w+)", place)
        if found is not None:
            if found[2] != self.unique:
                return failed(404, f"Property {found[2]} does not exist", "OBJECT_NOT_FOUND")
            return Answered(body={"name": found[2], "hasUniqueValue": True})
        found = re.fullmatch(r"/crm/v4/objects/(\w+)/(\d+)/associations/default/(\w+)/(\d+)", place)
        if found is not None:
            return self._associate(*found.groups())
        found = re.fullmatch(r"/crm/v3/objects/(\w+)(?:/(.+))?", place)
        assert found is not None
        kind, key = found.groups()
        if key == "search":
            return self._search(kind, asked.json())
        if key is None:
            return self._create(kind, asked.json())
        return self._one(kind, key, query, asked)

    def _owners(self, query: dict[str, str]) -> Answered:
        at = int(query.get("after", "0"))
        said: dict[str, Any] = {"results": self.owners[at : at + int(query["limit"])]}
        if at + int(query["limit"]) < len(self.owners):
            said["paging"] = {"next": {"after": str(at + int(query["limit"]))}}
        return Answered(body=said)

    def _associate(self, kind: str, key: str, other_kind: str, other: str) -> Answered:
        if key not in self.records[kind] or other not in self.records[other_kind]:
            return failed(404, f"{other_kind} {other} not found", "OBJECT_NOT_FOUND")
        self.associations.add((kind, key, other_kind, other))
        return Answered(body={"status": "COMPLETE", "results": []})

    def _search(self, kind: str, asked: dict[str, Any]) -> Answered:
        groups = asked["filterGroups"]
        if len(groups) > 5:
            return failed(400, "There was a problem with the request.", "VALIDATION_ERROR")
        rows = self.records[kind].items() if kind not in self.lagging else ()
        found = [
            self._shown(key, row, asked["properties"])
            for key, row in rows
            if any(all(_fits(key, row, each) for each in group["filters"]) for group in groups)
        ]
        return Answered(body={"total": len(found), "results": found[: asked["limit"]]})

    def _create(self, kind: str, asked: dict[str, Any]) -> Answered:
        properties = asked["properties"]
        if not self._owned(properties):
            return failed(400, "Property values were not valid: hubspot_owner_id INVALID_OWNER_ID", "VALIDATION_ERROR")
        for key, row in self.records[kind].items():
            if kind == "contacts" and row.get("email", "") and row.get("email") == properties.get("email"):
                return failed(409, f"Contact already exists. Existing ID: {key}", "CONFLICT")
            if self.unique is not None and row.get(self.unique, "") and row.get(self.unique) == properties.get(self.unique):
                return failed(400, f"Property values were not valid: {key} already has that value.", "VALIDATION_ERROR")
        targets = {194: "contacts", 182: "companies", 16: "contacts", 339: "companies"}
        for association in asked["associations"]:
            (kind_of,) = association["types"]
            other = targets[kind_of["associationTypeId"]]
            if association["to"]["id"] not in self.records[other]:
                return failed(404, f"No {other} with ID {association['to']['id']} exists", "OBJECT_NOT_FOUND")
        key = self.add(kind, **properties)
        for association in asked["associations"]:
            other = targets[association["types"][0]["associationTypeId"]]
            self.associations.add((kind, key, other, association["to"]["id"]))
        return Answered(status=201, body=self._shown(key, properties, list(properties)))

    def _one(self, kind: str, key: str, query: dict[str, str], asked: Asked) -> Answered:
        if "idProperty" in query:
            assert query["idProperty"] == self.unique
            self.blind -= 1
            if self.blind >= 0:
                return failed(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND")
            key = next((each for each, row in self.records[kind].items() if row.get(self.unique) == key), "none")
        if asked.method == "DELETE":
            self.records[kind].pop(key, None)
            return Answered(status=204)
        if key not in self.records[kind] or key in self.deleted:
            return failed(404, "Object not found.  objectId are usually numeric.", "OBJECT_NOT_FOUND")
        row = self.records[kind][key]
        if asked.method == "PATCH":
            if not self._owned(asked.json()["properties"]):
                return failed(400, "Property values were not valid: hubspot_owner_id INVALID_OWNER_ID", "VALIDATION_ERROR")
            row.update(asked.json()["properties"])
            return Answered(body=self._shown(key, row, list(row)))
        return Answered(body=self._shown(key, row, query["properties"].split(",")))

    def _owned(self, properties: dict[str, str]) -> bool:
        return self.only_owner is None or properties.get("hubspot_owner_id", self.only_owner) == self.only_owner

    def _shown(self, key: str, row: dict[str, str], wanted: list[str]) -> dict[str, Any]:
        shown = {name: row[name] for name in wanted if name in row}
        return {"id": key, "properties": shown, "createdAt": _WHEN, "updatedAt": _WHEN, "archived": False}


def _fits(key: str, row: dict[str, str], one: dict[str, Any]) -> bool:
    name = one["propertyName"]
    value = (row | {"hs_object_id": key}).get(name, "")
    if name.startswith("hs_searchable_calculated_"):
        # HubSpot reads it out of what people wrote.
        digits = re.sub(r"\D", "", row.get("mobilephone" if "mobile" in name else "phone", ""))
        value = re.sub(r"^(?:00)?86", "", digits)
    match one["operator"]:
        case "EQ":
            return bool(value == one["value"])
        case "IN":
            return value in one["values"]
        case "CONTAINS_TOKEN":
            wanted = one["value"].lower()
            tokens = re.split(r"[^\w+]+", value.lower())
            return any(token.endswith(wanted[1:]) if wanted.startswith("*") else token == wanted for token in tokens)
        case _:
            raise AssertionError(one)


@asynccontextmanager
async def open_account() -> AsyncIterator[Account]:
    """Serve an account on loopback."""
    account = Account()
    async with served(account.answer) as server:
        account.url = server.url
        yield account
