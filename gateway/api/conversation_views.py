"""How conversations on channels of text are told, as types: in answers and in events.

:mod:`gateway.session.conversations_shown` makes them.
"""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.records import CustomerSeen, Time
from gateway.model.claims import Evidence
from gateway.model.conversations import Author, Closer, ConversationState


class VisitorView(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes, as his channel knows him."""

    id: Annotated[str, Meta(description="Lasting and unique in the channel.")]
    name: str | None
    language: Annotated[str | None, Meta(description="What his device says: `zh`, `en` or another.")]
    page: Annotated[str | None, Meta(description="Where he was when he began, an address.")]


class ChatOwnerView(msgspec.Struct, frozen=True, kw_only=True):
    """The agent who has it."""

    id: str
    name: str
    extension: str | None
    at: Time


class StepView(msgspec.Struct, frozen=True, kw_only=True):
    """A place that the customer was led through."""

    node: str
    label: str


class FactView(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the customer told."""

    name: str
    label: str
    value: str
    secret: Annotated[bool, Meta(description="The value is masked.")]


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was said on a call."""

    at: Time
    is_customer: bool
    text: str


class HandoverView(msgspec.Struct, frozen=True, kw_only=True):
    """What an application gathered before it gave the customer to people."""

    summary: str
    language: Annotated[str, Meta(description="Of the summary and the labels.")]
    path: tuple[StepView, ...]
    facts: tuple[FactView, ...]
    transcript: Annotated[tuple[LineView, ...], Meta(description="Of a call; a conversation has its messages.")]


class VisitorBehind(msgspec.Struct, frozen=True, kw_only=True):
    """Which customer a visitor may be: by his browser, and by what he told of himself before."""

    matches: Annotated[int, Meta(description="How many customers the browser is said to be of.")]
    evidence: Annotated[
        Evidence | None,
        Meta(description="How well it is founded that it is `customer`; `typed`: the visitor wrote a number or address of his."),
    ]
    customer: CustomerSeen | None
    candidates: Annotated[list[CustomerSeen], Meta(description="Among whom to choose where it is not known.")]


class ConversationView(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation; its messages are asked for beside it."""

    conversation_id: str
    channel: Annotated[str, Meta(description="`webchat`; a plugin's name.")]
    state: ConversationState
    visitor: VisitorView
    application: Annotated[str | None, Meta(description="The plugin that answers, or answered.")]
    queue: Annotated[str | None, Meta(description="For whose agents it was given over.")]
    agent: Annotated[str | None, Meta(description="The extension or login of the one agent for whom it was given over.")]
    handover: HandoverView | None
    owner: ChatOwnerView | None
    messages: Annotated[int, Meta(ge=0, description="How many there are: the last one's `seq`.")]
    started_at: Time
    handed_at: Annotated[Time | None, Meta(description="When it was given over last, by an application or an agent.")]
    changed_at: Time
    ended_at: Time | None
    closed_by: Closer | None
    disposition: str | None
    note: str | None
    version: int
    customer: Annotated[
        VisitorBehind | UnsetType,
        Meta(description="Where one conversation is shown to somebody who may read customers, and its visitor may be one."),
    ] = UNSET


class ConversationBrief(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation, in short."""

    conversation_id: str
    channel: str
    state: ConversationState
    started_at: Time
    ended_at: Time | None
    messages: int
    summary: Annotated[str | None, Meta(description="What an application said of it when it gave the visitor to people.")]
    agent: Annotated[str | None, Meta(description="The name of the one who has or had it.")]
    disposition: str | None
    note: str | None


class ChoiceView(msgspec.Struct, frozen=True, kw_only=True):
    """A quick reply."""

    value: str
    label: str


class ChatLinkView(msgspec.Struct, frozen=True, kw_only=True):
    """An address that was shown."""

    url: str
    label: str


class ChatMessageView(msgspec.Struct, frozen=True, kw_only=True):
    """What was said."""

    seq: Annotated[int, Meta(ge=1, description="1 is a conversation's first.")]
    at: Time
    author: Author
    name: Annotated[str | None, Meta(description="Of the agent.")]
    text: str
    choices: tuple[ChoiceView, ...]
    link: ChatLinkView | None
    chosen: Annotated[str | None, Meta(description="The value of the quick reply that the visitor pressed.")]


class ConversationTold(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in each event about a conversation."""

    conversation_id: str
    channel: str
    state: ConversationState
    queue: str | None
    agent: str | None
    owner: ChatOwnerView | None
    conversation: Annotated[ConversationView, Meta(description="As it is after the event.")]


class MessageTold(ConversationTold, frozen=True, kw_only=True):
    """Something was said."""

    message: ChatMessageView
