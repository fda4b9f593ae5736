from collections.abc import AsyncIterator

import msgspec
import pytest

from gateway.model.claims import Claim, ClaimId, CustomerId, Evidence, Identity, IdentityKind
from gateway.model.conversations import Author, Conversation, ConversationId, ConversationState, Message, Said, Visitor
from gateway.model.customers import Customer, Note, NoteId
from gateway.model.errors import StoreTakenError
from gateway.model.ids import DEFAULT_TENANT, CallId, Tenant
from gateway.ports.conversations import ConversationQuery
from gateway.ports.customers import CustomerChange, CustomerStore, Declared, Revoked
from gateway.store.conversations import SqlConversations
from gateway.store.customers import AT_ONCE, SqlCustomers
from gateway.store.database import Database
from gateway.store.urls import parse_url

ELSEWHERE = Tenant("other")
MOBILE = Identity(kind=IdentityKind.PHONE, value="+8613800138000")
DESK = Identity(kind=IdentityKind.PHONE, value="+861085671234")
ANNA = Customer(id=CustomerId("A"), name="Änna Öst 王", company="ACME_1", tags=("gold", "zürich"), created_at=1.0, changed_at=2.0)
BODO = Customer(id=CustomerId("B"), name="Bodo", vip=True, language="de", external_id="crm-7", created_at=3.0, changed_at=4.0)


def claim(number: int, customer: Customer, identity: Identity = MOBILE, evidence: Evidence = Evidence.TYPED) -> Claim:
    return Claim(
        id=ClaimId(f"{number:04}"), customer=customer.id, identity=identity, evidence=evidence, at=5.0, by="x", label="mobile"
    )


def note(number: int, customer: Customer, *, version: int = 1) -> Note:
    return Note(
        id=NoteId(f"{number:04}"),
        version=version,
        customer=customer.id,
        call_id=CallId("c") if number == 1 else None,
        text=f"note {number}.{version}",
        author="1001",
        at=float(version),
    )


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def customers(database: Database) -> CustomerStore:
    return SqlCustomers(database)


async def test_a_change_is_kept_as_it_is(customers: CustomerStore) -> None:
    claims, notes = [claim(1, ANNA), claim(2, BODO, DESK)], [note(1, ANNA), note(2, BODO)]

    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[ANNA, BODO], claims=claims, notes=notes))

    assert await customers.entries(DEFAULT_TENANT, [ANNA.id, BODO.id, CustomerId("none")]) == [ANNA, BODO]
    assert await customers.by_external_id(DEFAULT_TENANT, ["crm-7", "crm-8"]) == [BODO]
    assert await customers.claims_of(DEFAULT_TENANT, [ANNA.id]) == claims[:1]
    assert await customers.claims_on(DEFAULT_TENANT, [MOBILE, DESK]) == claims
    assert await customers.claims_on(DEFAULT_TENANT, []) == []
    assert await customers.note(DEFAULT_TENANT, notes[0].id) == notes[:1]


async def test_an_entry_is_replaced_and_a_claim_is_revoked_once(customers: CustomerStore) -> None:
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[ANNA], claims=[claim(1, ANNA)]))
    renamed = msgspec.structs.replace(ANNA, name="Anna West", changed_at=9.0)

    await customers.put(
        DEFAULT_TENANT, CustomerChange(entries=[renamed], revoked=[Revoked(claim=ClaimId("0001"), at=6.0, by="y")])
    )
    await customers.put(DEFAULT_TENANT, CustomerChange(revoked=[Revoked(claim=ClaimId("0001"), at=7.0, by="z")]))

    assert await customers.entries(DEFAULT_TENANT, [ANNA.id]) == [renamed]
    (revoked,) = await customers.claims_of(DEFAULT_TENANT, [ANNA.id])
    assert (revoked.stands, revoked.revoked_at, revoked.revoked_by) == (False, 6.0, "y")
    assert await customers.claims_on(DEFAULT_TENANT, [MOBILE]) == []


async def test_a_claim_that_two_are_one_is_found_from_both(customers: CustomerStore) -> None:
    same = claim(1, ANNA, Identity(kind=IdentityKind.CUSTOMER, value=BODO.id))
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[ANNA, BODO], claims=[same]))

    assert await customers.claims_of(DEFAULT_TENANT, [ANNA.id]) == [same]
    assert await customers.claims_of(DEFAULT_TENANT, [BODO.id]) == [same]


@pytest.mark.parametrize(
    ("words", "found"),
    [(None, [ANNA, BODO]), ("bod", [BODO]), ("ÄNNA", [ANNA]), ("王", [ANNA]), ("acme_", [ANNA]), ("a_m", []), ("RM-7", [BODO])],
)
async def test_entries_are_found_by_what_they_are_called(
    customers: CustomerStore, words: str | None, found: list[Customer]
) -> None:
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[BODO, ANNA]))

    assert await customers.page(DEFAULT_TENANT, words=words, after=None, limit=10) == found
    assert await customers.page(DEFAULT_TENANT, words=words, after=None, limit=1) == found[:1]
    assert await customers.page(DEFAULT_TENANT, words=words, after=BODO.id, limit=10) == []


async def test_an_external_id_is_one_entrys(customers: CustomerStore) -> None:
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[BODO]))

    with pytest.raises(StoreTakenError):
        await customers.put(DEFAULT_TENANT, CustomerChange(entries=[msgspec.structs.replace(ANNA, external_id="crm-7")]))

    assert await customers.page(DEFAULT_TENANT, words=None, after=None, limit=10) == [BODO]


async def test_all_versions_of_a_note_stay_and_the_last_is_shown(customers: CustomerStore) -> None:
    edited = note(2, ANNA, version=2)
    await customers.put(DEFAULT_TENANT, CustomerChange(notes=[note(1, ANNA), note(2, ANNA), note(3, BODO), edited]))

    assert await customers.notes(DEFAULT_TENANT, [ANNA.id], after=None, limit=10) == [edited, note(1, ANNA)]
    assert await customers.notes(DEFAULT_TENANT, [ANNA.id], after=edited.id, limit=10) == [note(1, ANNA)]
    assert await customers.notes(DEFAULT_TENANT, [ANNA.id, BODO.id], after=None, limit=1) == [note(3, BODO)]
    assert await customers.note(DEFAULT_TENANT, edited.id) == [note(2, ANNA), edited]
    with pytest.raises(StoreTakenError):
        await customers.put(DEFAULT_TENANT, CustomerChange(notes=[edited]))


async def test_an_identity_is_shared_until_that_is_taken_back(customers: CustomerStore) -> None:
    await customers.declare_shared(DEFAULT_TENANT, Declared(identity=DESK, at=1.0, by="x"))
    again = Declared(identity=DESK, at=2.0, by="y")
    await customers.declare_shared(DEFAULT_TENANT, again)

    assert await customers.shared(DEFAULT_TENANT) == await customers.shared(DEFAULT_TENANT, [DESK, MOBILE]) == [again]
    assert await customers.shared(DEFAULT_TENANT, [MOBILE]) == []
    assert await customers.forget_shared(DEFAULT_TENANT, DESK)
    assert not await customers.forget_shared(DEFAULT_TENANT, DESK)
    assert await customers.shared(DEFAULT_TENANT) == []


async def test_nothing_is_left_of_whom_is_erased(customers: CustomerStore) -> None:
    same = claim(2, BODO, Identity(kind=IdentityKind.CUSTOMER, value=ANNA.id))
    change = CustomerChange(
        entries=[ANNA, BODO], claims=[claim(1, ANNA), same, claim(3, BODO)], notes=[note(1, ANNA), note(2, BODO)]
    )
    await customers.put(DEFAULT_TENANT, change)

    await customers.erase(DEFAULT_TENANT, [ANNA.id])

    assert await customers.page(DEFAULT_TENANT, words=None, after=None, limit=10) == [BODO]
    assert await customers.claims_of(DEFAULT_TENANT, [ANNA.id, BODO.id]) == [claim(3, BODO)]
    assert await customers.note(DEFAULT_TENANT, NoteId("0001")) == []
    assert len(await customers.notes(DEFAULT_TENANT, [BODO.id], after=None, limit=10)) == 1


async def test_what_his_browser_wrote_goes_with_who_is_erased(customers: CustomerStore, database: Database) -> None:
    conversations = SqlConversations(database)
    for visitor, ended_at in (("his", 3.0), ("his-now", None), ("not-his", 3.0), ("another's", 3.0)):
        state = ConversationState.CLOSED if ended_at is not None else ConversationState.BOT
        await conversations.put(
            Conversation(
                id=ConversationId(visitor),
                tenant=DEFAULT_TENANT,
                channel="webchat",
                state=state,
                visitor=Visitor(id=visitor),
                started_at=1.0,
                changed_at=1.0,
                ended_at=ended_at,
            )
        )
        message = Message(seq=1, at=2.0, author=Author.VISITOR, said=Said(text="x"))
        await conversations.change(DEFAULT_TENANT, ConversationId(visitor), lambda now, message=message: (now, [message]))  # type: ignore[misc]
    browsers = [Identity(kind=IdentityKind.WEB, value=value) for value in ("his", "his-now", "not-his")]
    claims = [claim(number, ANNA, browser) for number, browser in enumerate(browsers)]
    revoked = [Revoked(claim=claims[2].id, at=6.0, by="y")]
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[ANNA], claims=claims))
    await customers.put(DEFAULT_TENANT, CustomerChange(revoked=revoked))

    await customers.erase(DEFAULT_TENANT, [ANNA.id])

    left = await conversations.page(DEFAULT_TENANT, ConversationQuery(), after=None, limit=9)
    assert {each.id for each in left} == {"his-now", "not-his", "another's"}
    said = {name: len(await conversations.messages(DEFAULT_TENANT, ConversationId(name))) for name in ("his", "not-his")}
    assert said == {"his": 0, "not-his": 1}


async def test_tenants_know_nothing_of_each_other(customers: CustomerStore) -> None:
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=[BODO], claims=[claim(1, BODO)], notes=[note(1, BODO)]))
    await customers.declare_shared(DEFAULT_TENANT, Declared(identity=MOBILE, at=1.0, by="x"))
    await customers.put(ELSEWHERE, CustomerChange(revoked=[Revoked(claim=ClaimId("0001"), at=6.0, by="y")]))
    await customers.erase(ELSEWHERE, [BODO.id])

    assert await customers.entries(ELSEWHERE, [BODO.id]) == []
    assert await customers.by_external_id(ELSEWHERE, ["crm-7"]) == []
    assert await customers.page(ELSEWHERE, words=None, after=None, limit=10) == []
    assert await customers.claims_of(ELSEWHERE, [BODO.id]) == []
    assert await customers.claims_on(ELSEWHERE, [MOBILE]) == []
    assert await customers.note(ELSEWHERE, NoteId("0001")) == []
    assert await customers.notes(ELSEWHERE, [BODO.id], after=None, limit=10) == []
    assert await customers.shared(ELSEWHERE) == []
    assert not await customers.forget_shared(ELSEWHERE, MOBILE)
    await customers.put(ELSEWHERE, CustomerChange(entries=[BODO]))
    assert [each.stands for each in await customers.claims_on(DEFAULT_TENANT, [MOBILE])] == [True]


async def test_all_are_gone_through_by_and_by(customers: CustomerStore) -> None:
    entries = [msgspec.structs.replace(ANNA, id=CustomerId(f"{number:04}")) for number in range(AT_ONCE + 1)]
    await customers.put(DEFAULT_TENANT, CustomerChange(entries=entries, claims=[claim(1, entries[-1])]))

    pages = [page async for page in customers.every(DEFAULT_TENANT)]

    assert [each for page, _ in pages for each in page] == entries
    assert [each for _, claims in pages for each in claims] == [claim(1, entries[-1])]


async def test_another_program_writes_while_a_gateway_has_the_lock(database: Database, url: str) -> None:
    async with database.writing():
        pass  # from now on the lock is the gateway's
    other = Database(parse_url(url))
    try:
        await SqlCustomers(other, beside_gateway=True).put(DEFAULT_TENANT, CustomerChange(entries=[ANNA]))
    finally:
        await other.close()

    assert await SqlCustomers(database).entries(DEFAULT_TENANT, [ANNA.id]) == [ANNA]
