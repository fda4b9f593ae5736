"""How conversations and their messages are shown: the same in the API and in events. Times are RFC 3339 in UTC. Pure."""

from typing import Any, Final

from gateway.model.conversations import Conversation, ConversationState, Message, Visitor
from gateway.model.handover import Handover
from gateway.model.times import rfc3339

ANYBODY: Final = "conversation:anybody"
"""The subject of a conversation that any agent may take."""


def told(conversation: Conversation, message: Message | None = None) -> dict[str, Any]:
    """Return the data of an event: whom it concerns, the conversation whole, and what was said, where that is the event."""
    view = shown(conversation)
    data = {name: view[name] for name in ("conversation_id", "channel", "state", "queue", "agent", "owner")}
    data["conversation"] = view
    if message is not None:
        data["message"] = message_shown(message)
    return data


def subjects_of(conversation: Conversation, before: Conversation | None = None) -> tuple[str, ...]:
    """Return whom an event of a conversation is about, as topics: who has it or may take it now, and who did before."""
    found = {f"conversation:{conversation.id}": None}
    for each in (conversation, before):
        if each is None:
            continue
        if each.owner is not None:
            found[f"principal:{each.owner.id}"] = None
        to = each.destination
        if to is not None and to.queue is not None:
            found[f"queue:{to.queue}"] = None
        elif to is not None and to.agent is not None:
            found[f"extension:{to.agent}"] = None
        elif each.state is not ConversationState.BOT and each.owner is None:
            found[ANYBODY] = None
    return tuple(found)


def shown(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation, without its messages."""
    owner, destination = conversation.owner, conversation.destination
    return {
        "conversation_id": conversation.id,
        "channel": conversation.channel,
        "state": conversation.state,
        "visitor": _visitor(conversation.visitor),
        "application": conversation.application,
        "queue": None if destination is None else destination.queue,
        "agent": None if destination is None else destination.agent,
        "handover": None if conversation.handover is None else handover_shown(conversation.handover),
        "owner": None
        if owner is None
        else {"id": owner.id, "name": owner.name, "extension": owner.extension, "at": rfc3339(owner.at)},
        "messages": conversation.messages,
        "started_at": rfc3339(conversation.started_at),
        "handed_at": None if conversation.handed_at is None else rfc3339(conversation.handed_at),
        "changed_at": rfc3339(conversation.changed_at),
        "ended_at": None if conversation.ended_at is None else rfc3339(conversation.ended_at),
        "closed_by": conversation.closer,
        "disposition": conversation.disposition,
        "note": conversation.note,
        "version": conversation.version,
    }


def brief(conversation: Conversation) -> dict[str, Any]:
    """Return a conversation as it stands beside its customer."""
    owner, handover = conversation.owner, conversation.handover
    return {
        "conversation_id": conversation.id,
        "channel": conversation.channel,
        "state": conversation.state,
        "started_at": rfc3339(conversation.started_at),
        "ended_at": None if conversation.ended_at is None else rfc3339(conversation.ended_at),
        "messages": conversation.messages,
        "summary": None if handover is None else handover.summary,
        "agent": None if owner is None else owner.name,
        "disposition": conversation.disposition,
        "note": conversation.note,
    }


def message_shown(message: Message) -> dict[str, Any]:
    """Return what was said."""
    said = message.said
    return {
        "seq": message.seq,
        "at": rfc3339(message.at),
        "author": message.author,
        "name": message.name,
        "text": said.text,
        "choices": [{"value": choice.value, "label": choice.label} for choice in said.choices],
        "link": None if said.link is None else {"url": said.link.url, "label": said.link.label},
        "chosen": said.chosen,
    }


def handover_shown(handover: Handover) -> dict[str, Any]:
    """Return what whoever takes a customer over is told."""
    return {
        "summary": handover.summary,
        "language": handover.language,
        "path": [{"node": step.node, "label": step.label} for step in handover.path],
        "facts": [
            {"name": fact.name, "label": fact.label, "value": fact.value, "secret": fact.secret} for fact in handover.facts
        ],
        "transcript": [
            {"at": rfc3339(line.at), "is_customer": line.is_customer, "text": line.text} for line in handover.transcript
        ],
    }


def _visitor(visitor: Visitor) -> dict[str, Any]:
    return {"id": visitor.id, "name": visitor.name, "language": visitor.language, "page": visitor.page}
