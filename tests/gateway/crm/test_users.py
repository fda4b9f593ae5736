"""Who of a CRM's users sits where."""

import asyncio
from collections.abc import Sequence

import pytest
from support.crm import around
from support.crm_fake import FakeCrm
from support.virtual_time import in_virtual_time

from gateway.crm.users import BELIEVED_S, MISSED_S, CrmUsers
from gateway.model.crm import CrmUser
from gateway.model.crm_calls import CrmRules
from gateway.ports.crm import CrmUnavailableError

ANNA = CrmUser(id="u1", login="anna", email="anna@example.com", extension="8001")
BEN = CrmUser(id="u2", login="ben", email="Ben@example.com")


async def nobody(extension: str) -> Sequence[str]:
    return ()


async def ben(extension: str) -> Sequence[str]:
    return ("ben@example.com",) if extension == "8002" else ()


def users(crm: FakeCrm, rules: CrmRules | None = None, known_as: object = nobody) -> CrmUsers:
    now = asyncio.get_running_loop().time
    return CrmUsers("crm", crm.made(around()), rules or CrmRules(), known_as=known_as, now=now)  # type: ignore[arg-type]


@in_virtual_time
async def test_they_are_found_by_configuration_by_the_crms_extension_and_by_their_names_with_us() -> None:
    crm = FakeCrm()
    crm.crm_users = [ANNA, BEN]
    found = users(crm, CrmRules(users={"8009": "ben"}), ben)
    assert [await found.at(extension) for extension in ("8001", "8002", "8009", "8003", None)] == [ANNA, BEN, BEN, None, None]


@in_virtual_time
async def test_the_list_is_read_now_and_then_and_for_somebody_new_sooner() -> None:
    crm = FakeCrm()
    found = users(crm)
    assert await found.at("8001") is None
    crm.crm_users = [ANNA]
    assert await found.at("8001") is None
    await asyncio.sleep(MISSED_S)
    assert await found.at("8001") == ANNA
    asked = crm.asked
    await asyncio.sleep(BELIEVED_S - 1.0)
    assert await found.at("8001") == ANNA
    assert crm.asked == asked


@in_virtual_time
async def test_while_the_crm_is_away_the_list_of_before_counts() -> None:
    crm = FakeCrm()
    crm.faults = [CrmUnavailableError("away")]
    found = users(crm)
    with pytest.raises(CrmUnavailableError, match="away"):
        await found.at("8001")
    crm.crm_users = [ANNA]
    assert await found.at("8001") == ANNA
    await asyncio.sleep(BELIEVED_S)
    crm.faults = [ValueError("odd")]
    assert await found.at("8001") == ANNA
