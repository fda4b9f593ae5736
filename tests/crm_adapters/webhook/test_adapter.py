"""A program that takes calls over HTTP, as a CRM of the gateway's."""

from collections.abc import AsyncIterator

import pytest
from support.crm import QUERY, activity, around
from support.crm_webhook import SECRET, Shop, shop

from crm_adapters.webhook.adapter import WebhookAdapter, create
from crm_adapters.webhook.settings import WebhookSettings
from gateway.model.crm import CallStage, CrmAbility
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.ports.crm import CrmRefusedError


@pytest.fixture
async def there() -> AsyncIterator[tuple[Shop, WebhookAdapter]]:
    async with shop() as (kept, crm):
        settings = WebhookSettings(url=f"{crm.url}/calls", secret=Secret(SECRET), find_url=f"{crm.url}/contacts")
        adapter = create(settings, around("shop"))
        yield kept, adapter
        await adapter.close()


async def test_it_says_where_it_sends(there: tuple[Shop, WebhookAdapter]) -> None:
    assert (await there[1].check()).startswith("webhook at http://127.0.0.1:")


async def test_a_call_is_one_record_and_a_repeat_is_dropped(there: tuple[Shop, WebhookAdapter]) -> None:
    kept, adapter = there
    memo = None
    for stage in CallStage:
        memo = await adapter.put_call(activity(stage=stage), memo)
    assert await adapter.put_call(activity(), None) == memo
    assert kept.repeats == 1
    (call,) = kept.calls.values()
    assert (call["type"], call["data"]["number"], call["id"]) == ("call.ended", "+8613800138000", memo)
    assert memo is not None
    await adapter.withdraw_call(activity(), memo)
    assert kept.calls == {}


async def test_it_answers_who_has_a_number(there: tuple[Shop, WebhookAdapter]) -> None:
    there[0].contacts = [{"id": 17, "name": "Wei", "numbers": ["138 0013 8000"], "url": "javascript:alert(1)"}]
    (found,) = await there[1].find(QUERY)
    assert (found.id, found.name, found.numbers, found.url) == ("17", "Wei", ("138 0013 8000",), None)


async def test_an_answer_that_is_no_list_is_told(there: tuple[Shop, WebhookAdapter]) -> None:
    there[0].found = [{"id": "17", "numbers": "138"}]
    with pytest.raises(CrmRefusedError, match=r"shop: find_url answered no list of contacts: Expected `array`.*numbers"):
        await there[1].find(QUERY)


async def test_without_an_address_to_ask_nobody_is_found() -> None:
    adapter = create(WebhookSettings(url="http://127.0.0.1:1/calls", secret=Secret(SECRET)), around("shop"))
    assert CrmAbility.FIND not in adapter.abilities
    with pytest.raises(CrmRefusedError, match="shop: nobody is found without find_url"):
        await adapter.find(QUERY)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"secret": Secret("whsec_short")}, "crm shop: secret is not whsec_"),
        ({"old_secret": Secret("geheim")}, "crm shop: secret is not whsec_"),
        ({"template": "{"}, "crm shop: template: the template is no JSON"),
        ({"template": '"{{caller}}"'}, "crm shop: template: "),
    ],
)
def test_what_cannot_work_is_told_before_it_begins(wrong: dict[str, object], text: str) -> None:
    whole = {"url": "http://127.0.0.1:1/calls", "secret": Secret(SECRET)} | wrong
    with pytest.raises(ConfigurationError, match=text):
        create(WebhookSettings(**whole), around("shop"))  # type: ignore[arg-type]  # a key of each type
