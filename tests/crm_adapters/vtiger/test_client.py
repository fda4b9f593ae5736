"""Vtiger's sign-in, and which of its errors is which of ours."""

import asyncio

import pytest
from support.crm import Answered, Asked, around, served
from support.crm_captures import answered, captured
from support.crm_vtiger import FakeVtiger, served_vtiger

from crm_adapters.vtiger.client import VtigerClient
from crm_adapters.vtiger.mapping import phones_of
from crm_adapters.vtiger.settings import VtigerSettings
from gateway.model.secret import Secret
from gateway.ports.crm import CrmDeniedError, CrmError, CrmGoneError, CrmRefusedError, CrmUnavailableError


def client_of(url: str, key: str = "key") -> VtigerClient:
    return VtigerClient(VtigerSettings(url=url, login="admin", key=Secret(key)), around("vtiger"))


async def test_all_who_ask_wait_for_one_sign_in_and_one_that_ended_is_made_again_once() -> None:
    vtiger = FakeVtiger()
    async with served_vtiger(vtiger) as server:
        client = client_of(server.url)
        await asyncio.gather(*(client.query("SELECT id FROM Users") for _ in range(5)))
        assert vtiger.logins == 1
        vtiger.sessions.clear()
        await asyncio.gather(*(client.query("SELECT id FROM Users") for _ in range(3)))
        assert vtiger.logins == 2
        await client.close()


async def test_a_wrong_key_is_told_with_the_setting_to_change() -> None:
    async with served_vtiger(FakeVtiger()) as server:
        client = client_of(server.url, "wrong")
        with pytest.raises(CrmDeniedError, match="login and key of vtiger"):
            await client.session()
        await client.close()


@pytest.mark.parametrize(
    ("name", "kind"),
    [("create-contact-missing", CrmRefusedError), ("query-bad", CrmDeniedError), ("lookup-phone", CrmUnavailableError)],
)
async def test_errors_of_a_real_one(name: str, kind: type[CrmError]) -> None:
    names = {"getchallenge": "getchallenge", "login": "login"}

    def answer(asked: Asked) -> Answered:
        text = asked.path + asked.body.decode()
        step = next((each for each in names if f"operation={each}" in text), name)
        return answered(captured("vtiger82", step)[0])

    async with served(answer) as server:
        client = client_of(server.url)
        with pytest.raises(CrmError) as raised:
            await client.create("Contacts", {"firstname": "x"})
        assert type(raised.value) is kind
        await client.close()


async def test_a_record_of_ours_that_may_not_be_changed_is_gone() -> None:
    async with served_vtiger(FakeVtiger()) as server:
        client = client_of(server.url)
        with pytest.raises(CrmGoneError, match="ACCESS_DENIED"):
            await client.revise("43x999", {"callstatus": "x"})
        with pytest.raises(CrmGoneError):
            await client.delete("43x999")
        await client.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"<html>", b'{"success": true}', b'{"success": true, "result": 7}'])
async def test_garbage_is_one_of_the_errors(body: bytes) -> None:
    async with served(lambda asked: Answered(body=body)) as server:
        client = client_of(server.url)
        with pytest.raises(CrmRefusedError):
            await client.query("SELECT id FROM Users")
        await client.close()


async def test_the_fields_of_a_real_one_that_have_numbers() -> None:
    def answer(asked: Asked) -> Answered:
        text = asked.path + asked.body.decode()
        step = next((each for each in ("getchallenge", "login") if f"operation={each}" in text), "describe-contacts")
        return answered(captured("vtiger82", step)[0])

    async with served(answer) as server:
        client = client_of(server.url)
        fields = await client.describe("Contacts")
        await client.close()
    assert phones_of(fields) == ("phone", "mobile", "homephone", "otherphone", "assistantphone")
