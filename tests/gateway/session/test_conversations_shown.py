from msgspec import json, structs

from gateway.model.conversations import (
    Author,
    ChatOwner,
    Choice,
    Closer,
    Conversation,
    ConversationId,
    ConversationState,
    Link,
    Message,
    Said,
    Visitor,
    closed,
    handed_over,
    taken,
)
from gateway.model.handover import Destination, Fact, Handover, Line, Step
from gateway.model.ids import DEFAULT_TENANT, QueueName
from gateway.session.conversations_shown import brief, message_shown, shown, told

HANDOVER = Handover(
    summary="Asks where her parcel is.",
    language="en",
    path=(Step(node="parcel", label="Parcels"), Step(node="where", label="Where it is")),
    facts=(Fact(name="order", label="Order", value="**42", secret=True),),
    transcript=(Line(at=1.5, is_customer=True, text="Where is it?"),),
)
NEW = Conversation(
    id=ConversationId("c1"),
    tenant=DEFAULT_TENANT,
    channel="webchat",
    state=ConversationState.BOT,
    visitor=Visitor(id="v1", name="Anna", language="en", page="https://shop.example/cart"),
    started_at=0.0,
    changed_at=0.0,
    application="itr",
)


def test_a_new_one_has_nobody_yet() -> None:
    view = shown(NEW)

    assert (view["conversation_id"], view["state"], view["visitor"]["name"]) == ("c1", "bot", "Anna")
    assert [view[name] for name in ("queue", "agent", "handover", "owner", "ended_at", "closed_by")] == [None] * 6
    assert view["started_at"] == "1970-01-01T00:00:00.000Z"


def test_beside_its_customer_it_is_shown_in_short() -> None:
    taken_on = taken(handed_over(NEW, Destination(), HANDOVER, 2.0), ChatOwner(id="u1", name="Li", extension="8001", at=3.0))
    over = closed(taken_on, Closer.AGENT, 4.0, disposition="solved", note="On its way")

    assert brief(over) == {
        "conversation_id": "c1",
        "channel": "webchat",
        "state": "closed",
        "started_at": "1970-01-01T00:00:00.000Z",
        "ended_at": "1970-01-01T00:00:04.000Z",
        "messages": 0,
        "summary": "Asks where her parcel is.",
        "agent": "Li",
        "disposition": "solved",
        "note": "On its way",
    }


def test_what_was_gathered_goes_with_whom_it_is_for() -> None:
    waits = handed_over(NEW, Destination(queue=QueueName("support")), HANDOVER, 2.0)
    view = json.decode(json.encode(shown(taken(waits, ChatOwner(id="u1", name="Li", extension="8001", at=3.0)))))

    assert (view["state"], view["queue"], view["owner"]["name"], view["changed_at"]) == (
        "human",
        "support",
        "Li",
        "1970-01-01T00:00:03.000Z",
    )
    assert view["handover"] == {
        "summary": "Asks where her parcel is.",
        "language": "en",
        "path": [{"node": "parcel", "label": "Parcels"}, {"node": "where", "label": "Where it is"}],
        "facts": [{"name": "order", "label": "Order", "value": "**42", "secret": True}],
        "transcript": [{"at": "1970-01-01T00:00:01.500Z", "is_customer": True, "text": "Where is it?"}],
    }


def test_a_message_has_its_quick_replies_and_its_link() -> None:
    said = Said(text="Which?", choices=(Choice(value="a", label="A"),), link=Link(url="https://a.example/", label="Shop"))
    message = Message(seq=3, at=1.0, author=Author.APPLICATION, said=said, key="k")
    chosen = structs.replace(message, author=Author.VISITOR, said=Said(text="A", chosen="a"))

    assert message_shown(message) == {
        "seq": 3,
        "at": "1970-01-01T00:00:01.000Z",
        "author": "application",
        "name": None,
        "text": "Which?",
        "choices": [{"value": "a", "label": "A"}],
        "link": {"url": "https://a.example/", "label": "Shop"},
        "chosen": None,
    }
    assert [message_shown(chosen)[name] for name in ("chosen", "link", "choices")] == ["a", None, []]


def test_an_event_says_whom_it_concerns_and_has_all_of_it() -> None:
    waits = handed_over(NEW, Destination(agent="8002"), HANDOVER, 2.0)
    message = Message(seq=1, at=1.0, author=Author.VISITOR, said=Said(text="Hello"))

    assert told(waits) == {
        "conversation_id": "c1",
        "channel": "webchat",
        "state": "waiting",
        "queue": None,
        "agent": "8002",
        "owner": None,
        "conversation": shown(waits),
    }
    assert told(waits, message) == told(waits) | {"message": message_shown(message)}
