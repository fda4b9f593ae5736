"""An EspoCRM in memory, with the errors that a real 8.4 answered (capture ``espocrm842``).

``EspoSettings(url=server.url, key=Secret("key"))`` signs in.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import phonenumbers
from support.crm import Answered, Asked, ServedCrm, served

REQUIRED = {
    "Contact": ("lastName",),
    "Lead": ("lastName",),
    "Call": ("name", "dateStart", "dateEnd", "assignedUserId"),
    "Case": ("name",),
}


class FakeEspo:
    """See the module."""

    def __init__(self) -> None:
        entities = ("Contact", "Lead", "Account", "Call", "Case", "Note", "Attachment", "User")
        self.records: dict[str, dict[str, dict[str, Any]]] = {entity: {} for entity in entities}
        self._last = 0
        self.sees_users = True
        self.may_delete = True
        self.me = self.add("User", userName="cti-api", name="cti-api", isActive=True, type="api")
        self.anna = self.add(
            "User", userName="anna", name="Anna", emailAddress="anna@example.com", isActive=True, cExtension="1001"
        )

    def add(self, entity: str, **values: Any) -> str:
        self._last += 1
        id_ = f"{self._last:017x}"
        self.records[entity][id_] = {"id": id_, **values}
        return id_

    def answer(self, asked: Asked) -> Answered:
        if asked.headers.get("x-api-key") != "key":
            return Answered(status=401)
        url = urlsplit(asked.path)
        entity, _, rest = url.path.removeprefix("/api/v1/").partition("/")
        if (entity, rest) == ("App", "user"):
            return Answered(body={"user": self.records["User"][self.me], "acl": {}})
        if entity not in self.records:
            return _refused(404, f"Controller '{entity}' does not exist.")
        id_, _, link = rest.partition("/")
        if id_ and id_ not in self.records[entity]:
            return _refused(404, f"Record {id_} does not exist.")
        stands_at = (
            entity if link == "stream" else asked.json().get("parentType") if (entity, asked.method) == ("Note", "POST") else None
        )
        if stands_at == "Call":
            # Calls have no stream: no role can be allowed to see one.
            return Answered(status=403)
        if link == "stream":
            notes = [each for each in self.records["Note"].values() if each.get("parentId") == id_]
            return Answered(body={"total": len(notes), "list": notes})
        match asked.method, bool(id_):
            case "GET", True:
                return Answered(body=self.records[entity][id_])
            case "GET", False:
                return self._list(entity, dict(parse_qsl(url.query)))
            case "POST", False:
                return self._create(entity, asked)
            case "PUT", True:
                self.records[entity][id_].update(asked.json())
                return Answered(body=self.records[entity][id_])
            case "DELETE", True:
                if not self.may_delete:
                    return _refused(403, "No delete access.")
                del self.records[entity][id_]
                return Answered(body=True)
            case _:
                return _refused(405, "Method not allowed.")

    def _create(self, entity: str, asked: Asked) -> Answered:
        values = asked.json()
        for field in REQUIRED.get(entity, ()):
            if not values.get(field):
                name = field.removesuffix("Id")
                return _refused(400, f"Field validation failure; entityType: {entity}, field: {name}, type: required.")
        if values.get("status") not in (None, "Planned", "Held", "Not Held", "New"):
            return _refused(400, f"Field validation failure; entityType: {entity}, field: status, type: valid.")
        for field in ("name", "firstName", "lastName", "accountName"):
            if set(values.get(field) or "") & set("<>="):
                return _refused(400, f"Field validation failure; entityType: {entity}, field: {field}, type: pattern.")
        number = values.get("phoneNumber")
        if number is not None:
            try:
                parsed = phonenumbers.parse(number)
            except phonenumbers.NumberParseException:
                return _refused(400, f"Field validation failure; entityType: {entity}, field: phoneNumber, type: valid.")
            values["phoneNumber"] = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
        if "lastName" in values:
            values["name"] = " ".join(filter(None, (values.get("firstName"), values["lastName"])))
            same = [each for each in self.records[entity].values() if each.get("name") == values["name"]]
            if same and asked.headers.get("x-skip-duplicate-check") != "true":
                return Answered(status=409, body=same, headers={"X-Status-Reason": "duplicate"})
        return Answered(body=self.records[entity][self.add(entity, **values)])

    def _list(self, entity: str, query: dict[str, str]) -> Answered:
        found = list(self.records[entity].values())
        if entity == "User" and not self.sees_users:
            found = []
        terms: dict[str, dict[str, str]] = {}
        for key, value in query.items():
            term = re.fullmatch(r"where\[(\d+)\]\[(\w+)\]", key)
            if term is not None:
                terms.setdefault(term[1], {})[term[2]] = value
        for term_ in terms.values():
            name, wanted = term_["attribute"], term_.get("value", "")
            match term_["type"]:
                case "equals" if name == "phoneNumber":
                    found = [each for each in found if wanted in _numbers(each)]
                case "contains":
                    found = [each for each in found if wanted in str(each.get(name, ""))]
                case "isTrue":
                    found = [each for each in found if each.get(name)]
                case other:
                    return _refused(400, f"Bad where type {other}.")
        shown = ["id", *query.get("select", "name").split(",")]
        start, size = int(query.get("offset", 0)), int(query.get("maxSize", 20))
        page = [{name: each.get(name) for name in shown} for each in found[start : start + size]]
        return Answered(body={"total": len(found), "list": page})


def _numbers(record: dict[str, Any]) -> list[str]:
    return [record.get("phoneNumber") or "", *(each["phoneNumber"] for each in record.get("phoneNumberData") or ())]


def _refused(status: int, reason: str) -> Answered:
    return Answered(status=status, headers={"X-Status-Reason": reason})


@asynccontextmanager
async def served_espo(espo: FakeEspo) -> AsyncIterator[ServedCrm]:
    """Serve it."""
    async with served(espo.answer) as server:
        yield server
