"""Signed messages, and what their receiver answers."""

import pytest
from support.crm import around
from support.crm_webhook import SECRET, shop

from crm_adapters.webhook.client import Receiver
from crm_adapters.webhook.settings import WebhookSettings
from gateway.model.secret import Secret
from gateway.model.signatures import secret_of
from gateway.ports.crm import CrmDeniedError, CrmError, CrmRefusedError, CrmUnavailableError


@pytest.mark.parametrize(
    ("status", "headers", "error", "pause"),
    [
        (410, {}, CrmDeniedError, None),
        (404, {}, CrmDeniedError, None),
        (401, {}, CrmDeniedError, None),
        (400, {}, CrmRefusedError, None),
        (500, {}, CrmUnavailableError, None),
        (429, {"Retry-After": "7"}, CrmUnavailableError, 7.0),
        (503, {"Retry-After": "7"}, CrmUnavailableError, 7.0),
    ],
)
async def test_a_status_says_whether_it_is_sent_again(
    status: int, headers: dict[str, str], error: type[CrmError], pause: float | None
) -> None:
    async with shop() as (kept, crm):
        kept.status, kept.headers = status, headers
        receiver = Receiver(WebhookSettings(url=crm.url, secret=Secret(SECRET)), around("shop"))
        with pytest.raises(CrmError, match=f"shop: status {status}") as caught:
            await receiver.tell("one", b"{}")
        assert type(caught.value) is error
        assert getattr(caught.value, "retry_after_s", None) == pause
        await receiver.close()


async def test_either_key_proves_it_while_it_is_changed() -> None:
    new = secret_of(b"x" * 24)
    async with shop() as (_kept, crm):
        receiver = Receiver(WebhookSettings(url=crm.url, secret=Secret(new), old_secret=Secret(SECRET)), around("shop"))
        await receiver.tell("one", b"{}")
        await receiver.close()
        receiver = Receiver(WebhookSettings(url=crm.url, secret=Secret(new)), around("shop"))
        with pytest.raises(CrmDeniedError, match="shop: status 401: wrong signature"):
            await receiver.tell("one", b"{}")
        await receiver.close()


async def test_404_to_a_question_is_nobody_and_a_page_no_answer() -> None:
    async with shop() as (kept, crm):
        receiver = Receiver(WebhookSettings(url=crm.url, secret=Secret(SECRET), find_url=crm.url), around("shop"))
        kept.status = 404
        assert await receiver.ask("+8613800138000") is None
        kept.status, kept.found = 200, b"<html>"
        with pytest.raises(CrmRefusedError, match="find_url answered no JSON"):
            await receiver.ask("+8613800138000")
        await receiver.close()
