"""Whatever a receiver answers, the adapter returns what it should or raises one of the four errors."""

from contextlib import suppress

import pytest
from support.crm import QUERY, Answered, activity, around, served
from support.crm_webhook import SECRET

from crm_adapters.webhook.adapter import create
from crm_adapters.webhook.settings import WebhookSettings
from gateway.model.crm import CrmContact
from gateway.model.secret import Secret
from gateway.ports.crm import CrmError

GARBAGE = [b"", b"{", b"null", b"7", b"[[]]", b'{"contacts": 7}', b'[{"id": 1, "numbers": [null]}]', b"\xff", b"[" * 50_000]


@pytest.mark.parametrize("status", [200, 204, 302, 400, 404, 500])
@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_read_or_refused(body: bytes, status: int) -> None:
    async with served(lambda _asked: Answered(status=status, body=body)) as crm:
        adapter = create(WebhookSettings(url=crm.url, secret=Secret(SECRET), find_url=crm.url), around("shop"))
        try:
            with suppress(CrmError):
                assert all(isinstance(each, CrmContact) for each in await adapter.find(QUERY))
            with suppress(CrmError):
                await adapter.put_call(activity(), None)
        finally:
            await adapter.close()
