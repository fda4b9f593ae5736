"""Odoo's client on what real Odoos answered, and its requests beside those that they took."""

from collections.abc import Mapping
from typing import Any

import pytest
from support.crm import QUERY, Answered, Asked, activity, around, served
from support.crm_captures import answered, captured
from support.crm_odoo import FakeOdoo, served_odoo

from crm_adapters.odoo.adapter import create
from crm_adapters.odoo.client import OdooClient
from crm_adapters.odoo.settings import OdooSettings
from gateway.model.crm import CallStage, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError

RPC_ERRORS = {
    "exec-bad-pw": CrmDeniedError,
    "perm-denied": CrmDeniedError,
    "err-private": CrmDeniedError,
    "err-bad-id-write": CrmGoneError,
    "err-missing-required": CrmRefusedError,
    "err-bad-field": CrmRefusedError,
    "err-bad-model": CrmRefusedError,
    "err-bad-domain": CrmRefusedError,
}
JSON2_ERRORS = {
    "auth-none": CrmDeniedError,
    "auth-bad": CrmDeniedError,
    "err-private": CrmDeniedError,
    "err-missing-rec": CrmGoneError,
    "err-missing": CrmRefusedError,
    "err-badfield": CrmRefusedError,
    "err-model": CrmRefusedError,
    "err-method": CrmRefusedError,
    "err-badarg": CrmRefusedError,
}


def settings(url: str, api: str) -> OdooSettings:
    return OdooSettings(url=url, database="crm", login="admin", key=Secret("admin"), api=api)  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "kind"), RPC_ERRORS.items(), ids=RPC_ERRORS)
async def test_errors_of_odoo_14(name: str, kind: type[CrmError]) -> None:
    signed_in, (error,) = answered(captured("odoo14", "auth-ok")[0]), captured("odoo14", name)

    def answer(asked: Asked) -> Answered:
        return signed_in if asked.json()["params"]["method"] == "authenticate" else answered(error)

    async with served(answer) as server:
        client = OdooClient(settings(server.url, "jsonrpc"), around("odoo"))
        with pytest.raises(CrmError, match="odoo: Odoo: ") as raised:
            await client.create("res.partner", {"name": "x"})
        assert type(raised.value) is kind
        await client.close()


@pytest.mark.parametrize(("name", "what"), [("auth-bad", "change login or key"), ("auth-bad-db", "Change the database")])
async def test_sign_ins_that_odoo_14_refused(name: str, what: str) -> None:
    async with served(lambda asked: answered(captured("odoo14", name)[0])) as server:
        client = OdooClient(settings(server.url, "jsonrpc"), around("odoo"))
        with pytest.raises(CrmDeniedError, match=what):
            await client.sign_in()
        await client.close()


@pytest.mark.parametrize(("name", "kind"), JSON2_ERRORS.items(), ids=JSON2_ERRORS)
async def test_errors_of_odoo_19(name: str, kind: type[CrmError]) -> None:
    async with served(lambda asked: answered(captured("odoo19-json2", name)[0])) as server:
        client = OdooClient(settings(server.url, "json2"), around("odoo"))
        with pytest.raises(CrmError) as raised:
            await client.create("res.partner", {"name": "x"})
        assert type(raised.value) is kind
        await client.close()


async def test_answers_of_odoo_19_are_read() -> None:
    async with served(lambda asked: answered(captured("odoo19-json2", "version")[0])) as server:
        client = OdooClient(settings(server.url, "json2"), around("odoo"))
        assert await client.version() == "19.0"
        await client.close()
    async with served(lambda asked: answered(captured("odoo19-json2", "find-pms-e164")[0])) as server:
        client = OdooClient(settings(server.url, "json2"), around("odoo"))
        (record,) = await client.read("res.partner", [], ["name"], limit=5)
        assert record["phone_sanitized"] == "+8613800138000"
        await client.close()


async def asked_by_us(api: str) -> list[Asked]:
    """Return all that the adapter asks of an Odoo."""
    odoo = FakeOdoo()
    wei = CrmContact(id=f"res.partner/{odoo.partner('Wei', '1')}")
    async with served_odoo(odoo) as server:
        adapter = create(settings(server.url, api), around("odoo"))
        await adapter.check()
        await adapter.find(QUERY)
        owner = CrmUser(id=str(odoo.anna))
        memo = await adapter.put_call(activity(stage=CallStage.RINGING, contact=wei, owner=owner), None)
        memo = await adapter.put_call(activity(contact=wei), memo)
        await adapter.put_call(activity(contact=wei, note="x"), memo)
        await adapter.make_contact(NewContact(name="New", number="+8613700137000"))
        await adapter.make_ticket(NewTicket(title="Broken", contact=wei, call_id=activity().call_id))
        await adapter.users()
        await adapter.close()
        return server.asked


def shape_of(args: list[Any]) -> tuple[str, int, frozenset[str]]:
    """Return a method of ``execute_kw`` with how many values it takes by place, and which by name."""
    positional: list[Any] = args[5]
    named: Mapping[str, Any] = args[6] if len(args) > 6 else {}
    return args[4], len(positional), frozenset(named) - {"limit"}


async def test_requests_by_json_rpc_have_the_shape_of_those_that_odoo_14_took() -> None:
    taken = {
        shape_of(exchange["request"]["body"]["params"]["args"])
        for exchange in captured("odoo14")
        if isinstance(exchange["request"]["body"], dict) and exchange["request"]["body"]["params"]["method"] == "execute_kw"
    }
    ours = [asked.json()["params"] for asked in await asked_by_us("jsonrpc")]
    asked = {shape_of(each["args"]) for each in ours if each["method"] == "execute_kw"}
    # What describes fields is in the captures of another Odoo; all else must be one that was taken.
    assert {each for each in asked if each[0] != "fields_get"} <= taken


async def test_requests_by_json_2_have_the_shape_of_those_that_odoo_19_took() -> None:
    taken: dict[str, set[frozenset[str]]] = {}
    for exchange in captured("odoo19-json2"):
        body, status = exchange["request"]["body"], exchange["response"]["status"]
        if isinstance(body, dict) and status not in (401, 422):
            taken.setdefault(exchange["request"]["url"].rpartition("/")[2], set()).add(frozenset(body) - {"limit"})
    for asked in await asked_by_us("json2"):
        method = asked.path.rpartition("/")[2]
        if asked.method == "POST" and method != "fields_get":
            assert frozenset(asked.json()) - {"limit"} in taken[method], method
