"""Whatever a portal answers, it is understood or one of the port's errors."""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from support.crm import QUERY, Answered, activity, around, served
from support.crm_bitrix24 import WEBHOOK

from crm_adapters.bitrix24.adapter import Bitrix24Adapter, create
from crm_adapters.bitrix24.settings import Bitrix24Settings
from gateway.model.crm import CallStage, CrmContact, CrmUser, NewContact, NewTicket
from gateway.model.ids import CallId
from gateway.model.secret import Secret
from gateway.ports.crm import CrmError

RESULTS: list[Any] = [
    None,
    True,
    0,
    "",
    "x",
    [],
    [None],
    [[]],
    {},
    {"CALL_ID": None},
    {"CALL_ID": ["x"], "CRM_ENTITY_ID": "x", "CRM_ACTIVITY_ID": {}},
    {"id": -1},
    {"result": None, "result_error": None, "result_total": None},
    {"result": {"0": "x", "forms": [1], "number": {"a": 1}, "CONTACT": 7, "users": []}, "result_error": []},
    {"result": {"0": [{"ID": None}, 7], "forms": {"CONTACT": ["x", 5]}, "number": [None], "CONTACT": [{"PHONE": [7]}]}},
    {"result": [], "result_error": {"users": "x"}},
    {"result": [], "result_error": {"other": {"error": 7, "error_description": []}}},
]


@pytest.fixture
async def answers() -> list[Any]:
    return []


@pytest.fixture
async def bitrix(answers: list[Any]) -> AsyncIterator[Bitrix24Adapter]:
    async with served(lambda asked: answers[0]) as server:
        adapter = create(Bitrix24Settings(url=Secret(server.url + WEBHOOK)), around("sales"))
        yield adapter
        await adapter.close()


async def ask(bitrix: Bitrix24Adapter, what: str) -> object:
    """Ask one thing of an adapter."""
    anna = CrmUser(id="12")
    match what:
        case "check":
            return await bitrix.check()
        case "find":
            return await bitrix.find(QUERY)
        case "users":
            return await bitrix.users()
        case "ringing":
            return await bitrix.put_call(activity(stage=CallStage.RINGING), None)
        case "ended":
            return await bitrix.put_call(activity(note="x", transcript="> x"), None)
        case "finished":
            return await bitrix.put_call(activity(note="x"), '{"call":"c"}')
        case "calls_of":
            return await bitrix.calls_of(CallId("c"))
        case "withdraw":
            await bitrix.withdraw_call(activity(), '{"call":"c","done":true,"activity":7}')
            return None
        case "pop":
            return await bitrix.pop(activity(), anna, '{"call":"c"}')
        case "contact":
            return await bitrix.make_contact(NewContact(name="x"))
        case _:
            return await bitrix.make_ticket(NewTicket(title="x", contact=CrmContact(id="LEAD/1"), call_id=CallId("c")))


@pytest.mark.parametrize(
    "what", ["check", "find", "users", "ringing", "ended", "finished", "calls_of", "withdraw", "pop", "contact", "ticket"]
)
@pytest.mark.parametrize("form", ["result", "error", "bare"])
async def test_garbage_is_understood_or_refused_and_nothing_else(
    bitrix: Bitrix24Adapter, answers: list[Any], what: str, form: str
) -> None:
    for result in RESULTS:
        forms: dict[str, Any] = {
            "result": {"result": result},
            "error": {"error": result, "error_description": result},
            "bare": result,
        }
        answers[:] = [Answered(body=forms[form])]
        with suppress(CrmError):
            await ask(bitrix, what)
