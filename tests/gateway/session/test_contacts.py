from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_bytes

import msgspec
import pytest
from support.customer_books import Desk, desk

from gateway.model.claims import Evidence, Identity, IdentityKind
from gateway.model.contacts import Contact
from gateway.model.customers import Person
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.contacts import ContactImport, Imported

NUMBER = Identity(kind=IdentityKind.PHONE, value="+8613800138000")
OTHER = Identity(kind=IdentityKind.PHONE, value="+861085671234")
WANG = Contact(
    place="list.csv:2", name="Wang", company="ACME", vip=True, tags=("gold",), external_id="7", identities=((NUMBER, "mobile"),)
)
LI = Contact(place="list.csv:3", name="Li", identities=((NUMBER, None),))


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def take(one: Desk, *contacts: Contact, dry_run: bool = False) -> tuple[int, int, int]:
    taking = ContactImport(
        one.store,
        DEFAULT_TENANT,
        "file a.csv",
        now=lambda: one.now,
        random_bytes=token_bytes,
    )
    await taking.take(contacts, dry_run=dry_run)
    result: Imported = taking.imported
    one.now += 1.0
    return result.added, result.changed, result.unchanged


async def everybody(one: Desk) -> list[Person]:
    persons, _ = await one.book.people.page(words=None, after=None, limit=100)
    return persons


async def test_contacts_become_customers(one: Desk) -> None:
    assert await take(one, WANG, LI) == (2, 0, 0)

    wang, li = await everybody(one)
    assert (wang.name, wang.company, wang.vip, wang.tags, wang.external_ids) == ("Wang", "ACME", True, ("gold",), ("7",))
    (claim,) = wang.claims
    assert (claim.identity, claim.label, claim.evidence, claim.by) == (NUMBER, "mobile", Evidence.CRM, "file a.csv")
    assert (li.name, li.vip, li.numbers) == ("Li", False, wang.numbers)


async def test_a_list_taken_over_twice_changes_nothing(one: Desk) -> None:
    await take(one, WANG, LI)
    before = await everybody(one)

    assert await take(one, WANG, LI) == (0, 0, 2)
    assert await everybody(one) == before


async def test_a_list_that_has_somebody_twice_adds_him_once(one: Desk) -> None:
    again = msgspec.structs.replace(LI, name="LI", identities=((NUMBER, None), (OTHER, None)))

    assert await take(one, LI, again, WANG, WANG) == (2, 1, 1)
    assert [person.name for person in await everybody(one)] == ["LI", "Wang"]


async def test_what_a_list_says_anew_is_taken_and_what_it_does_not_say_stays(one: Desk) -> None:
    await take(one, WANG)
    anew = Contact(place="list.csv:2", name="Wang Fang", tags=("new",), external_id="7", identities=((OTHER, None),))

    assert await take(one, anew) == (0, 1, 0)

    (wang,) = await everybody(one)
    assert (wang.name, wang.company, wang.vip, wang.tags) == ("Wang Fang", "ACME", True, ("gold", "new"))
    assert set(wang.numbers) == {NUMBER.value, OTHER.value}
    assert await take(one, msgspec.structs.replace(anew, vip=False)) == (0, 1, 0)
    assert [person.vip for person in await everybody(one)] == [False]


async def test_an_id_is_learnt_by_number_and_name_and_another_id_is_another_customer(one: Desk) -> None:
    await take(one, LI)

    assert await take(one, msgspec.structs.replace(LI, external_id="8")) == (0, 1, 0)
    assert await take(one, msgspec.structs.replace(LI, external_id="9")) == (1, 0, 0)
    assert [person.external_ids for person in await everybody(one)] == [("8",), ("9",)]


async def test_a_claim_that_somebody_revoked_is_not_made_again(one: Desk) -> None:
    await take(one, WANG)
    (wang,) = await everybody(one)
    await one.book.revoke(wang.id, wang.claims[0].id, by="me")

    assert await take(one, WANG) == (0, 0, 1)
    assert [person.claims for person in await everybody(one)] == [()]


async def test_a_dry_run_counts_and_changes_nothing(one: Desk) -> None:
    assert await take(one, WANG, LI, LI, dry_run=True) == (2, 0, 1)
    assert await everybody(one) == []
