import itertools
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from support.gateways import at_work
from support.memory_conversations import MemoryConversations
from support.workplaces import SUPERVISOR, World, agent, at_workplace

from gateway.api.conversation_views import ChatMessageView, ConversationView
from gateway.api.conversations import ChatMessageList, ConversationList, Conversations
from gateway.api.guard import guard
from gateway.api.operations import operations_of, routes_of
from gateway.model.claims import IdentityKind
from gateway.model.conversation_rules import ConversationRules
from gateway.model.conversations import ConversationId, ConversationState, Message, Visitor
from gateway.model.customers import Match
from gateway.model.errors import StoreUnavailableError
from gateway.model.handover import Destination, Fact, Handover, Step
from gateway.model.ids import DEFAULT_TENANT, QueueName
from gateway.model.principals import Scope
from gateway.ports.conversations import TextConversation, VisitorDesk
from gateway.session.conversation_book import ConversationBook
from gateway.session.conversations import Conversations as Lasting
from gateway.session.customers import CustomerFields, NewIdentity

LI, ZHAO = agent("8001", "Li"), agent("8002", "Zhao")
HANDOVER = Handover(
    summary="Asks where her parcel is.",
    language="en",
    path=(Step(node="where", label="Where it is"),),
    facts=(Fact(name="order", label="Order", value="1042"),),
)


class HandsOver:
    """An application that gives each visitor to people at once."""

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        await conversation.hand_over(Destination(queue=QueueName("support")), HANDOVER)

    async def serve(self) -> None:
        """Have nothing else to do."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        return {}


class Chatting:
    """A call centre with visitors, each of whom waits for its queue. ``ids`` are their conversations'."""

    def __init__(self, world: World, desk: VisitorDesk, store: MemoryConversations) -> None:
        self.world = world
        self.asks = world.asks
        self.desk = desk
        self.store = store
        self.ids: list[ConversationId] = []

    async def comes(self) -> str:
        """Have a visitor come; return where his conversation is."""
        self.world.story.later(1)
        conversation = await self.desk.begin(Visitor(id=f"v{len(self.ids)}", name="Anna"))
        async for now in self.desk.follow(conversation.id):
            if now.state is ConversationState.WAITING:
                break
        self.ids.append(conversation.id)
        return f"conversations/{conversation.id}"


@asynccontextmanager
async def chatting(folder: Path) -> AsyncIterator[tuple[Chatting, str]]:
    """A call centre with one visitor."""
    async with at_workplace(folder) as world:
        numbers = itertools.count(1)
        store = MemoryConversations()
        conversations = Lasting(
            store,
            world.committer,
            tenant=DEFAULT_TENANT,
            rules=ConversationRules(),
            now=lambda: world.story.now,
            random_bytes=lambda count: next(numbers).to_bytes(count, "big"),
        )
        desk = conversations.desk("webchat", ("itr", HandsOver()))
        application = web.Application(middlewares=[guard])
        book = ConversationBook(conversations, world.sights)
        groups = [Conversations(book, world.workplace.notes, world.customers.people)]
        application.add_routes(routes_of(operations_of(groups), world.who))
        async with at_work(conversations), TestClient(TestServer(application)) as client:
            world.client = client
            chats = Chatting(world, desk, store)
            yield chats, await chats.comes()


def kind(problem: dict[str, Any]) -> str:
    return str(problem["type"]).rpartition(":")[2]


async def test_who_waits_is_shown_with_what_is_known(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, one):
        listed = await chats.asks(LI, "GET", "conversations")
        read = await chats.asks(LI, "GET", one)
    msgspec.convert(listed, ConversationList)
    msgspec.convert(read, ConversationView)
    assert (listed["conversations"], listed["next"]) == ([read], None)
    assert (read["state"], read["queue"], read["owner"], read["visitor"]["name"]) == ("waiting", "support", None, "Anna")
    assert (read["handover"]["summary"], read["handover"]["facts"][0]["value"]) == (HANDOVER.summary, "1042")


async def test_which_customer_the_visitor_may_be_is_shown_to_those_who_may_know(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nosy = msgspec.structs.replace(LI, scopes=LI.scopes - {Scope.CUSTOMERS_READ})
    async with chatting(tmp_path) as (chats, one):
        browser = NewIdentity(kind=IdentityKind.WEB, written="v0")
        person = await chats.world.customers.create(CustomerFields(name="Anna"), [browser], by="me")
        known = await chats.asks(LI, "GET", one)
        hidden = await chats.asks(nosy, "GET", one)

        async def fails(_identity: object) -> Match:
            raise StoreUnavailableError("the database does not answer")

        monkeypatch.setattr(chats.world.customers.people, "behind", fails)
        without = await chats.asks(LI, "GET", one)
    msgspec.convert(known, ConversationView)
    customer = known["customer"]
    assert (customer["matches"], customer["evidence"]) == (1, "typed")
    assert (customer["customer"]["customer_id"], customer["customer"]["name"]) == (person.id, "Anna")
    assert "customer" not in hidden
    assert without == hidden


async def test_pages_follow_each_other(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, _):
        await chats.comes()
        await chats.comes()
        whole = await chats.asks(LI, "GET", "conversations")
        first = await chats.asks(LI, "GET", "conversations?limit=2")
        second = await chats.asks(LI, "GET", f"conversations?limit=2&cursor={first['next']}")
    assert [*first["conversations"], *second["conversations"]] == whole["conversations"]
    assert [each["conversation_id"] for each in whole["conversations"]] == chats.ids[::-1]
    assert second["next"] is None


async def test_one_takes_it_the_other_is_told_who_has_it(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, one):
        his = await chats.asks(LI, "POST", f"{one}/take")
        problem = await chats.asks(ZHAO, "POST", f"{one}/take", status=409)
        mine = await chats.asks(LI, "GET", "conversations?mine=true")
        others = await chats.asks(ZHAO, "GET", "conversations?mine=true")
        waits = await chats.asks(ZHAO, "GET", "conversations?state=waiting,bot")
        supervisors = await chats.asks(SUPERVISOR, "POST", f"{one}/take")
    assert (his["state"], his["owner"]["name"], supervisors["owner"]["name"]) == ("human", "Li", "Boss")
    assert (kind(problem), problem["detail"]) == ("conversation-taken", "Li has this conversation.")
    assert [len(each["conversations"]) for each in (mine, others, waits)] == [1, 0, 0]


async def test_what_is_said_with_the_same_key_is_said_once(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, one):
        await chats.asks(LI, "POST", f"{one}/take")
        headers: Any = {"Idempotency-Key": "k1"}
        told = [await chats.asks(LI, "POST", f"{one}/say", {"text": " I look at it. "}, **headers) for _ in range(2)]
        await chats.asks(LI, "POST", f"{one}/say", {"text": "It is here."})
        listed = await chats.asks(LI, "GET", f"{one}/messages")
        first = await chats.asks(LI, "GET", f"{one}/messages?limit=1")
        rest = await chats.asks(LI, "GET", f"{one}/messages?after=1")
    msgspec.convert(told[0], ChatMessageView)
    msgspec.convert(listed, ChatMessageList)
    assert told[0] == told[1]
    assert [(each["seq"], each["author"], each["name"], each["text"]) for each in listed["messages"]] == [
        (1, "agent", "Li", "I look at it."),
        (2, "agent", "Li", "It is here."),
    ]
    assert (first["more"], listed["more"], rest["messages"]) == (True, False, listed["messages"][1:])


async def test_what_cannot_be_said_or_done_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    reader = agent("8003", scopes=frozenset({Scope.CALLS_READ}))
    async with chatting(tmp_path) as (chats, one):
        blank = await chats.asks(LI, "POST", f"{one}/say", {"text": " \n"}, status=422)
        both = await chats.asks(LI, "POST", f"{one}/pass", {"queue": "a", "agent": "8002"}, status=422)
        no_such = await chats.asks(LI, "POST", f"{one}/close", {"disposition": "sold"}, status=422)
        bare = await chats.asks(LI, "POST", f"{one}/close", {"disposition": "complaint", "note": " "}, status=422)
        nothing = await chats.asks(LI, "POST", "conversations/none/take", status=404)
        forbidden = await chats.asks(reader, "POST", f"{one}/take", status=403)
        still = await chats.asks(LI, "GET", one)
    assert list(map(kind, (blank, both, no_such, bare, nothing, forbidden))) == [
        "bad-body",
        "bad-body",
        "no-such-disposition",
        "note-missing",
        "not-found",
        "scope-missing",
    ]
    assert nothing["detail"] == "There is no conversation none that Li may see."
    assert (still["state"], still["messages"]) == ("waiting", 0)


async def test_what_is_passed_on_waits_again(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, one):
        await chats.asks(LI, "POST", f"{one}/take")
        passed = await chats.asks(LI, "POST", f"{one}/pass", {"agent": "8002"})
        taken = await chats.asks(ZHAO, "POST", f"{one}/take")
        refused = await chats.asks(SUPERVISOR, "POST", f"{one}/say", {"text": "And?"}, status=409)
        await chats.asks(LI, "GET", one, status=404)
    assert (passed["state"], passed["queue"], passed["agent"], passed["owner"]) == ("waiting", None, "8002", None)
    assert passed["handover"]["summary"] == HANDOVER.summary
    assert (taken["owner"]["name"], kind(refused)) == ("Zhao", "conversation-taken")


async def test_what_is_over_is_filed_and_takes_no_more(tmp_path: Path) -> None:
    async with chatting(tmp_path) as (chats, one):
        await chats.asks(LI, "POST", f"{one}/take")
        over = await chats.asks(LI, "POST", f"{one}/close", {"disposition": "solved", "note": "sent again"})
        left = await chats.asks(LI, "GET", "conversations")
        closed = await chats.asks(LI, "GET", "conversations?state=closed")
        late = await chats.asks(LI, "POST", f"{one}/say", {"text": "Hello?"}, status=409)
    assert (over["state"], over["closed_by"], over["disposition"], over["note"]) == ("closed", "agent", "solved", "sent again")
    assert (left["conversations"], closed["conversations"]) == ([], [over])
    assert (kind(late), late["detail"]) == ("conversation-over", "The conversation is over.")
