"""An Odoo in memory, in both dialects, with the errors that real ones answered (captures ``odoo14`` and ``odoo19-json2``).

``OdooSettings(url=server.url, database="crm", login="admin", key=Secret("admin"))`` signs in; with ``api="json2"`` the key alone
does. ``records[model][id]`` are the records, ``fields[model]`` what a model has.
"""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from support.crm import Answered, Asked, ServedCrm, served

_NUMBERS = ("phone", "mobile", "phone_sanitized")
FIELDS = {
    "res.partner": [
        "name",
        "phone",
        "mobile",
        "phone_sanitized",
        "email",
        "lang",
        "user_id",
        "is_company",
        "commercial_company_name",
    ],
    "crm.lead": [
        "name",
        "contact_name",
        "partner_name",
        "phone",
        "mobile",
        "phone_sanitized",
        "email_from",
        "user_id",
        "description",
    ],
    "res.users": ["name", "login", "email", "share", "internal_number"],
    "mail.activity": ["summary", "note", "res_model", "res_model_id", "res_id", "user_id", "activity_type_id", "date_deadline"],
    "mail.message": ["body", "model", "res_id", "attachment_ids", "message_type"],
    "mail.activity.type": ["name", "icon"],
    "ir.model": ["model"],
    "ir.attachment": ["name", "description", "datas", "res_model", "res_id", "mimetype"],
    "project.task": ["name", "description", "partner_id", "project_id", "user_id"],
    "project.project": ["name"],
}


class OdooFaultError(Exception):
    """What Odoo raises inside."""

    def __init__(self, name: str, message: str, status: int = 500) -> None:
        super().__init__(message)
        self.name = name
        self.status = status


class FakeOdoo:
    """See the module."""

    def __init__(self, *, without: tuple[str, ...] = (), without_fields: tuple[str, ...] = ()) -> None:
        self.fields = {
            model: [field for field in fields if field not in without_fields]
            for model, fields in FIELDS.items()
            if model not in without
        }
        self.records: dict[str, dict[int, dict[str, Any]]] = {model: {} for model in FIELDS}
        self.fault: OdooFaultError | None = None
        self.key = "admin"
        self.is_administrator = True
        self.types = {"description": "html", "comment": "html"}
        self._last = 10
        for model in self.fields:
            self.add("ir.model", model=model)
        self.add("mail.activity.type", name="Email", icon="fa-envelope")
        self.call_type = self.add("mail.activity.type", name="Call", icon="fa-phone")
        self.anna = self.add(
            "res.users", name="Anna", login="anna", email="anna@example.com", share=False, internal_number="1001"
        )
        self.add("res.users", name="Customer", login="portal", email="c@example.com", share=True, internal_number=False)

    def add(self, to: str, /, **values: Any) -> int:
        self._last += 1
        self.records[to][self._last] = values
        return self._last

    def partner(self, name: str, phone: str | None, sanitized: str | None = None, **more: Any) -> int:
        return self.add("res.partner", name=name, phone=phone or False, phone_sanitized=sanitized or False, **more)

    # What is asked

    def answer(self, asked: Asked) -> Answered:
        if asked.path == "/jsonrpc":
            return self._jsonrpc(asked.json())
        if asked.path == "/web/version":
            return Answered(body={"version_info": [19, 0, 0, "final", 0, ""], "version": "19.0"})
        found = re.fullmatch(r"/json/2/([\w.]+)/(\w+)", asked.path)
        if found is None:
            return Answered(status=404, body=b"<!DOCTYPE html><title>Odoo</title>", headers={"Content-Type": "text/html"})
        if asked.headers.get("authorization") != f"Bearer {self.key}":
            return _json2_error(OdooFaultError("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401))
        assert asked.headers.get("x-odoo-database") == "crm"
        try:
            return Answered(body=self._do(found[1], found[2], [], asked.json(), json2=True))
        except OdooFaultError as fault:
            return _json2_error(fault)

    def _jsonrpc(self, asked: Mapping[str, Any]) -> Answered:
        params = asked["params"]
        service, method, args = params["service"], params["method"], params["args"]
        try:
            if (service, method) == ("common", "version"):
                result: Any = {"server_version": "14.0", "server_serie": "14.0", "protocol_version": 1}
            elif args[0] != "crm":
                raise OdooFaultError("psycopg2.OperationalError", f'FATAL:  database "{args[0]}" does not exist\n')
            elif (service, method) == ("common", "authenticate"):
                result = 2 if args[1:3] == ["admin", self.key] else False
            elif args[1:3] != [2, self.key]:
                raise OdooFaultError("odoo.exceptions.AccessDenied", "Access Denied")
            else:
                result = self._do(args[3], args[4], args[5], args[6], json2=False)
        except OdooFaultError as fault:
            data = {"name": fault.name, "debug": "", "message": str(fault), "arguments": [str(fault)], "context": {}}
            error = {"code": 200, "message": "Odoo Server Error", "data": data}
            return Answered(body={"jsonrpc": "2.0", "id": asked["id"], "error": error})
        return Answered(body={"jsonrpc": "2.0", "id": asked["id"], "result": result})

    def _do(self, model: str, method: str, args: list[Any], named: Mapping[str, Any], *, json2: bool) -> Any:
        if self.fault is not None:
            raise self.fault
        if model not in self.fields:
            raise OdooFaultError("werkzeug.exceptions.NotFound", f"the model '{model}' does not exist", 404)
        match method:
            case "fields_get":
                return {field: {"type": self.types.get(field, "char")} for field in self.fields[model]}
            case "default_get":
                (id_,) = (
                    id_
                    for id_, each in self.records["ir.model"].items()
                    if each["model"] == named["context"]["default_res_model"]
                )
                return {"res_model": named["context"]["default_res_model"], "res_model_id": id_}
            case "message_post":
                (record,) = named["ids"] if json2 else args[0]
                self._one(model, record)
                posted = self.add("mail.message", body=named["body"], model=model, res_id=record, message_type="comment")
                return [posted] if json2 else posted
            case "search_read":
                if model == "ir.model" and not self.is_administrator:
                    raise OdooFaultError("odoo.exceptions.AccessError", "You are not allowed to access 'Models' (ir.model)", 403)
                return self._read(model, args[0] if args else named["domain"], named["fields"], named.get("limit", 80))
            case "create":
                made = [self._create(model, values) for values in (named["vals_list"] if json2 else [args[0]])]
                return made if json2 else made[0]
            case "write":
                (record,), values = (named["ids"], named["vals"]) if json2 else args
                self._fields_there(model, values)
                if model == "mail.message" and "res_id" in values and not self.is_administrator:
                    text = "Only administrators can modify 'model' and 'res_id' fields."
                    raise OdooFaultError("odoo.exceptions.AccessError", text, 403)
                self._one(model, record).update(values)
                return True
            case "unlink":
                (record,) = named["ids"] if json2 else args[0]
                self._one(model, record)
                del self.records[model][record]
                return True
            case "action_feedback":
                (record,) = named["ids"] if json2 else args[0]
                return self._feedback(record, named["feedback"])
            case _:
                raise OdooFaultError("werkzeug.exceptions.NotFound", f"The method '{model}.{method}' does not exist", 404)

    def _one(self, model: str, record: int) -> dict[str, Any]:
        if record not in self.records[model]:
            text = f"Record does not exist or has been deleted.\n(Record: {model}({record},), User: 2)"
            raise OdooFaultError("fork.exceptions.MissingError", text, 404)
        return self.records[model][record]

    def _fields_there(self, model: str, values: Mapping[str, Any]) -> None:
        for field in values:
            if field not in self.fields[model] and field != "type" and field != "comment":
                raise OdooFaultError("builtins.ValueError", f"Invalid field '{field}' on model '{model}'")

    def _create(self, model: str, values: Mapping[str, Any]) -> int:
        self._fields_there(model, values)
        if "name" in self.fields[model] and not values.get("name"):
            raise OdooFaultError(
                "odoo.exceptions.ValidationError", "The operation cannot be completed: Contacts require a name", 422
            )
        made = dict(values)
        if model == "mail.activity":
            made["res_model"] = self.records["ir.model"][values["res_model_id"]]["model"]
            if values.get("user_id"):
                told = {"body": values["note"], "model": made["res_model"], "res_id": values["res_id"]}
                self.add("mail.message", message_type="user_notification", **told)
        return self.add(model, **made)

    def _feedback(self, record: int, feedback: str) -> int:
        activity = self._one("mail.activity", record)
        body = f"<div><p>Call done: {activity['summary']}</p><div>{feedback}</div>Original note: {activity['note']}</div>"
        del self.records["mail.activity"][record]
        return self.add("mail.message", body=body, model=activity["res_model"], res_id=activity["res_id"])

    def _read(self, model: str, domain: list[Any], fields: list[str], limit: int) -> list[dict[str, Any]]:
        for field in fields:
            if field not in self.fields[model]:
                raise OdooFaultError("builtins.ValueError", f"Invalid field '{field}' on model '{model}'")
        found = [{"id": id_, **record} for id_, record in self.records[model].items()]
        kept = [record for record in found if _holds(list(domain), record, model, self.fields[model])]
        return [{name: record.get(name, False) for name in ("id", *fields)} for record in kept][:limit]


def _holds(domain: list[Any], record: Mapping[str, Any], model: str, fields: list[str]) -> bool:
    """Judge a domain in Polish notation; what no operator joins is joined by and."""

    def one() -> bool:
        term = domain.pop(0)
        if term == "|":
            left, right = one(), one()
            return left or right
        name, operator, wanted = term
        if name != "id" and name not in fields:
            raise OdooFaultError("builtins.ValueError", f"Invalid field {model}.{name} in leaf {term}")
        value = record.get(name, False)
        match operator:
            case "=":
                return bool(value == wanted)
            case "!=":
                return bool(value != wanted)
            case "in":
                return value in wanted
            case "ilike":
                pattern = ".*".join(map(re.escape, str(wanted).split("%")))
                return re.search(pattern, str(value or ""), re.IGNORECASE | re.DOTALL) is not None
            case _:
                raise OdooFaultError("builtins.ValueError", f"Invalid operator {operator!r}")

    holds = True
    while domain:
        holds = one() and holds
    return holds


def _json2_error(fault: OdooFaultError) -> Answered:
    body = {"name": fault.name, "message": str(fault), "arguments": [str(fault)], "context": {}, "debug": ""}
    return Answered(status=fault.status, body=msgspec.json.encode(body))


@asynccontextmanager
async def served_odoo(odoo: FakeOdoo) -> AsyncIterator[ServedCrm]:
    """Serve it."""
    async with served(odoo.answer) as server:
        yield server
