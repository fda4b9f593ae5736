from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.customer_books import Desk, desk

from gateway.model.claims import ClaimId, CustomerId, Evidence, Identity, IdentityKind
from gateway.model.customers import NoteId
from gateway.model.errors import CustomerConflictError, IdentityError, UnknownCustomerError
from gateway.model.ids import CallId
from gateway.session.customers import CustomerFields, NewIdentity

NUMBER = NewIdentity(kind=IdentityKind.PHONE, written="138 0013 8000", label="mobile")
ACCOUNT = NewIdentity(kind=IdentityKind.APP, written="user-7", evidence=Evidence.ATTESTED)
READ = Identity(kind=IdentityKind.PHONE, value="+8613800138000")
NOBODY = CustomerId("nobody")


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def test_a_customer_is_added_with_his_identities(one: Desk) -> None:
    fields = CustomerFields(name="Wang", tags=("gold",), external_id="7")
    person = await one.book.create(fields, [NUMBER, NUMBER, ACCOUNT], by="me")

    assert (person.name, person.tags, person.external_ids, person.vip) == ("Wang", ("gold",), ("7",), False)
    assert [(claim.identity.value, claim.by, claim.label) for claim in person.claims] == [
        ("user-7", "me", None),
        ("+8613800138000", "me", "mobile"),
    ]
    assert await one.told() == [
        ("customer.created", {"customer_id": person.id, "changed": ["external_id", "name", "tags"], "by": "me"})
    ]
    assert (await one.book.people.behind(READ)).person == person


async def test_an_external_id_is_one_customers(one: Desk) -> None:
    first = await one.book.create(CustomerFields(external_id="7"), [], by="me")
    other = await one.book.create(CustomerFields(external_id="8"), [], by="me")

    with pytest.raises(CustomerConflictError, match=f"'7' is customer {first.id}'s"):
        await one.book.create(CustomerFields(external_id="7"), [], by="me")
    with pytest.raises(CustomerConflictError):
        await one.book.change(other.id, CustomerFields(external_id="7"), by="me")
    assert (await one.book.change(first.id, CustomerFields(external_id="7", name="W"), by="me")).name == "W"


async def test_only_what_is_given_changes(one: Desk) -> None:
    person = await one.book.create(CustomerFields(name="Wang", company="ACME", vip=True), [], by="me")
    await one.told()
    one.now += 5.0

    changed = await one.book.change(person.id, CustomerFields(company=None, language="zh"), by="you")

    assert (changed.name, changed.company, changed.language, changed.vip) == ("Wang", None, "zh", True)
    assert changed.changed_at == one.now
    assert await one.told() == [("customer.changed", {"customer_id": person.id, "changed": ["company", "language"], "by": "you"})]


async def test_what_is_emptied_of_a_merged_customer_does_not_shine_through(one: Desk) -> None:
    elder = await one.book.create(CustomerFields(name="Wang", tags=("a",)), [], by="me")
    younger = await one.book.create(CustomerFields(name="W.", company="ACME", vip=True, tags=("b",)), [], by="me")
    await one.book.merge(elder.id, younger.id, by="me")

    changed = await one.book.change(younger.id, CustomerFields(company=None, vip=False, tags=("c",), name="王"), by="me")

    assert (changed.id, changed.name, changed.company, changed.vip, changed.tags) == (elder.id, "王", None, False, ("c",))
    (merge,) = changed.joints
    await one.book.part(elder.id, merge.claims[0], by="me")
    assert (await one.book.people.person(younger.id)).name == "W."


async def test_an_identity_is_claimed_once_on_the_same_evidence_and_revoked(one: Desk) -> None:
    person = await one.book.create(CustomerFields(), [], by="me")
    await one.told()

    _, claim = await one.book.identify(person.id, NUMBER, by="me")
    _, again = await one.book.identify(person.id, NUMBER, by="you")
    after, stronger = await one.book.identify(
        person.id, NewIdentity(kind=IdentityKind.PHONE, written="+8613800138000", evidence=Evidence.CRM), by="crm"
    )

    assert claim == again
    assert [each.id for each in after.claims] == [stronger.id, claim.id]
    assert after.numbers == ("+8613800138000",)
    assert len(await one.told()) == 2
    await one.book.revoke(person.id, claim.id, by="me")
    assert (await one.book.people.behind(READ)).person is not None
    assert (await one.book.revoke(person.id, stronger.id, by="me")).claims == ()
    assert (await one.book.people.behind(READ)).person is None
    with pytest.raises(UnknownCustomerError, match="has no identity"):
        await one.book.revoke(person.id, claim.id, by="me")


async def test_a_merge_is_told_and_undone(one: Desk) -> None:
    elder = await one.book.create(CustomerFields(name="Wang"), [NUMBER], by="me")
    younger = await one.book.create(CustomerFields(company="ACME"), [NUMBER], by="me")
    assert (await one.book.people.behind(READ)).person is None
    await one.told()

    person = await one.book.merge(younger.id, elder.id, by="me")

    assert (person.id, person.customers, person.company) == (elder.id, (elder.id, younger.id), "ACME")
    assert (await one.book.people.behind(READ)).person == person
    assert await one.told() == [("customer.merged", {"from": younger.id, "into": elder.id, "by": "me"})]
    with pytest.raises(CustomerConflictError, match="one customer already"):
        await one.book.merge(elder.id, younger.id, by="me")
    with pytest.raises(UnknownCustomerError, match="was not merged by"):
        await one.book.part(elder.id, ClaimId("x"), by="me")

    (joint,) = person.joints
    assert [each.id for each in await one.book.part(elder.id, joint.claims[0], by="you")] == [elder.id, younger.id]
    assert (await one.told())[-1] == ("customer.parted", {"customer_id": younger.id, "from": elder.id, "by": "you"})


async def test_who_proves_anothers_account_becomes_one_with_him(one: Desk) -> None:
    elder = await one.book.create(CustomerFields(name="Wang"), [ACCOUNT], by="me")
    younger = await one.book.create(CustomerFields(), [], by="me")
    await one.told()

    person, claim = await one.book.identify(younger.id, ACCOUNT, by="app")

    assert person.customers == (elder.id, younger.id)
    assert ("customer.merged", {"from": younger.id, "into": elder.id, "by": "app"}) in await one.told()
    await one.book.revoke(elder.id, claim.id, by="me")
    assert [each[0] for each in await one.told()] == ["customer.changed", "customer.changed", "customer.parted"]


async def test_notes_are_kept_in_all_versions(one: Desk) -> None:
    person = await one.book.create(CustomerFields(), [], by="me")
    note = await one.book.note(person.id, "wants blue", CallId("c1"), author="Anna")
    one.now += 1.0

    edited = await one.book.edit(person.id, note.id, "wants red", author="Bodo")

    assert (edited.id, edited.version, edited.call_id, edited.author) == (note.id, 2, "c1", "Bodo")
    assert await one.book.versions(person.id, note.id) == [note, edited]
    assert [each[1]["changed"] for each in (await one.told())[1:]] == [["notes"], ["notes"]]
    other = await one.book.create(CustomerFields(), [], by="me")
    for customer, missing in ((other.id, note.id), (person.id, NoteId("x"))):
        with pytest.raises(UnknownCustomerError, match="has no note"):
            await one.book.versions(customer, missing)


async def test_an_erased_person_is_gone_with_all_entries(one: Desk) -> None:
    elder = await one.book.create(CustomerFields(name="Wang"), [NUMBER], by="me")
    younger = await one.book.create(CustomerFields(name="W."), [], by="me")
    await one.book.merge(elder.id, younger.id, by="me")
    await one.book.note(younger.id, "secret", None, author="me")
    await one.told()

    await one.book.erase(younger.id, by="officer")

    for customer in (elder.id, younger.id):
        with pytest.raises(UnknownCustomerError):
            await one.book.people.person(customer)
    assert (await one.book.people.behind(READ)).persons == ()
    data = {"customer_id": elder.id, "customer_ids": [elder.id, younger.id], "by": "officer"}
    assert await one.told() == [("customer.erased", data)]


async def test_nobody_is_known_by_a_shared_number(one: Desk) -> None:
    person = await one.book.create(CustomerFields(), [NUMBER], by="me")

    declared = await one.book.declare_shared(READ, by="me")
    match = await one.book.people.behind(READ)
    assert (match.person, match.persons, declared.by) == (None, (person,), "me")
    await one.book.forget_shared(READ)
    assert (await one.book.people.behind(READ)).person == person
    with pytest.raises(UnknownCustomerError, match="not declared"):
        await one.book.forget_shared(READ)


async def test_what_cannot_be_read_is_refused_before_anything_changes(one: Desk) -> None:
    with pytest.raises(IdentityError, match="'1234' cannot be read: write it with \\+"):
        await one.book.create(CustomerFields(), [NewIdentity(kind=IdentityKind.PHONE, written="1234")], by="me")
    with pytest.raises(IdentityError, match="no email address"):
        one.book.identity(IdentityKind.EMAIL, "wang")
    assert await one.book.people.page(words=None, after=None, limit=1) == ([], None)
    assert await one.told() == []


async def test_nothing_is_done_to_who_is_not_there(one: Desk) -> None:
    there = await one.book.create(CustomerFields(), [], by="me")
    for attempt in (
        one.book.change(NOBODY, CustomerFields(name="x"), by="me"),
        one.book.identify(NOBODY, NUMBER, by="me"),
        one.book.revoke(NOBODY, ClaimId("x"), by="me"),
        one.book.merge(there.id, NOBODY, by="me"),
        one.book.part(NOBODY, ClaimId("x"), by="me"),
        one.book.note(NOBODY, "x", None, author="me"),
        one.book.erase(NOBODY, by="me"),
    ):
        with pytest.raises(UnknownCustomerError):
            await attempt
