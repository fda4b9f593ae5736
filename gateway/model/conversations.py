"""A conversation on a channel of text: who is there, what was said, and with whom it is.

It goes ``bot`` (an application answers), ``waiting`` (for an agent), ``human``, ``closed``; without an application it waits from
the start. A call is the same thing by voice, with a model of its own: :mod:`gateway.model.calls`.
"""

from enum import StrEnum
from typing import Final, NewType

import msgspec

from gateway.model.errors import TielineError
from gateway.model.handover import Destination, Handover
from gateway.model.ids import Tenant

ConversationId = NewType("ConversationId", str)
"""A ULID."""

MAX_TEXT: Final = 4_000
"""Characters of one message."""
MAX_CHOICES: Final = 20


class ConversationState(StrEnum):
    BOT = "bot"
    WAITING = "waiting"
    HUMAN = "human"
    CLOSED = "closed"


class Author(StrEnum):
    VISITOR = "visitor"
    APPLICATION = "application"
    AGENT = "agent"


class Closer(StrEnum):
    """Who ended a conversation."""

    VISITOR = "visitor"
    APPLICATION = "application"
    AGENT = "agent"
    SILENCE = "silence"
    """Nobody wrote for long."""


class UnknownConversationError(TielineError):
    """There is none of this name, or none that the one who asks may see."""


class ConversationOverError(TielineError):
    """It is closed: nothing more can be said in it."""


class ConversationTakenError(TielineError):
    """Somebody else has it, or it is not to be had now."""


class TooManyConversationsError(TielineError):
    """As many last as the configuration allows: whoever wants to begin one comes back later."""

    retryable = True


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """A quick reply."""

    value: str
    """What comes back when it is chosen."""
    label: str


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An address to show."""

    url: str
    label: str


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to say."""

    text: str = ""
    choices: tuple[Choice, ...] = ()
    link: Link | None = None
    chosen: str | None = None
    """A visitor's: the value of the quick reply that he pressed; ``text`` is its label."""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What was said."""

    seq: int
    """1 is a conversation's first."""
    at: float
    """Seconds since the epoch."""
    author: Author
    said: Said
    name: str | None = None
    """Of the agent."""
    key: str | None = None
    """The visitor's own name of it, so that what he sends again counts once."""


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """Who writes, as his channel knows him."""

    id: str
    """Lasting and unique in the channel: the same when he comes back."""
    name: str | None = None
    language: str | None = None
    """What his device says: ``zh`` or ``en``, or another."""
    page: str | None = None
    """Where he was when he began, an address."""


class ChatOwner(msgspec.Struct, frozen=True, kw_only=True):
    """The agent who has it."""

    id: str
    """Of the principal."""
    name: str
    extension: str | None
    at: float
    """Since when, in seconds since the epoch."""


class Conversation(msgspec.Struct, frozen=True, kw_only=True):
    """One conversation, as it stands; its messages are beside it."""

    id: ConversationId
    tenant: Tenant
    channel: str
    """``webchat``; a plugin's name."""
    state: ConversationState
    visitor: Visitor
    started_at: float
    """Seconds since the epoch."""
    changed_at: float
    messages: int = 0
    """How many there are: the last one's ``seq``."""
    version: int = 1
    application: str | None = None
    """The plugin that answers, or answered."""
    destination: Destination | None = None
    handover: Handover | None = None
    handed_at: float | None = None
    """When it was last given to people; None while it was not, and where no application is."""
    owner: ChatOwner | None = None
    ended_at: float | None = None
    closer: Closer | None = None
    disposition: str | None = None
    note: str | None = None

    @property
    def is_over(self) -> bool:
        return self.state is ConversationState.CLOSED

    @property
    def waits_since(self) -> float | None:
        """Since when the visitor waits for an agent, in seconds since the epoch; None where he does not."""
        if self.state is not ConversationState.WAITING:
            return None
        return self.started_at if self.handed_at is None else self.handed_at


def _changed(conversation: Conversation, at: float, **fields: object) -> Conversation:
    return msgspec.structs.replace(conversation, changed_at=at, version=conversation.version + 1, **fields)


def added(
    conversation: Conversation, author: Author, said: Said, at: float, *, name: str | None = None, key: str | None = None
) -> tuple[Conversation, Message]:
    """Return the conversation with one message more, and the message.

    Raises:
        ConversationOverError: It is closed.
    """
    _must_last(conversation)
    message = Message(seq=conversation.messages + 1, at=at, author=author, said=said, name=name, key=key)
    return _changed(conversation, at, messages=message.seq), message


def handed_over(conversation: Conversation, destination: Destination, handover: Handover | None, at: float) -> Conversation:
    """Return it waiting for an agent.

    Raises:
        ConversationOverError: It is closed.
    """
    _must_last(conversation)
    return _changed(
        conversation,
        at,
        state=ConversationState.WAITING,
        destination=destination,
        handover=handover or conversation.handover,
        handed_at=at,
        owner=None,
    )


def taken(conversation: Conversation, owner: ChatOwner, *, anyway: bool = False) -> Conversation:
    """Return it with an agent; who has it already keeps it.

    Args:
        anyway: Take it from somebody else, as a supervisor may.

    Raises:
        ConversationOverError: It is closed.
        ConversationTakenError: Somebody else has it, or an application still answers; the text names who.
    """
    _must_last(conversation)
    has = conversation.owner
    if has is not None and has.id == owner.id:
        return conversation
    if not anyway and has is not None:
        raise ConversationTakenError(f"{has.name} has this conversation")
    if not anyway and conversation.state is ConversationState.BOT:
        raise ConversationTakenError(f"{conversation.application} still answers this visitor")
    return _changed(conversation, owner.at, state=ConversationState.HUMAN, owner=owner)


def closed(
    conversation: Conversation, closer: Closer, at: float, *, disposition: str | None = None, note: str | None = None
) -> Conversation:
    """Return it over; one that is over stays as it ended, but for an agent who files what the visitor has left."""
    if conversation.is_over:
        is_filed = conversation.disposition is not None or conversation.note is not None
        if is_filed or closer is not Closer.AGENT or (disposition is None and note is None):
            return conversation
        return _changed(conversation, at, disposition=disposition, note=note)
    return _changed(
        conversation, at, state=ConversationState.CLOSED, ended_at=at, closer=closer, disposition=disposition, note=note
    )


def _must_last(conversation: Conversation) -> None:
    if conversation.is_over:
        raise ConversationOverError("the conversation is over")
