from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from support.customer_books import Desk, desk
from support.gateways import at_work
from support.memory_conversations import MemoryConversations
from support.waiting import until

from gateway.model.claims import Evidence, Identity, IdentityKind
from gateway.model.conversations import ChatOwner, Conversation, ConversationId, ConversationState, Visitor, handed_over, taken
from gateway.model.customers import Person
from gateway.model.errors import UnknownCustomerError
from gateway.model.handover import Destination, Fact, Handover
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.callers import RETRY_S
from gateway.session.committer import Message
from gateway.session.conversations_shown import told
from gateway.session.customers import CustomerFields, NewIdentity
from gateway.session.hub import TooSlowError
from gateway.session.visitors import HANDED_OVER, Visitors, visitor_seen

PHONE, OTHER = "+8613800138000", "+8613800138001"
BY = "conversation:c1"


class Chats:
    """Conversations that are given to people, and who their visitors are."""

    def __init__(self, one: Desk) -> None:
        self.desk = one
        self.book = one.book
        self.store = MemoryConversations()
        self.slept: list[float] = []
        self.visitors = Visitors(self.store, one.parts.hub, one.book, sleep=self._sleep)
        self._given = 0

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.store.fault = None

    async def put(self, visitor: str = "v1", name: str | None = None, **facts: str) -> Conversation:
        """Keep one that waits for people, which nobody was told."""
        self._given += 1
        told_facts = tuple(Fact(name=fact, label=fact, value=value) for fact, value in facts.items())
        new = Conversation(
            id=ConversationId(f"c{self._given}"),
            tenant=DEFAULT_TENANT,
            channel="webchat",
            state=ConversationState.BOT,
            visitor=Visitor(id=visitor, name=name),
            started_at=0.0 if visitor == "last" else float(self._given),
            changed_at=1.0,
            application="itr",
        )
        given = handed_over(new, Destination(), Handover(summary="s", language="en", facts=told_facts), 5.0)
        await self.store.put(given)
        return given

    def tell(self, conversation: Conversation) -> None:
        """Tell that it was given to people."""
        data = told(conversation)
        message = Message(id=None, type=HANDED_OVER, at=5.0, tenant=DEFAULT_TENANT, pbx=None, call_id=None, data=data)
        self.desk.parts.committer.tell([message])

    async def looked_at(self, *conversations: Conversation) -> None:
        """Tell of these, and wait until they were looked at: one that comes after them, told or found, makes a customer."""
        for each in (*conversations, await self.put("last", phone="+8613800139999")):
            self.tell(each)
        await self.claimed("last")

    async def claimed(self, visitor: str = "v1") -> None:
        """Wait until this browser is somebody's."""

        async def is_claimed() -> bool:
            return bool(await self.claims(visitor))

        await until(is_claimed)

    async def customer(self, *written: str, name: str = "Wang") -> Person:
        numbers = [NewIdentity(kind=IdentityKind.PHONE, written=each) for each in written]
        return await self.book.create(CustomerFields(name=name), numbers, by="me")

    async def claims(self, visitor: str = "v1") -> list[tuple[str, Evidence, str]]:
        """Return who this browser is claimed to be, on which evidence, and by whom."""
        found = await self.desk.store.claims_on(DEFAULT_TENANT, [Identity(kind=IdentityKind.WEB, value=visitor)])
        return [(claim.customer, claim.evidence, claim.by) for claim in found]


@asynccontextmanager
async def chats(folder: Path) -> AsyncIterator[Chats]:
    async with desk(folder) as one:
        yield Chats(one)


async def test_who_tells_a_customers_number_may_be_him(tmp_path: Path) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        wang = await one.customer(PHONE)
        given = await one.put(phone="138 0013 8000")
        assert await visitor_seen(given, one.book.people) is None
        await one.looked_at(given, given)

        assert await one.claims() == [(wang.id, Evidence.TYPED, BY)]
        seen = await visitor_seen(given, one.book.people)
        assert seen is not None
        assert (seen["matches"], seen["evidence"], seen["customer"]["customer_id"]) == (1, Evidence.TYPED, wang.id)
        assert (await one.book.people.person(wang.id)).numbers == (PHONE,)


async def test_who_was_unknown_becomes_a_customer(tmp_path: Path) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        await one.looked_at(await one.put(name="Li", phone=PHONE, email="LI@shop.example", order="7"))

        ((customer, evidence, by),) = await one.claims()
        person = await one.book.people.person(customer)  # type: ignore[arg-type]
        assert (evidence, by, person.name, person.numbers) == (Evidence.TYPED, BY, "Li", (PHONE,))
        assert {claim.identity.value for claim in person.claims} == {PHONE, "li@shop.example", "v1"}
        assert {claim.evidence for claim in person.claims} == {Evidence.TYPED}


async def test_a_browser_that_is_somebodys_gets_no_other_number(tmp_path: Path) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        wang = await one.customer(PHONE)
        await one.book.identify(wang.id, NewIdentity(kind=IdentityKind.WEB, written="v1", evidence=Evidence.ATTESTED), by="me")
        await one.looked_at(await one.put(phone=OTHER))

        assert [who for who, _, _ in await one.claims()] == [wang.id]
        assert (await one.book.people.person(wang.id)).numbers == (PHONE,)


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"phone": "twelve"},
        {"phone": PHONE, "email": "chen@shop.example"},
        {"phone": OTHER},
        {"phone": "+85255500000"},
    ],
    ids=["nothing", "nonsense", "two persons", "of two", "shared"],
)
async def test_where_it_is_not_clear_nobody_is_claimed(tmp_path: Path, facts: dict[str, str]) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        await one.customer(PHONE, OTHER)
        chen = await one.customer(OTHER, "+85255500000", name="Chen")
        await one.book.identify(chen.id, NewIdentity(kind=IdentityKind.EMAIL, written="chen@shop.example"), by="me")
        await one.book.declare_shared(Identity(kind=IdentityKind.PHONE, value="+85255500000"), by="me")
        given = await one.put(**facts)
        await one.looked_at(given)

        assert await one.claims() == []
        assert await visitor_seen(given, one.book.people) is None


async def test_what_somebody_took_back_is_not_claimed_again(tmp_path: Path) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        wang = await one.customer(PHONE)
        _, claim = await one.book.identify(wang.id, NewIdentity(kind=IdentityKind.WEB, written="v1"), by="me")
        await one.book.revoke(wang.id, claim.id, by="me")
        await one.looked_at(await one.put(phone=PHONE))

        assert await one.claims() == []


async def test_those_that_people_have_already_are_looked_at_when_it_begins(tmp_path: Path) -> None:
    async with chats(tmp_path) as one:
        wang = await one.customer(PHONE)
        for number in range(150):
            await one.put(f"early{number}", phone=PHONE)
        owner = ChatOwner(id="li", name="Li", extension=None, at=6.0)
        await one.store.change(DEFAULT_TENANT, ConversationId("c1"), lambda now: (taken(now, owner), ()))
        async with at_work(one.visitors):
            await one.claimed("early0")  # the one that began first is looked at last

        for visitor in ("early0", "early149"):
            assert [who for who, _, _ in await one.claims(visitor)] == [wang.id]


async def test_a_database_that_does_not_answer_is_asked_again(tmp_path: Path) -> None:
    async with chats(tmp_path) as one:
        wang = await one.customer(PHONE)
        await one.put(phone=PHONE)
        one.store.fault = "the database does not answer"
        with capture_logs() as lines:
            async with at_work(one.visitors):
                await one.claimed()

        assert [who for who, _, _ in await one.claims()] == [wang.id]
        assert one.slept == [RETRY_S]
        assert [line["event"] for line in lines] == ["visitors_unknown"]


async def test_who_is_erased_meanwhile_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with chats(tmp_path) as one, at_work(one.visitors):
        await one.customer(PHONE)

        async def erased(*_: object, **__: object) -> None:
            raise UnknownCustomerError("there is no customer 1")

        monkeypatch.setattr(one.book, "identify", erased)
        with capture_logs() as lines:
            await one.looked_at(await one.put(phone=PHONE))

        assert [line["event"] for line in lines] == ["visitor_unknown"]


async def test_where_it_falls_behind_it_looks_at_all_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with chats(tmp_path) as one:
        wang = await one.customer(PHONE)
        hub = one.desk.parts.hub
        listen, failures = hub.listen, iter([True])

        def listening(topics: Iterable[str], **more: Any) -> Any:
            listener = listen(topics, **more)
            if next(failures, False):

                async def late() -> list[Any]:
                    await one.put(phone=PHONE)
                    raise TooSlowError("behind")

                monkeypatch.setattr(listener, "next_batch", late)
            return listener

        monkeypatch.setattr(hub, "listen", listening)
        with capture_logs() as lines:
            async with at_work(one.visitors):
                await one.claimed()

        assert [who for who, _, _ in await one.claims()] == [wang.id]
        assert [line["event"] for line in lines] == ["visitors_behind"]


async def test_a_browser_of_several_is_a_choice(tmp_path: Path) -> None:
    async with chats(tmp_path) as one:
        given = await one.put()
        persons = [await one.customer(name=name) for name in ("Wang", "Chen")]
        for person in persons:
            await one.book.identify(person.id, NewIdentity(kind=IdentityKind.WEB, written="v1"), by="me")

        seen = await visitor_seen(given, one.book.people)
        assert seen is not None
        assert (seen["matches"], seen["evidence"], seen["customer"]) == (2, None, None)
        assert [each["customer_id"] for each in seen["candidates"]] == [person.id for person in persons]
