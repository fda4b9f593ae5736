import pytest
from msgspec.structs import replace

from gateway.model.conversations import (
    Author,
    ChatOwner,
    Closer,
    Conversation,
    ConversationId,
    ConversationOverError,
    ConversationState,
    ConversationTakenError,
    Said,
    Visitor,
    added,
    closed,
    handed_over,
    taken,
)
from gateway.model.handover import Destination, Handover
from gateway.model.ids import DEFAULT_TENANT, QueueName

NEW = Conversation(
    id=ConversationId("01M81G2HX26T1BW0K9REE1GTYE"),
    tenant=DEFAULT_TENANT,
    channel="webchat",
    state=ConversationState.BOT,
    visitor=Visitor(id="v1"),
    started_at=100.0,
    changed_at=100.0,
    application="itr",
)
SUPPORT = Destination(queue=QueueName("support"))
HANDOVER = Handover(summary="Asks where the parcel is.", language="en")


def owner(id_: str, at: float = 130.0) -> ChatOwner:
    return ChatOwner(id=id_, name=id_.title(), extension="1001", at=at)


def test_messages_are_counted_and_each_change_is_a_version() -> None:
    conversation, first = added(NEW, Author.APPLICATION, Said(text="Hello"), 101.0)
    conversation, second = added(conversation, Author.VISITOR, Said(text="Where is it?"), 105.0, key="k1")
    assert (first.seq, second.seq, second.key) == (1, 2, "k1")
    assert (conversation.messages, conversation.version, conversation.changed_at) == (2, 3, 105.0)


def test_it_goes_from_the_application_to_an_agent_to_its_end() -> None:
    waiting = handed_over(NEW, SUPPORT, HANDOVER, 120.0)
    assert (waiting.state, waiting.destination, waiting.handover) == (ConversationState.WAITING, SUPPORT, HANDOVER)
    human = taken(waiting, owner("ann"))
    assert (human.state, human.owner) == (ConversationState.HUMAN, owner("ann"))
    over = closed(human, Closer.AGENT, 140.0, disposition="solved", note="On its way.")
    assert (over.state, over.ended_at, over.closer, over.disposition) == (ConversationState.CLOSED, 140.0, Closer.AGENT, "solved")
    assert closed(over, Closer.SILENCE, 999.0) is over


def test_passing_it_on_keeps_what_was_gathered() -> None:
    human = taken(handed_over(NEW, SUPPORT, HANDOVER, 120.0), owner("ann"))
    passed = handed_over(human, Destination(queue=QueueName("sales")), None, 150.0)
    assert (passed.state, passed.owner, passed.handover) == (ConversationState.WAITING, None, HANDOVER)


def test_a_visitor_waits_from_when_he_was_given_to_people_or_from_the_start() -> None:
    waiting = handed_over(NEW, SUPPORT, HANDOVER, 120.0)
    asks, _ = added(waiting, Author.VISITOR, Said(text="Hello?"), 125.0)
    human = taken(asks, owner("ann"))
    passed = handed_over(human, SUPPORT, None, 150.0)
    alone = replace(NEW, state=ConversationState.WAITING, application=None)
    assert [each.waits_since for each in (NEW, asks, human, passed, alone)] == [None, 120.0, None, 150.0, 100.0]


def test_one_agent_has_it_and_who_asks_again_keeps_it() -> None:
    human = taken(handed_over(NEW, SUPPORT, HANDOVER, 120.0), owner("ann"))
    assert taken(human, owner("ann", 135.0)) is human
    with pytest.raises(ConversationTakenError, match="Ann has this"):
        taken(human, owner("ben"))
    assert taken(human, owner("ben"), anyway=True).owner == owner("ben")


def test_agent_does_not_take_what_the_application_answers_a_supervisor_may() -> None:
    with pytest.raises(ConversationTakenError, match="itr still answers"):
        taken(NEW, owner("ann"))
    assert taken(NEW, owner("sue"), anyway=True).state is ConversationState.HUMAN


def test_nothing_is_said_or_passed_on_after_the_end() -> None:
    over = closed(NEW, Closer.VISITOR, 110.0)
    with pytest.raises(ConversationOverError):
        added(over, Author.VISITOR, Said(text="Still there?"), 111.0)
    with pytest.raises(ConversationOverError):
        handed_over(over, SUPPORT, None, 111.0)
    with pytest.raises(ConversationOverError):
        taken(over, owner("ann"))


def test_an_agent_files_what_the_visitor_has_left_once() -> None:
    left = closed(NEW, Closer.VISITOR, 110.0)
    filed = closed(left, Closer.AGENT, 120.0, disposition="solved", note="Was answered.")

    assert (filed.closer, filed.ended_at, filed.changed_at) == (Closer.VISITOR, 110.0, 120.0)
    assert (filed.disposition, filed.note, filed.version) == ("solved", "Was answered.", left.version + 1)
    assert closed(left, Closer.AGENT, 120.0) is left
    assert closed(filed, Closer.AGENT, 130.0, disposition="complaint") is filed
