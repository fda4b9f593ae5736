"""A Zammad as a CRM of the gateway's."""

import pytest
from support.crm import CALL, QUERY, activity, around
from support.crm_zammad import TOKEN, Helpdesk

from crm_adapters.zammad_cti.adapter import ZammadAdapter, create
from crm_adapters.zammad_cti.settings import ZammadSettings
from gateway.model.crm import CallStage
from gateway.model.numbers import is_number_of
from gateway.model.secret import Secret
from gateway.ports.crm import CrmUnavailableError


async def test_each_event_of_a_call_is_told_once(helpdesk: Helpdesk, zammad: ZammadAdapter) -> None:
    memo = None
    for stage in (CallStage.RINGING, CallStage.RINGING, CallStage.ANSWERED, CallStage.ENDED, CallStage.ENDED):
        answered_at = None if stage is CallStage.RINGING else 1.0
        memo = await zammad.put_call(activity(stage=stage, answered_at=answered_at), memo)
    assert [each["event"] for each in helpdesk.events] == ["newCall", "answer", "hangup"]
    assert memo == "newCall answer hangup"


@pytest.mark.parametrize("lost", ["newCall", "answer", "hangup"])
async def test_a_lost_answer_makes_no_second_call(helpdesk: Helpdesk, zammad: ZammadAdapter, lost: str) -> None:
    helpdesk.lost = [lost]
    with pytest.raises(CrmUnavailableError):
        await zammad.put_call(activity(), None)
    assert await zammad.put_call(activity(), None) == "newCall answer hangup"
    assert helpdesk.log == {CALL: {"state": "hangup", "comment": "normalClearing"}}
    assert [each["event"] for each in helpdesk.events].count("newCall") == 1


async def test_an_outbound_call_keeps_its_own_number_whatever_zammad_wants(helpdesk: Helpdesk, zammad: ZammadAdapter) -> None:
    assert await zammad.put_call(activity(direction="outbound"), None) == "newCall answer hangup"


@pytest.mark.parametrize("written", ["+8613800138000", "138 0013 8000", "13800138000", "+86 138 0013 8000"])
async def test_a_caller_is_found_however_his_number_is_written(helpdesk: Helpdesk, zammad: ZammadAdapter, written: str) -> None:
    helpdesk.users = [
        {"id": 7, "firstname": "Wei", "mobile": written, "organization": "Acme"},
        {"id": 8, "firstname": "Li", "phone": "+8613800138000"},
    ]
    found = await zammad.find(QUERY)
    assert {(each.id, each.name, each.company) for each in found} == {("7", "Wei", "Acme"), ("8", "Li", None)}
    assert all(any(is_number_of(number, QUERY) for number in each.numbers) for each in found)
    assert helpdesk.searched == list(QUERY.forms)


async def test_it_says_where_it_is_signed_in(helpdesk: Helpdesk, zammad: ZammadAdapter) -> None:
    assert await zammad.check() == f"Zammad at {helpdesk.url}, CTI (generic), as tieline"


async def test_without_a_key_calls_are_kept_and_nobody_is_found(helpdesk: Helpdesk) -> None:
    adapter = create(ZammadSettings(url=helpdesk.url, token=Secret(TOKEN)), around("help"))
    assert list(await adapter.find(QUERY)) == []
    assert await adapter.check() == f"Zammad at {helpdesk.url}, CTI (generic); without a key no caller is found"
    assert await adapter.put_call(activity(), None)
    await adapter.close()
