"""A Vtiger in memory, with the answers and errors of a real 8.2 (capture ``vtiger82``).

``VtigerSettings(url=server.url, login="admin", key=Secret("key"))`` signs in.
"""

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import md5
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from support.crm import Answered, Asked, ServedCrm, served

PREFIXES = {"Contacts": 12, "Leads": 10, "Accounts": 11, "PBXManager": 43, "ModComments": 30, "HelpDesk": 17, "Users": 19}
REQUIRED = {
    "Contacts": ("lastname", "assigned_user_id"),
    "Leads": ("lastname", "company", "assigned_user_id"),
    "PBXManager": ("customernumber", "assigned_user_id"),
    "ModComments": ("commentcontent", "related_to", "assigned_user_id"),
    "HelpDesk": ("ticket_title", "ticketstatus", "ticketpriorities", "assigned_user_id"),
}


FIELDS = {
    "Contacts": {"firstname": "string", "lastname": "string", "phone": "phone", "mobile": "phone", "homephone": "phone"}
    | {"otherphone": "phone", "fax": "phone", "email": "email", "assigned_user_id": "owner"},
    "Leads": {"firstname": "string", "lastname": "string", "company": "string", "phone": "phone", "mobile": "phone"}
    | {"email": "email", "assigned_user_id": "owner"},
    "Accounts": {
        "accountname": "string",
        "phone": "phone",
        "otherphone": "phone",
        "email1": "email",
        "assigned_user_id": "owner",
    },
}


class FakeVtiger:
    """See the module."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, dict[str, str]]] = {module: {} for module in PREFIXES}
        self.fields = {module: dict(fields) for module, fields in FIELDS.items()}
        """What is there to be seen; a site may have added some, and taken others away."""
        self._last = 0
        self.sessions: set[str] = set()
        self.logins = 0
        self.me = self.add("Users", user_name="admin", last_name="Administrator", phone_crm_extension="")
        self.anna = self.add("Users", user_name="anna", first_name="Anna", last_name="Berg", phone_crm_extension="1001")

    def add(self, module: str, /, **values: str) -> str:
        self._last += 1
        id_ = f"{PREFIXES[module]}x{self._last}"
        self.records[module][id_] = {**values, "id": id_}
        return id_

    def answer(self, asked: Asked) -> Answered:
        url = urlsplit(asked.path)
        if url.path != "/webservice.php":
            return Answered(body=b"<!DOCTYPE html><title>vtiger</title>", headers={"Content-Type": "text/html"})
        text = url.query if asked.method == "GET" else asked.body.decode()
        values = dict(parse_qsl(text))
        match values["operation"]:
            case "getchallenge":
                return _done({"token": "6b02d4a82bf1a", "serverTime": 1, "expireTime": 300})
            case "login":
                return self._login(values)
            case _:
                pass
        if values.get("sessionName") not in self.sessions:
            return _failed("INVALID_SESSIONID", "Session Identifier provided is Invalid")
        match values["operation"]:
            case "query":
                return self._query(values["query"])
            case "describe":
                return self._describe(values["elementType"])
            case "create":
                return self._create(values["elementType"], json.loads(values["element"]))
            case "revise":
                return self._revise(json.loads(values["element"]))
            case "delete":
                return self._delete(values["id"])
            case _:
                return Answered(status=500)

    def _login(self, values: dict[str, str]) -> Answered:
        right = md5(b"6b02d4a82bf1akey", usedforsecurity=False).hexdigest()
        if (values["username"], values["accessKey"]) != ("admin", right):
            return _failed("INVALID_USER_CREDENTIALS", "Invalid username or password")
        self.logins += 1
        self.sessions.add(f"session{self.logins}")
        return _done({"sessionName": f"session{self.logins}", "userId": self.me, "vtigerVersion": "8.2.0"})

    def _describe(self, module: str) -> Answered:
        if module not in self.fields:
            return _failed("ACCESS_DENIED", "Permission to perform the operation is denied")
        fields = [{"name": name, "type": {"name": kind}} for name, kind in self.fields[module].items()]
        return _done({"name": module, "fields": fields})

    def _create(self, module: str, element: dict[str, str]) -> Answered:
        for field in REQUIRED[module]:
            if not element.get(field):
                return _failed("MANDATORY_FIELDS_MISSING", f"{field} does not have a value")
        return _done(self.records[module][self.add(module, **element)])

    def _revise(self, element: dict[str, str]) -> Answered:
        for records in self.records.values():
            if element["id"] in records:
                records[element["id"]].update(element)
                return _done(records[element["id"]])
        return _failed("ACCESS_DENIED", "Permission to perform the operation is denied")

    def _delete(self, id_: str) -> Answered:
        for records in self.records.values():
            if records.pop(id_, None) is not None:
                return _done({"status": "successful"})
        return _failed("ACCESS_DENIED", "Permission to perform the operation is denied for id")

    def _query(self, text: str) -> Answered:
        value = r"'(?:[^']|'')*'"
        term = rf"\w+(?:=| LIKE ){value}"
        read = re.fullmatch(rf"SELECT ([\w,]+) FROM (\w+)(?: WHERE ({term}(?: OR {term})*))?(?: LIMIT (\d+), (\d+))?;", text)
        if read is None:
            return _failed("QUERY_SYNTAX_ERROR", "Syntax Error on line 1 near ")
        fields, module, terms, first, size = read.groups()
        found = list(self.records[module].values())
        asked_for = [*fields.split(","), *re.findall(r"(\w+)(?:=| LIKE )'", terms or "")]
        for name in asked_for if module in FIELDS else ():
            if name != "id" and name not in self.fields.get(module, ()):
                return _failed("ACCESS_DENIED", f"Permission to access '.{name}.' attribute denied.")
        if terms:
            wanted = re.findall(rf"(\w+)(=| LIKE )({value})", terms)
            found = [record for record in found if any(_holds(record.get(name, ""), *rest) for name, *rest in wanted)]
        page = found[int(first or 0) :][: int(size or 100)]
        return _done([{"id": record["id"]} | {name: record.get(name, "") for name in fields.split(",")} for record in page])


def _holds(value: str, operator: str, quoted: str) -> bool:
    wanted = quoted[1:-1].replace("''", "'")
    if operator == "=":
        return value == wanted
    return re.fullmatch(".*".join(map(re.escape, wanted.split("%"))), value, re.DOTALL) is not None


def _done(result: Any) -> Answered:
    return Answered(body={"success": True, "result": result})


def _failed(code: str, message: str) -> Answered:
    return Answered(body={"success": False, "error": {"message": message, "code": code}})


@asynccontextmanager
async def served_vtiger(vtiger: FakeVtiger) -> AsyncIterator[ServedCrm]:
    """Serve it."""
    async with served(vtiger.answer) as server:
        yield server
