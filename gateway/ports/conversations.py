"""Conversations on channels of text: what keeps them, what brings visitors, and what answers them.

A channel (web chat, WeChat) has the desk begin conversations and hear what visitors write; it shows what the desk has for them.
An application answers a visitor until it hands him over. Neither knows the other.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import msgspec
from aiohttp import web

from gateway.model.conversations import Conversation, ConversationId, ConversationState, Message, Said, Visitor
from gateway.model.handover import Destination, Handover
from gateway.model.ids import Tenant

CLIENT: Final = web.RequestKey("client", str)
"""What a request to a channel's route keeps its client's address under: a trusted proxy may have told it."""


class TextConversation(Protocol):
    """One visitor's conversation, for the application that answers him; of one event loop.

    Nothing raises because the visitor has gone, or an agent took the conversation: then nothing more is heard, and what is said
    goes nowhere.
    """

    @property
    def id(self) -> ConversationId: ...

    @property
    def visitor(self) -> Visitor: ...

    async def heard(self) -> Said | None:
        """Wait for what the visitor writes or chooses next; None when the application's part is over.

        Cancelling is safe: nothing is lost. What he wrote while the gateway was down is heard after it is back.
        """

    async def say(self, said: Said) -> None:
        """Say it; returns when it is kept for good.

        Raises:
            StoreUnavailableError: It could not be kept; nothing was said.
        """

    async def hand_over(self, destination: Destination, handover: Handover) -> None:
        """Give the visitor to people: the application's part is over. Raises as :meth:`say`."""

    async def end(self) -> None:
        """Close the conversation. Raises as :meth:`say`."""


class TextApplication(Protocol):
    """What answers visitors: a bot."""

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        """Answer one visitor, until its part is over.

        When it returns without having handed over or ended, or raises, the visitor is given to people. It is cancelled when the
        gateway stops, and run again when it is back.

        Args:
            before: What was said already, in a conversation that goes on after the gateway was down; empty in a new one.
        """

    async def serve(self) -> None:
        """Do what it needs beside its conversations, such as learning, until cancelled."""

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return what it counted since it was made, by what and which: ``("node", "track")``, ``("outcome", "served")``."""


class CreateTextApplication(Protocol):
    """``converse`` of a manifest of kind ``application``."""

    def __call__(self, settings: Any, folder: Path) -> TextApplication:
        """Make it, without touching the network; ``settings`` is of the manifest's type.

        Args:
            folder: For what must outlive a crash; it may not be there yet.

        Raises:
            ConfigurationError: It cannot work with these settings; the text names the file, the line and the cure.
        """


class VisitorDesk(Protocol):
    """What a channel has done with its visitors' conversations."""

    async def begin(self, visitor: Visitor) -> Conversation:
        """Return the visitor's conversation that lasts, or a new one.

        Raises:
            StoreUnavailableError: The database does not answer.
            TooManyConversationsError: He has none, and as many last as may.
        """

    async def find(self, conversation: ConversationId) -> Conversation | None:
        """Return one of this channel's.

        Raises:
            StoreUnavailableError: The database does not answer.
        """

    async def write(self, conversation: ConversationId, said: Said, key: str) -> Message:
        """Take what the visitor wrote; the same key again gives the same message. Raises as :meth:`find`, and:

        Raises:
            ConversationOverError: It is closed.
        """

    async def messages(self, conversation: ConversationId, after: int) -> list[Message]:
        """Return what was said after this message, in order. Raises as :meth:`find`."""

    def follow(self, conversation: ConversationId) -> AsyncIterator[Conversation]:
        """Yield the conversation now and whenever it has changed; ends after it is closed.

        A slow reader is given its newest state only: what was said he reads by :meth:`messages`.
        """

    async def leave(self, conversation: ConversationId) -> None:
        """Close it for the visitor. Raises as :meth:`find`."""


class TextChannel(Protocol):
    """What brings visitors."""

    def routes(self) -> Sequence[web.AbstractRouteDef]:
        """Return what it answers of HTTP, public: without a token, without a session, from any page that it allows itself."""

    async def run(self) -> None:
        """Serve until cancelled."""


class CreateTextChannel(Protocol):
    """``create`` of a manifest of kind ``channel``."""

    def __call__(self, settings: Any, desk: VisitorDesk) -> TextChannel:
        """Make the channel, without touching the network; ``settings`` is of the manifest's type."""


class ConversationQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which conversations are wanted; a condition that is None is none."""

    states: frozenset[ConversationState] | None = None
    queues: frozenset[str] | None = None
    """Handed over to one of these, or to nobody in particular; without an application it is handed over from the start."""
    agents: frozenset[str] = frozenset()
    """With ``queues``: or to one of these, an agent's extension and login."""
    owner: str | None = None
    """With ``queues``: or his."""
    visitors: frozenset[str] | None = None
    """Of one of these."""


class ConversationPlace(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on."""

    started_at: float
    id: ConversationId


class ConversationStore(Protocol):
    """Where conversations are kept. Every method may raise ``StoreUnavailableError``: then nothing was changed, but for a change
    whose answer was lost."""

    async def put(self, conversation: Conversation) -> None:
        """Keep a new one."""

    async def change(
        self,
        tenant: Tenant,
        conversation: ConversationId,
        change: Callable[[Conversation], tuple[Conversation, Sequence[Message]]],
    ) -> Conversation | None:
        """Change one as it is now, which nobody else changes meanwhile, and keep the new messages with it, at once.

        Returns it as it is after, or None when there is none. What ``change`` raises is raised, and nothing was changed. Nor is
        anything when one of the messages has a key that is there: it was said already, see :meth:`keyed`.
        """

    async def find(self, tenant: Tenant, conversation: ConversationId) -> Conversation | None:
        """Return one."""

    async def messages(self, tenant: Tenant, conversation: ConversationId, *, after: int = 0, limit: int = 500) -> list[Message]:
        """Return what was said after this message, in order."""

    async def keyed(self, tenant: Tenant, conversation: ConversationId, key: str) -> Message | None:
        """Return the message of this key."""

    async def lasting(self, tenant: Tenant, channels: Collection[str]) -> list[Conversation]:
        """Return all of these channels that are not closed, the oldest first."""

    async def of_visitor(self, tenant: Tenant, channel: str, visitor: str) -> Conversation | None:
        """Return the newest of this visitor's."""

    async def page(
        self, tenant: Tenant, query: ConversationQuery, *, after: ConversationPlace | None, limit: int
    ) -> list[Conversation]:
        """Return conversations, the newest first."""

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete those that were closed before this time, with what was said, and return how many."""
