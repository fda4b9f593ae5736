from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from support.customer_books import Desk, desk

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Identity, IdentityKind
from gateway.model.customers import Customer
from gateway.model.errors import TooManyCustomersError, UnknownCustomerError
from gateway.model.ids import DEFAULT_TENANT
from gateway.ports.customers import CustomerChange, Declared
from gateway.session import people
from gateway.session.people import BELIEVED_S

NUMBER = Identity(kind=IdentityKind.PHONE, value="+8613800138000")
OPENID = Identity(kind=IdentityKind.WECHAT, value="oABC")


def entry(id_: str, name: str | None = None) -> Customer:
    return Customer(id=CustomerId(id_), name=name, created_at=1.0, changed_at=1.0)


def claim(number: int, customer: str, identity: Identity = NUMBER, evidence: Evidence = Evidence.TYPED) -> Claim:
    id_ = ClaimId(f"{number:04}")
    return Claim(id=id_, customer=CustomerId(customer), identity=identity, evidence=evidence, at=1.0, by="x")


def same(number: int, one: str, other: str) -> Claim:
    return claim(number, one, Identity(kind=IdentityKind.CUSTOMER, value=other))


@pytest.fixture
async def one(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def put(one: Desk, *entries: Customer, claims: tuple[Claim, ...] = ()) -> None:
    """As another program does it."""
    await one.store.put(DEFAULT_TENANT, CustomerChange(entries=entries, claims=claims))


async def test_nobody_is_behind_an_unknown_number(one: Desk) -> None:
    match = await one.book.people.behind(NUMBER)
    assert (match.persons, match.person, match.shared) == ((), None, False)


async def test_numbers_are_found_by_whose_they_are(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    await put(
        one, entry("A", "Anna Berg"), entry("B", "Bernd"), entry("C", "Carl"), claims=(claim(1, "A"), claim(2, "C", OPENID))
    )
    assert await one.book.people.numbers_of("BER") == {"+8613800138000"}
    assert await one.book.people.numbers_of("carl") == set()

    monkeypatch.setattr(people, "MAX_FOUND", 1)
    with pytest.raises(TooManyCustomersError, match="more than 1 customers are found by 'ber'"):
        await one.book.people.numbers_of("ber")


async def test_a_person_of_several_entries_is_one_match(one: Desk) -> None:
    await put(one, entry("A", "Anna"), entry("B"), entry("C", "Carl"), claims=(claim(1, "A"), claim(2, "B"), same(3, "B", "A")))

    match = await one.book.people.behind(NUMBER)

    assert [person.customers for person in match.persons] == [("A", "B")]
    assert match.person is not None
    assert match.person.name == "Anna"


async def test_a_chain_of_merges_and_accounts_is_followed_to_its_end(one: Desk) -> None:
    attested = Evidence.ATTESTED
    chain = (
        same(1, "A", "B"),
        same(2, "C", "B"),
        claim(3, "C", OPENID, attested),
        claim(4, "D", OPENID, attested),
        claim(5, "E", OPENID),
    )
    await put(one, *map(entry, "ABCDE"), claims=chain)

    for customer in "ABCD":
        assert (await one.book.people.person(CustomerId(customer))).customers == tuple("ABCD")
    assert (await one.book.people.person(CustomerId("E"))).customers == ("E",)


async def test_an_account_that_is_declared_shared_joins_nobody(one: Desk) -> None:
    claims = (claim(1, "A", OPENID, Evidence.ATTESTED), claim(2, "B", OPENID, Evidence.ATTESTED))
    await put(one, entry("A"), entry("B"), claims=claims)
    await one.store.declare_shared(DEFAULT_TENANT, Declared(identity=OPENID, at=1.0, by="x"))

    match = await one.book.people.behind(OPENID)

    assert ([person.id for person in match.persons], match.shared, match.person) == (["A", "B"], True, None)


async def test_a_number_of_two_customers_is_a_choice(one: Desk) -> None:
    await put(one, entry("A"), entry("B"), claims=(claim(1, "A"), claim(2, "B", evidence=Evidence.CRM)))

    match = await one.book.people.behind(NUMBER)

    assert [person.id for person in match.persons] == ["B", "A"]
    assert match.person is None


async def test_what_was_looked_up_is_believed_for_a_while(one: Desk) -> None:
    assert not one.book.people.remembers(NUMBER)
    assert (await one.book.people.behind(NUMBER)).persons == ()
    await put(one, entry("A"), claims=(claim(1, "A"),))

    one.now += BELIEVED_S - 1.0
    assert one.book.people.remembers(NUMBER)
    assert (await one.book.people.behind(NUMBER)).persons == ()
    one.now += 1.0
    assert not one.book.people.remembers(NUMBER)
    assert len((await one.book.people.behind(NUMBER)).persons) == 1


async def test_what_was_read_before_a_change_is_not_believed_after_it(one: Desk) -> None:
    store = one.book.people._store

    class Slow:
        async def claims_on(self, *arguments: object) -> list[Claim]:
            one.book.people.forget()
            return []

        def __getattr__(self, name: str) -> object:
            return getattr(store, name)

    one.book.people._store = Slow()  # type: ignore[assignment]  # all but one method are the store's
    await one.book.people.behind(NUMBER)

    assert not one.book.people.remembers(NUMBER)


async def test_memory_is_bounded(one: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "REMEMBERED", 2)
    first, second, third = (Identity(kind=IdentityKind.PHONE, value=f"+861380013800{each}") for each in range(3))
    for number in (first, second, first, third):
        await one.book.people.behind(number)

    assert [one.book.people.remembers(each) for each in (first, second, third)] == [True, False, True]


async def test_pages_show_each_person_once(one: Desk) -> None:
    await put(one, *(entry(each, f"Name {each}") for each in "ABCDEF"), claims=(same(1, "E", "B"), same(2, "F", "C")))

    pages, after = [], None
    while True:
        page, after = await one.book.people.page(words=None, after=after, limit=2)
        pages.append([person.id for person in page])
        if after is None:
            break

    assert pages == [["A", "B"], ["C", "D"], []]


async def test_a_person_is_found_by_what_a_younger_entry_says(one: Desk) -> None:
    await put(one, entry("A", "Anna"), entry("B", "Bella"), entry("C", "Bellamy"), claims=(same(1, "B", "A"), same(2, "C", "A")))

    page, after = await one.book.people.page(words="bella", after=None, limit=1)
    assert [person.id for person in page] == ["A"]
    page, after = await one.book.people.page(words="bella", after=after, limit=1)
    assert (page, after) == ([], None)


async def test_who_is_not_there_is_not_found(one: Desk) -> None:
    with pytest.raises(UnknownCustomerError, match="no customer X"):
        await one.book.people.person(CustomerId("X"))
