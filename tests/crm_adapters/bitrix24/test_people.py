"""Who is who in a portal."""

import pytest
from support.crm import QUERY
from support.crm_bitrix24 import Portal, phone

from crm_adapters.bitrix24.adapter import Bitrix24Adapter
from gateway.model.crm import ContactKind, CrmUser, NewContact
from gateway.model.numbers import is_number_of
from gateway.ports.crm import CrmDeniedError


@pytest.mark.parametrize("written", ["+8613800138000", "138 0013 8000", "13800138000", "008613800138000", "+86 138 0013 8000"])
async def test_a_caller_is_found_however_his_number_is_written(portal: Portal, bitrix: Bitrix24Adapter, written: str) -> None:
    portal.rows["COMPANY"].append({"ID": "5", "TITLE": "Acme", "PHONE": phone("010 1234"), "ASSIGNED_BY_ID": "12"})
    portal.rows["CONTACT"].append(
        {
            "ID": "651",
            "NAME": "Wei",
            "LAST_NAME": "Zhang",
            "COMPANY_ID": "5",
            "ASSIGNED_BY_ID": "99",
            "PHONE": phone("1", written),
        }
    )
    portal.rows["LEAD"].append({"ID": "9", "TITLE": "Inbound", "PHONE": phone(written)})
    found = await bitrix.find(QUERY)
    assert [(each.id, each.name, each.company, each.owner) for each in found] == [
        ("CONTACT/651", "Wei Zhang", "Acme", "99"),
        ("LEAD/9", "Inbound", None, None),
    ]
    assert all(any(is_number_of(number, QUERY) for number in each.numbers) for each in found)
    assert found[0].url == f"{portal.url}/crm/contact/details/651/"
    assert portal.requests == 3


async def test_nobody_is_an_empty_list_in_one_request(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    assert list(await bitrix.find(QUERY)) == []
    assert portal.requests == 1


async def test_all_users_are_read_in_batches_of_pages(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    portal.users = [
        {
            "ID": str(number),
            "ACTIVE": number != 3,
            "NAME": f"U{number}",
            "USER_TYPE": "employee",
            "UF_PHONE_INNER": str(1000 + number),
        }
        for number in range(1, 2_701)
    ]
    users = await bitrix.users()
    assert len(users) == 2_699
    assert users[0] == CrmUser(id="1", name="U1", extension="1001")
    assert users[-1].extension == "3700"
    assert portal.requests == 3


async def test_no_users_at_all_means_that_we_may_not_see_them(bitrix: Bitrix24Adapter) -> None:
    with pytest.raises(CrmDeniedError, match=r"sales: it shows no users\. Tick user in the inbound webhook"):
        await bitrix.users()


async def test_a_contact_is_made_once(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    new = NewContact(name="Wei", number="+8613800138000", email="wei@example.com", owner=CrmUser(id="12"), text="from a call")
    first = await bitrix.make_contact(new)
    again = await bitrix.make_contact(new)
    assert (first.id, first.numbers) == (again.id, ("+8613800138000",))
    assert portal.called("crm.contact.add") == [
        {
            "fields": {
                "NAME": "Wei",
                "PHONE": [{"VALUE": "+8613800138000", "VALUE_TYPE": "WORK"}],
                "EMAIL": [{"VALUE": "wei@example.com", "VALUE_TYPE": "WORK"}],
                "ASSIGNED_BY_ID": 12,
                "COMMENTS": "from a call",
            }
        }
    ]


async def test_a_lead_has_a_title_and_may_have_no_number(portal: Portal, bitrix: Bitrix24Adapter) -> None:
    made = await bitrix.make_contact(NewContact(kind=ContactKind.LEAD, name="Wei", company="Acme"))
    assert made.kind is ContactKind.LEAD
    assert portal.called("crm.lead.add") == [{"fields": {"NAME": "Wei", "TITLE": "Wei", "COMPANY_TITLE": "Acme"}}]
