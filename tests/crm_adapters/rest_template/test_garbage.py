"""Whatever a CRM answers, the adapter returns what it should or raises one of the four errors."""

from contextlib import suppress

import pytest
from support.crm import Answered, activity, around, served

from crm_adapters.rest_template.adapter import RestTemplateAdapter, create
from crm_adapters.rest_template.settings import RestTemplateSettings
from gateway.model.crm import CrmContact, NewContact, NewTicket
from gateway.model.numbers import query_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmError

GARBAGE = [
    b"",
    b"{",
    b"null",
    b"false",
    b"0",
    b"7",
    b'"text"',
    b"[]",
    b"[[]]",
    b"{}",
    b'[{"id": {}}]',
    b'[{"id": 1, "phone_mobile": 138, "note_private": [1]}]',
    b'[{"id": "1", "firstname": {"a": 1}, "phone_mobile": ["x"], "url": false}]',
    b'{"error": {"message": ["x"]}}',
    b'{"id": "' + b"9" * 5_000 + b'"}',
    b"\xff\xfe",
    b"<html>",
    b"[" * 50_000,
    b'{"success": {"dolibarr_version": "\\u001b[2J\\u0000"}}',
]


@pytest.mark.parametrize("status", [200, 201, 302, 400, 404, 500])
@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_read_or_refused(body: bytes, status: int) -> None:
    async with served(lambda _asked: Answered(status=status, body=body)) as crm:
        values = {"url": crm.url, "owner": "1"}
        adapter = create(RestTemplateSettings(template="dolibarr16", values=values, secrets={"key": Secret("k")}), around("erp"))
        try:
            await _everything(adapter)
        finally:
            await adapter.close()


async def _everything(adapter: RestTemplateAdapter) -> None:
    with suppress(CrmError):
        assert (await adapter.check()).isprintable()
    with suppress(CrmError):
        assert all(isinstance(each, CrmContact) for each in await adapter.find(query_of("+8613800138000", "CN")))
    with suppress(CrmError):
        assert len(await adapter.put_call(activity(), None)) <= 4_000
    with suppress(CrmError):
        await adapter.calls_of(activity().call_id)
    with suppress(CrmError):
        await adapter.withdraw_call(activity(), '{"made": {"id": "1"}, "done": []}')
    with suppress(CrmError):
        await adapter.make_contact(NewContact(name="Wei", number="+8613800138000"))
    with suppress(CrmError):
        await adapter.make_ticket(NewTicket(title="t", call_id=activity().call_id))
    with suppress(CrmError):
        await adapter.users()
