"""Odoo's dialects, and which of its errors is which of ours."""

import pytest
from support.crm import Answered, around, served
from support.crm_odoo import FakeOdoo, OdooFaultError, served_odoo

from crm_adapters.odoo.client import OdooClient
from crm_adapters.odoo.settings import OdooSettings
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError


def settings(url: str, api: str = "jsonrpc", key: str = "admin", database: str = "crm") -> OdooSettings:
    return OdooSettings(url=url, database=database, login="admin", key=Secret(key), api=api)  # type: ignore[arg-type]


@pytest.mark.parametrize("api", ["jsonrpc", "json2"])
async def test_records_are_made_read_changed_and_deleted(api: str) -> None:
    async with served_odoo(FakeOdoo()) as server:
        client = OdooClient(settings(server.url, api), around("odoo"))
        made = await client.create("res.partner", {"name": "Wei"})
        await client.write("res.partner", made, {"phone": "1"})
        assert await client.read("res.partner", [["id", "=", made]], ["name", "phone"], limit=1) == [
            {"id": made, "name": "Wei", "phone": "1"}
        ]
        assert "phone" in await client.fields("res.partner")
        assert await client.fields("no.model") == {}
        await client.unlink("res.partner", made)
        with pytest.raises(CrmGoneError, match="MissingError"):
            await client.write("res.partner", made, {"phone": "2"})
        await client.close()


async def test_requests_are_those_of_the_captures() -> None:
    async with served_odoo(FakeOdoo()) as server:
        client = OdooClient(settings(server.url), around("odoo"))
        await client.read("res.partner", [["phone", "=", "1"]], ["name"], limit=5)
        args = ["crm", 2, "admin", "res.partner", "search_read", [[["phone", "=", "1"]]], {"fields": ["name"], "limit": 5}]
        assert server.asked[-1].json() == {
            "jsonrpc": "2.0",
            "method": "call",
            "id": 2,
            "params": {"service": "object", "method": "execute_kw", "args": args},
        }
        await client.close()
        client = OdooClient(settings(server.url, "json2"), around("odoo"))
        await client.create("res.partner", {"name": "x"})
        assert (server.asked[-1].path, server.asked[-1].json()) == ("/json/2/res.partner/create", {"vals_list": [{"name": "x"}]})
        await client.close()


@pytest.mark.parametrize("api", ["jsonrpc", "json2"])
@pytest.mark.parametrize(
    ("name", "status", "kind"),
    [
        ("odoo.exceptions.AccessError", 403, CrmDeniedError),
        ("fork.exceptions.ValidationError", 422, CrmRefusedError),
        ("builtins.ValueError", 500, CrmRefusedError),
        ("psycopg2.errors.SerializationFailure", 500, CrmUnavailableError),
        ("psycopg2.OperationalError", 500, CrmUnavailableError),
    ],
)
async def test_each_error_is_one_of_ours(api: str, name: str, status: int, kind: type[CrmError]) -> None:
    odoo = FakeOdoo()
    odoo.fault = OdooFaultError(name, "so it is", status)
    async with served_odoo(odoo) as server:
        client = OdooClient(settings(server.url, api), around("sales"))
        with pytest.raises(CrmError, match=r"^sales: Odoo: \w+: so it is") as raised:
            await client.create("res.partner", {"name": "x"})
        assert type(raised.value) is kind
        await client.close()


@pytest.mark.parametrize("api", ["jsonrpc", "json2"])
async def test_a_wrong_key_is_told_and_a_right_one_works_again(api: str) -> None:
    odoo = FakeOdoo()
    async with served_odoo(odoo) as server:
        client = OdooClient(settings(server.url, api), around("sales"))
        await client.sign_in()
        odoo.key = "another"
        with pytest.raises(CrmDeniedError, match=r"key of sales"):
            await client.create("res.partner", {"name": "x"})
        odoo.key = "admin"
        await client.create("res.partner", {"name": "x"})
        await client.close()
        client = OdooClient(settings(server.url, api, key="wrong"), around("sales"))
        with pytest.raises(CrmDeniedError):
            await client.sign_in()
        await client.close()


async def test_a_database_that_is_not_there_is_the_operators_to_mend() -> None:
    async with served_odoo(FakeOdoo()) as server:
        client = OdooClient(settings(server.url, database="nodb"), around("sales"))
        with pytest.raises(CrmDeniedError, match="Change the database of sales"):
            await client.sign_in()
        await client.close()


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b"null", b'{"result": {}}'])
async def test_what_is_no_answer_is_an_error(body: bytes) -> None:
    async with served(lambda asked: Answered(body=body)) as server:
        client = OdooClient(settings(server.url), around("sales"))
        with pytest.raises((CrmRefusedError, CrmDeniedError)):
            await client.sign_in()
        await client.close()
