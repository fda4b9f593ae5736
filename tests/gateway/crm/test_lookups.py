"""Who has a number, asked of a CRM."""

import asyncio
from collections.abc import Sequence

import pytest
from support.crm import around
from support.crm_fake import FakeAdapter, FakeCrm
from support.virtual_time import in_virtual_time

from gateway.crm.lookups import KNOWN_S, UNKNOWN_S, URGENT_S, Lookups
from gateway.model.crm import CrmContact
from gateway.model.numbers import PhoneQuery
from gateway.ports.crm import CrmRefusedError, CrmUnavailableError

NUMBER = "+8613800138000"
WEI = CrmContact(id="1", name="Wei", numbers=("138 0013 8000",))


def lookups(crm: FakeCrm) -> Lookups:
    return Lookups("crm", crm.made(around()), region="CN", now=asyncio.get_running_loop().time)


@in_virtual_time
async def test_who_only_resembles_the_number_is_nobody() -> None:
    crm = FakeCrm()
    crm.contacts = [WEI, CrmContact(id="2", numbers=("13900138000",)), CrmContact(id="3", numbers=("8000",)), WEI]
    assert await lookups(crm).find(NUMBER, urgent=True) == (WEI,)


@in_virtual_time
async def test_an_answer_is_believed_for_a_while_and_that_there_is_nobody_for_a_shorter_one() -> None:
    crm = FakeCrm()
    asked = lookups(crm)
    assert await asked.find(NUMBER, urgent=True) == ()
    crm.contacts = [WEI]
    assert await asked.find(NUMBER, urgent=True) == ()
    await asyncio.sleep(UNKNOWN_S)
    assert await asked.find(NUMBER, urgent=True) == (WEI,)
    crm.contacts = []
    await asyncio.sleep(KNOWN_S - 1.0)
    assert await asked.find(NUMBER, urgent=True) == (WEI,)
    await asyncio.sleep(1.0)
    assert await asked.find(NUMBER, urgent=True) == ()
    assert (asked.asked, asked.at_hand) == (3, 2)


@in_virtual_time
async def test_the_crm_is_asked_once_for_all_who_want_to_know() -> None:
    crm = FakeCrm()
    crm.contacts, crm.faults = [WEI], [2.0]
    asked = lookups(crm)
    first = asyncio.create_task(asked.find(NUMBER, urgent=False))
    others = [asyncio.create_task(asked.find(NUMBER, urgent=False)) for _ in range(5)]
    await asyncio.sleep(1.0)
    first.cancel()
    assert await asyncio.gather(*others) == [(WEI,)] * 5
    assert crm.asked == 1


@in_virtual_time
async def test_who_waits_does_not_wait_long_and_what_failed_is_not_remembered() -> None:
    crm = FakeCrm()
    crm.contacts, crm.faults = [WEI], [60.0]
    asked = lookups(crm)
    with pytest.raises(CrmUnavailableError, match=f"within {URGENT_S:g} s"):
        await asked.find(NUMBER, urgent=True)
    assert asyncio.get_running_loop().time() == URGENT_S
    assert await asked.find(NUMBER, urgent=True) == (WEI,)


@in_virtual_time
async def test_an_adapter_that_fails_is_an_error_like_others() -> None:
    crm = FakeCrm()
    crm.faults = [KeyError("id")]
    with pytest.raises(CrmRefusedError, match="its adapter failed: KeyError"):
        await lookups(crm).find(NUMBER, urgent=True)


@in_virtual_time
async def test_an_adapter_that_finds_nobody_is_not_asked() -> None:
    asked = Lookups("crm", None, region="CN", now=asyncio.get_running_loop().time)
    found: Sequence[CrmContact] = await asked.find(NUMBER, urgent=True)
    assert found == ()


@in_virtual_time
async def test_what_is_under_way_is_given_up_at_the_end() -> None:
    crm = FakeCrm()
    crm.faults = [50.0]
    asked = lookups(crm)
    waiting = asyncio.create_task(asked.find(NUMBER, urgent=False))
    await asyncio.sleep(1.0)
    await asked.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


@in_virtual_time
async def test_who_can_wait_asks_anew_when_one_who_could_not_gave_up() -> None:
    crm = FakeCrm()
    crm.contacts = [CrmContact(id="1", numbers=(NUMBER,))]
    crm.faults = [30.0]
    asked = lookups(crm)
    hurried = asyncio.create_task(asked.find(NUMBER, urgent=True))
    await asyncio.sleep(1.0)
    patient = asyncio.create_task(asked.find(NUMBER, urgent=False))
    with pytest.raises(CrmUnavailableError, match="within 10 s"):
        await hurried
    assert [each.id for each in await patient] == ["1"]


@in_virtual_time
async def test_contacts_that_cannot_be_read_are_an_error_of_the_adapters() -> None:
    class Odd(FakeAdapter):
        async def find(self, query: PhoneQuery) -> Sequence[CrmContact]:
            return [CrmContact(id="1", numbers=(None,))]  # type: ignore[arg-type]  # an adapter may be anybody's

    asked = Lookups("crm", Odd(FakeCrm(), around()), region="CN", now=asyncio.get_running_loop().time)
    with pytest.raises(CrmRefusedError, match="its adapter failed"):
        await asked.find(NUMBER, urgent=True)
