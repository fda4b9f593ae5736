"""A Bitrix24 portal for tests: it answers as the vendor's examples do, keeps what it is told, and takes no request that the
vendor's parameter files do not allow."""

import json
import re
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from support.crm import LOST, NOW, Answered, Asked, served

CAPTURES: Final = Path(__file__).parent.parent / "captures" / "crm"
WEBHOOK: Final = "/rest/1/s3cr3t/"
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d")
_TYPES: Final[dict[str, Callable[[Any, bool], bool]]] = {
    "integer": lambda value, text: (
        (isinstance(value, int) and not isinstance(value, bool)) or (text and str(value).removeprefix("-").isdecimal())
    ),
    "number": lambda value, text: isinstance(value, int | float),
    "string": lambda value, text: isinstance(value, str),
    "array": lambda value, text: isinstance(value, list),
    "object": lambda value, text: isinstance(value, dict),
    "boolean": lambda value, text: value in (True, False, "Y", "N", "0", "1"),
    "datetime": lambda value, text: (
        isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d.*", value) is not None
    ),
}


@cache
def spec_of(method: str) -> dict[str, Any]:
    """Return the vendor's parameter file of a method."""
    said: dict[str, Any] = json.loads((CAPTURES / "specs-bitrix24" / f"{method}.json").read_text("utf-8"))
    return said


def faults(method: str, params: dict[str, Any], *, text: bool = False) -> list[str]:
    """Return what the vendor's file does not allow in a request: unknown and missing names, wrong types.

    ``text``: all values come as text, as in a batch.
    """
    spec = spec_of(method)
    return [f"{method}: {fault}" for fault in _faults(spec["params"], params, spec.get("defs", {}), text=text)]


def _faults(
    fields: list[dict[str, Any]], said: dict[str, Any], defs: dict[str, Any], *, text: bool, at: str = ""
) -> Iterable[str]:
    known = {each["name"]: each for each in fields}
    yield from (f"unknown {at}{name}" for name in said if name not in known)
    yield from (f"missing {at}{each['name']}" for each in fields if each["required"] is True and each["name"] not in said)
    for name, value in said.items():
        field = known.get(name)
        if field is None:
            continue
        right = _TYPES.get(field["base"])
        if right is not None and not right(value, text):
            yield f"{at}{name} is no {field['type']}: {value!r}"
        elif "ref" in field:
            inner = defs[field["ref"].removeprefix("#/defs/")]["fields"]
            for each in value if isinstance(value, list) else [value]:
                yield from _faults(inner, each, defs, text=text, at=f"{at}{name}.")


def command_of(command: str) -> tuple[str, dict[str, Any]]:
    """Return method and parameters of a batch's command, read as PHP reads a query."""
    method, _, query = command.partition("?")
    params: dict[str, Any] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        keys = re.findall(r"[^\[\]]+", name)
        into = params
        for key in keys[:-1]:
            into = into.setdefault(key, {})
        into[keys[-1]] = value
    return method, {key: _listed(value) for key, value in params.items()}


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(each) for key, each in value.items()}
    return list(inner.values()) if list(inner) == [str(index) for index in range(len(inner))] else inner


class Portal:
    """What a portal keeps. ``lost`` methods do what they are asked and their answers are lost; ``failing`` ones answer so."""

    def __init__(self) -> None:
        self.methods: list[tuple[str, dict[str, Any]]] = []
        self.requests = 0
        self.now = NOW
        self.lost: list[str] = []
        self.failing: dict[str, Answered] = {}
        self.open: dict[str, dict[str, Any]] = {}
        """Registered calls by ``CALL_ID``."""
        self.statistic: list[dict[str, Any]] = []
        self.shown: list[tuple[str, int]] = []
        self.notes: dict[int, str] = {}
        self.transcripts: dict[str, list[dict[str, Any]]] = {}
        self.records: dict[str, bytes] = {}
        self.todos: list[dict[str, Any]] = []
        self.deleted: list[int] = []
        self.rows: dict[str, list[dict[str, Any]]] = {"CONTACT": [], "LEAD": [], "COMPANY": []}
        self.users: list[dict[str, Any]] = []
        self.made = 900
        self.url = ""
        self.upload_url: str | None = None

    def answer(self, asked: Asked) -> Answered:
        """Answer a request."""
        self.requests += 1
        if asked.path.startswith("/rest/upload.json"):
            self.records[asked.path.partition("token=")[2]] = asked.body
            return Answered(body={"result": {"FILE_ID": 9080}})
        assert asked.method == "POST", asked.method
        assert asked.path.startswith(WEBHOOK), asked.path
        method = asked.path.removeprefix(WEBHOOK).removesuffix(".json")
        if method != "batch":
            return self._answer(method, asked.json(), text=False)
        said = asked.json()
        assert set(said) == {"halt", "cmd"}
        assert 0 < len(said["cmd"]) <= 50
        answers = {key: self._answer(*command_of(command), text=True) for key, command in said["cmd"].items()}
        whole: dict[str, Any] = {"result": {}, "result_error": {}, "result_total": {}, "result_next": {}, "result_time": {}}
        for key, each in answers.items():
            if "error" in each.body:
                whole["result_error"][key] = each.body
            else:
                whole["result"][key] = each.body["result"]
                if "total" in each.body:
                    whole["result_total"][key] = each.body["total"]
        # PHP has no other empty object.
        return Answered(body={"result": {key: value or [] for key, value in whole.items()}})

    def called(self, method: str) -> list[dict[str, Any]]:
        """Return with what a method was called."""
        return [params for name, params in self.methods if name == method]

    def _answer(self, method: str, params: dict[str, Any], *, text: bool) -> Answered:
        found = faults(method, params, text=text)
        assert not found, found
        self.methods.append((method, params))
        if method in self.failing:
            return self.failing[method]
        result = _ANSWERS[method](self, params)
        if method in self.lost:
            self.lost.remove(method)
            return LOST
        if isinstance(result, Answered):
            return result
        total = {"total": len(self.users)} if method == "user.get" else {}
        return Answered(body={"result": result, "time": {"start": 0}, **total})

    def _register(self, params: dict[str, Any]) -> Any:
        # As the portal's source compares them.
        keys = ("USER_ID", "PHONE_NUMBER", "TYPE", "LINE_NUMBER", "EXTERNAL_CALL_ID")
        young = datetime.fromisoformat(params["CALL_START_DATE"]).timestamp() > self.now - 1_800.0
        same = [call for call, held in self.open.items() if young and all(held.get(key) == params.get(key) for key in keys)]
        self.made += 1
        call = same[0] if same else f"externalCall.716f1cb73def9700a23842adf9c4c568.{self.made}"
        known = self._of(params["PHONE_NUMBER"])
        entity = (params.get("CRM_ENTITY_TYPE"), params.get("CRM_ENTITY_ID"))
        kind, number = entity if entity[0] else known or (None, None)
        self.open[call] = params | {"CRM_ENTITY_TYPE": kind, "CRM_ENTITY_ID": number}
        return {
            "CALL_ID": call,
            "CRM_CREATED_LEAD": None,
            "CRM_CREATED_ENTITIES": [],
            "CRM_ENTITY_TYPE": kind,
            "CRM_ENTITY_ID": number,
        }

    def _of(self, number: str) -> tuple[str, int] | None:
        for kind, rows in self.rows.items():
            for row in rows:
                if any(each["VALUE"] == number for each in row.get("PHONE", [])):
                    return kind, int(row["ID"])
        return None

    def _finish(self, params: dict[str, Any]) -> Any:
        held = self.open.pop(params["CALL_ID"], None)
        if held is None:
            said = "Call is not found (call should be registered prior to finishing"
            return Answered(status=400, body={"error": "ERROR_CORE", "error_description": said})
        self.made += 1
        known = held.get("CRM_ENTITY_ID") is not None
        row = {
            "ID": str(self.made),
            "CALL_ID": params["CALL_ID"],
            "EXTERNAL_CALL_ID": held.get("EXTERNAL_CALL_ID"),
            "CALL_DURATION": params["DURATION"],
            "CALL_FAILED_CODE": params["STATUS_CODE"],
            "PORTAL_USER_ID": params["USER_ID"],
            "CRM_ACTIVITY_ID": self.made + 10_000 if known else None,
            "CRM_ENTITY_TYPE": held.get("CRM_ENTITY_TYPE"),
            "CRM_ENTITY_ID": held.get("CRM_ENTITY_ID"),
        }
        # In the statistics all is text.
        self.statistic.append({key: None if value is None else str(value) for key, value in row.items()})
        return row

    def _show(self, params: dict[str, Any]) -> bool:
        if params["CALL_ID"] not in self.open:
            return False
        self.shown.append((params["CALL_ID"], params["USER_ID"]))
        return True

    def _hide(self, params: dict[str, Any]) -> bool:
        self.shown = [each for each in self.shown if each[0] != params["CALL_ID"] or each[1] != params.get("USER_ID", each[1])]
        return params["CALL_ID"] in self.open

    def _attach(self, params: dict[str, Any]) -> Any:
        if not self._has_finished(params["CALL_ID"]):
            said = "Call is not found in the statistic table. Looks like it is not finished yet."
            return Answered(status=400, body={"error": "ERROR_CORE", "error_description": said})
        if "FILE_CONTENT" in params:
            self.records[params["CALL_ID"]] = params["FILE_CONTENT"].encode()
            return {"FILE_ID": 9079}
        url = self.upload_url or f"{self.url}/rest/upload.json?token={params['CALL_ID']}"
        return {"uploadUrl": url, "fieldName": "file"}

    def _has_finished(self, call: str) -> bool:
        return any(row["CALL_ID"] == call for row in self.statistic)

    def _transcribe(self, params: dict[str, Any]) -> Any:
        if not self._has_finished(params["CALL_ID"]):
            said = f"Call {params['CALL_ID']} is not found. Is it finished?"
            return Answered(status=400, body={"error": "ERROR_CORE", "error_description": said})
        self.transcripts[params["CALL_ID"]] = params["MESSAGES"]
        return {"TRANSCRIPT_ID": 1}

    def _note(self, params: dict[str, Any]) -> bool:
        self.notes[params["itemId"]] = params["text"]
        return True

    def _statistics(self, params: dict[str, Any]) -> Any:
        only = params["FILTER"]
        return [row for row in self.statistic if all(row[key] == value for key, value in only.items())]

    def _duplicates(self, params: dict[str, Any]) -> Any:
        assert len(params["values"]) <= 20
        found = {
            kind: [int(row["ID"]) for row in rows if any(each["VALUE"] in params["values"] for each in row.get("PHONE", []))]
            for kind, rows in self.rows.items()
        }
        return {kind: ids for kind, ids in found.items() if ids} or []

    def _search(self, params: dict[str, Any]) -> Any:
        found = self._of(params["PHONE_NUMBER"])
        return [{"CRM_ENTITY_TYPE": found[0], "CRM_ENTITY_ID": found[1], "ASSIGNED_BY_ID": 99}] if found else []

    def _add(self, kind: str, params: dict[str, Any]) -> Any:
        self.made += 1
        self.rows[kind].append(params["fields"] | {"ID": str(self.made)})
        return self.made

    def _todo(self, params: dict[str, Any]) -> Any:
        self.made += 1
        self.todos.append(params | {"ID": str(self.made)})
        return {"id": self.made}

    def _activities(self, params: dict[str, Any]) -> Any:
        owner = (params["filter"]["OWNER_TYPE_ID"], params["filter"]["OWNER_ID"])
        own = [each for each in self.todos if (each["ownerTypeId"], each["ownerId"]) == owner]
        return [{"ID": each["ID"], "DESCRIPTION": each["description"]} for each in own]

    def _delete(self, params: dict[str, Any]) -> Any:
        if params["id"] in self.deleted:
            return Answered(status=400, body={"error": "", "error_description": "Activity is not found."})
        self.deleted.append(params["id"])
        return True

    def _users(self, params: dict[str, Any]) -> Any:
        start = int(params.get("start", 0))
        return self.users[start : start + 50]

    def _get(self, kind: str, params: dict[str, Any]) -> Any:
        return next(row for row in self.rows[kind] if row["ID"] == str(params["id"]))

    def _list(self, kind: str, params: dict[str, Any]) -> Any:
        wanted = params["filter"]["@ID"]
        rows = [row for row in self.rows[kind] if row["ID"] in wanted]
        return [{key: value for key, value in row.items() if key in params["select"]} for row in rows]


def _of_kind(method: Callable[[Portal, str, dict[str, Any]], Any], kind: str) -> Callable[[Portal, dict[str, Any]], Any]:
    return lambda portal, params: method(portal, kind, params)


_ANSWERS: Final[dict[str, Callable[[Portal, dict[str, Any]], Any]]] = {
    "telephony.externalCall.register": Portal._register,
    "telephony.externalCall.finish": Portal._finish,
    "telephony.externalCall.show": Portal._show,
    "telephony.externalCall.hide": Portal._hide,
    "telephony.externalCall.attachRecord": Portal._attach,
    "telephony.externalCall.searchCrmEntities": Portal._search,
    "telephony.call.attachTranscription": Portal._transcribe,
    "telephony.externalLine.get": lambda portal, params: [],
    "crm.timeline.note.save": Portal._note,
    "voximplant.statistic.get": Portal._statistics,
    "crm.duplicate.findbycomm": Portal._duplicates,
    "crm.activity.todo.add": Portal._todo,
    "crm.activity.list": Portal._activities,
    "crm.activity.delete": Portal._delete,
    "user.get": Portal._users,
    **{f"crm.{kind.lower()}.list": _of_kind(Portal._list, kind) for kind in ("CONTACT", "LEAD", "COMPANY")},
    **{f"crm.{kind.lower()}.get": _of_kind(Portal._get, kind) for kind in ("CONTACT", "LEAD", "COMPANY")},
    **{f"crm.{kind.lower()}.add": _of_kind(Portal._add, kind) for kind in ("CONTACT", "LEAD")},
}


def phone(*numbers: str) -> list[dict[str, str]]:
    """Return numbers as a row has them."""
    return [{"ID": "1", "VALUE_TYPE": "WORK", "VALUE": number, "TYPE_ID": "PHONE"} for number in numbers]


@asynccontextmanager
async def open_portal() -> AsyncIterator[Portal]:
    """Serve a portal on loopback; its webhook is at ``portal.url`` + :data:`WEBHOOK`."""
    portal = Portal()
    async with served(portal.answer) as server:
        portal.url = server.url
        yield portal
