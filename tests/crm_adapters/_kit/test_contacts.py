"""Whom a CRM knows already, by his number."""

from collections.abc import Sequence

from support.crm import NUMBER, QUERY

from crm_adapters._kit.contacts import has_number, there_already
from gateway.model.crm import CrmContact, NewContact
from gateway.model.numbers import PhoneQuery

WEI = CrmContact(id="7", numbers=("010 8567 1234", "138-0013-8000"))
OTHER = CrmContact(id="8", numbers=("+8613800138001",))


class Crm:
    def __init__(self, *contacts: CrmContact) -> None:
        self.contacts = contacts
        self.asked: list[str] = []

    async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
        self.asked.append(query.e164)
        return self.contacts


def test_any_of_his_numbers_may_be_it() -> None:
    assert has_number(WEI, QUERY)
    assert not has_number(OTHER, QUERY)
    assert not has_number(CrmContact(id="9"), QUERY)


async def test_who_only_resembles_is_not_there_already() -> None:
    assert await there_already(Crm(OTHER, WEI), NewContact(name="Wei", number=NUMBER), "CN") == WEI
    assert await there_already(Crm(OTHER), NewContact(name="Wei", number=NUMBER), "CN") is None


async def test_nobody_is_looked_for_without_a_number() -> None:
    crm = Crm(WEI)
    assert await there_already(crm, NewContact(name="Wei"), "CN") is None
    assert crm.asked == []
