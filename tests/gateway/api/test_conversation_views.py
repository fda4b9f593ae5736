import msgspec
import pytest

from gateway.api.conversation_views import (
    ChatMessageView,
    ConversationBrief,
    ConversationTold,
    ConversationView,
    HandoverView,
    MessageTold,
)
from gateway.model.conversations import (
    Author,
    ChatOwner,
    Choice,
    Conversation,
    ConversationId,
    ConversationState,
    Link,
    Message,
    Said,
    Visitor,
    handed_over,
    taken,
)
from gateway.model.handover import Destination, Fact, Handover, Line, Step
from gateway.model.ids import DEFAULT_TENANT
from gateway.session.conversations_shown import brief, handover_shown, message_shown, shown, told

HANDOVER = Handover(
    summary="Asks.",
    language="en",
    path=(Step(node="a", label="A"),),
    facts=(Fact(name="order", label="Order", value="1"),),
    transcript=(Line(at=1.0, is_customer=True, text="Hello"),),
)
NEW = Conversation(
    id=ConversationId("c1"),
    tenant=DEFAULT_TENANT,
    channel="webchat",
    state=ConversationState.WAITING,
    visitor=Visitor(id="v1"),
    started_at=0.0,
    changed_at=0.0,
)
OWNED = taken(handed_over(NEW, Destination(agent="8001"), HANDOVER, 1.0), ChatOwner(id="u1", name="Li", extension="8001", at=2.0))
SAID = Message(
    seq=1,
    at=1.0,
    author=Author.APPLICATION,
    said=Said(text="Which?", choices=(Choice(value="a", label="A"),), link=Link(url="https://a.example/", label="A")),
)


@pytest.mark.parametrize(
    ("data", "view"),
    [
        (shown(NEW), ConversationView),
        (shown(OWNED), ConversationView),
        (brief(NEW), ConversationBrief),
        (brief(OWNED), ConversationBrief),
        (message_shown(SAID), ChatMessageView),
        (handover_shown(HANDOVER), HandoverView),
        (told(OWNED), ConversationTold),
        (told(OWNED, SAID), MessageTold),
    ],
    ids=["new", "owned", "new-brief", "owned-brief", "message", "handover", "event", "message-event"],
)
def test_what_is_shown_is_as_described_with_nothing_besides(data: dict[str, object], view: type[msgspec.Struct]) -> None:
    converted = msgspec.convert(data, view)
    plain = msgspec.json.decode(msgspec.json.encode(data))

    assert msgspec.json.decode(msgspec.json.encode(converted)) == plain
