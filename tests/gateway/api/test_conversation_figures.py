from collections.abc import Callable

from msgspec.structs import replace
from prometheus_client import CollectorRegistry, generate_latest
from support.memory_conversations import MemoryConversations
from support.virtual_time import in_virtual_time

from gateway.api.conversation_figures import ConversationFigures
from gateway.model.conversations import (
    Author,
    ChatOwner,
    Closer,
    Conversation,
    ConversationId,
    ConversationState,
    Message,
    Said,
    Visitor,
    added,
    closed,
    handed_over,
    taken,
)
from gateway.model.handover import Destination
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.conversation_counts import CountedConversations

NEW = Conversation(
    id=ConversationId("one"),
    tenant=DEFAULT_TENANT,
    channel="webchat",
    state=ConversationState.BOT,
    visitor=Visitor(id="v"),
    started_at=100.0,
    changed_at=100.0,
    application="itr",
)


def given(at: float) -> Callable[[Conversation], tuple[Conversation, tuple[()]]]:
    return lambda now: (handed_over(now, Destination(), None, at), ())


def figures(store: CountedConversations, applications: dict[str, dict[tuple[str, str], int]] | None = None) -> dict[str, float]:
    registry = CollectorRegistry()
    registry.register(ConversationFigures(store, (lambda: applications or {}, lambda: applications or {}), now=lambda: 190.0))
    lines = [line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")]
    named = (line.rsplit(" ", 1) for line in lines)
    return {name.removeprefix("tieline_conversation"): float(value) for name, value in named if "_created" not in name}


@in_virtual_time
async def test_who_waits_and_what_was_said_is_seen_by_channel() -> None:
    store = CountedConversations(MemoryConversations())
    assert figures(store) == {}
    for number in range(4):
        await store.put(replace(NEW, id=ConversationId(f"{number}")))

    def asks(now: Conversation) -> tuple[Conversation, list[Message]]:
        after, message = added(now, Author.VISITOR, Said(text="x"), 110.0)
        return after, [message]

    for number in range(3):
        await store.change(DEFAULT_TENANT, ConversationId(f"{number}"), asks)
    for number, at in ((1, 120.0), (2, 150.0), (3, 110.0)):
        await store.change(DEFAULT_TENANT, ConversationId(f"{number}"), given(at))
    await store.change(DEFAULT_TENANT, ConversationId("3"), lambda now: (closed(now, Closer.VISITOR, 130.0), ()))

    assert figures(store) == {
        's{channel="webchat",state="bot"}': 1.0,
        's{channel="webchat",state="waiting"}': 2.0,
        's{channel="webchat",state="human"}': 0.0,
        '_longest_wait_seconds{channel="webchat"}': 70.0,
        's_started_total{channel="webchat"}': 4.0,
        's_handed_over_total{channel="webchat"}': 3.0,
        's_passed_on_total{channel="webchat"}': 0.0,
        's_closed_total{by="visitor",channel="webchat"}': 1.0,
        '_messages_total{author="visitor",channel="webchat"}': 3.0,
    }


@in_virtual_time
async def test_what_an_application_counts_and_whom_agents_pass_on_is_seen() -> None:
    store = CountedConversations(MemoryConversations())
    await store.put(NEW)
    owner = ChatOwner(id="user:ann", name="Ann", extension="1001", at=130.0)
    await store.change(DEFAULT_TENANT, NEW.id, given(120.0))
    await store.change(DEFAULT_TENANT, NEW.id, lambda now: (taken(now, owner), ()))
    await store.change(DEFAULT_TENANT, NEW.id, given(140.0))
    seen = figures(store, {"itr": {("node", "track"): 2, ("outcome", "served"): 1}})
    assert seen['s_passed_on_total{channel="webchat"}'] == 1.0
    assert seen['tieline_application_total{application="itr",what="node",which="track"}'] == 4.0
    assert seen['tieline_application_total{application="itr",what="outcome",which="served"}'] == 2.0
