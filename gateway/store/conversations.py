"""Conversations of text in a database: what is searched for is a column, the whole is beside it; each message is a row."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.model.conversations import Conversation, ConversationId, ConversationState, Message
from gateway.model.errors import StoreSchemaError, TielineError
from gateway.model.ids import Tenant
from gateway.ports.conversations import ConversationPlace, ConversationQuery
from gateway.store.database import Database
from gateway.store.metadata import METADATA

CONVERSATIONS: Final = sa.Table(
    "conversations",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("visitor", sa.Text, nullable=False),
    sa.Column("given", sa.Boolean, nullable=False),
    sa.Column("queue", sa.Text),
    sa.Column("agent", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("ended_at", sa.Double),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Index("conversations_by_state", "tenant", "state", "started_at", "conversation_id"),
    sa.Index("conversations_by_visitor", "tenant", "visitor", "started_at"),
    sa.Index("conversations_by_end", "tenant", "ended_at"),
)
"""``given``: to people; to all of them where neither ``queue`` nor ``agent`` says to whom. ``owner`` is a principal's id.
``body`` is the whole, MessagePack with field names, so that a version that adds a field with a default reads what earlier ones
wrote."""

MESSAGES: Final = sa.Table(
    "conversation_messages",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("conversation_id", sa.Text, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("key", sa.Text),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("tenant", "conversation_id", "key", name="conversation_messages_once"),
)
"""``key`` is the visitor's own name of what he wrote."""

PRUNE_AT_ONCE: Final = 500
"""Conversations in one transaction: others write meanwhile."""

_encoder: Final = msgspec.msgpack.Encoder()
_conversation_decoder: Final = msgspec.msgpack.Decoder(Conversation)
_message_decoder: Final = msgspec.msgpack.Decoder(Message)

_ONE: Final = sa.select(CONVERSATIONS.c.body).where(
    CONVERSATIONS.c.tenant == sa.bindparam("of"), CONVERSATIONS.c.conversation_id == sa.bindparam("wanted")
)
_SAID: Final = (
    sa.select(MESSAGES.c.body)
    .where(
        MESSAGES.c.tenant == sa.bindparam("of"),
        MESSAGES.c.conversation_id == sa.bindparam("wanted"),
        MESSAGES.c.seq > sa.bindparam("after"),
    )
    .order_by(MESSAGES.c.seq)
    .limit(sa.bindparam("at_most"))
)
_KEYED: Final = sa.select(MESSAGES.c.body).where(
    MESSAGES.c.tenant == sa.bindparam("of"),
    MESSAGES.c.conversation_id == sa.bindparam("wanted"),
    MESSAGES.c.key.in_(sa.bindparam("among", expanding=True)),
)


class SqlConversations:
    """See :class:`gateway.ports.conversations.ConversationStore`.

    Args:
        database: Open.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put = database.insert(CONVERSATIONS).on_conflict_do_nothing()
        self._replace = database.replacing(CONVERSATIONS)

    async def put(self, conversation: Conversation) -> None:
        """Keep a new one."""
        async with self._database.writing() as connection:
            await connection.execute(self._put, [_row(conversation)])

    async def change(
        self,
        tenant: Tenant,
        conversation: ConversationId,
        change: Callable[[Conversation], tuple[Conversation, Sequence[Message]]],
    ) -> Conversation | None:
        """Change one as it is now."""
        refused: TielineError | None = None
        # There is one writer: what is read here nobody changes before it is written.
        async with self._database.writing() as connection:
            row = (await connection.execute(_ONE, {"of": tenant, "wanted": conversation})).first()
            if row is None:
                return None
            found = changed = _conversation(row.body)
            messages: Sequence[Message] = ()
            try:
                changed, messages = change(found)
            except TielineError as error:
                refused = error  # raised in here it would cost the connection, and visitors decide how often that is
            if await _was_said(connection, tenant, conversation, messages):
                return found
            if changed != found:
                await connection.execute(self._replace, [_row(changed)])
            if messages:
                rows = [_message_row(tenant, conversation, message) for message in messages]
                await connection.execute(sa.insert(MESSAGES), rows)
        if refused is not None:
            raise refused
        return changed

    async def find(self, tenant: Tenant, conversation: ConversationId) -> Conversation | None:
        """Return one."""
        rows = await self._database.rows(_ONE, {"of": tenant, "wanted": conversation})
        return _conversation(rows[0].body) if rows else None

    async def messages(self, tenant: Tenant, conversation: ConversationId, *, after: int = 0, limit: int = 500) -> list[Message]:
        """Return what was said after this message."""
        given = {"of": tenant, "wanted": conversation, "after": after, "at_most": limit}
        return [_message(row.body) for row in await self._database.rows(_SAID, given)]

    async def keyed(self, tenant: Tenant, conversation: ConversationId, key: str) -> Message | None:
        """Return the message of this key."""
        rows = await self._database.rows(_KEYED, {"of": tenant, "wanted": conversation, "among": [_text(key)]})
        return _message(rows[0].body) if rows else None

    async def lasting(self, tenant: Tenant, channels: Collection[str]) -> list[Conversation]:
        """Return all of these channels that are not closed, the oldest first."""
        lasting = sorted(state.value for state in ConversationState if state is not ConversationState.CLOSED)
        wanted = (
            sa.select(CONVERSATIONS.c.body)
            .where(CONVERSATIONS.c.tenant == tenant, CONVERSATIONS.c.state.in_(lasting))
            .where(CONVERSATIONS.c.channel.in_(sorted(channels)))
            .order_by(CONVERSATIONS.c.started_at, CONVERSATIONS.c.conversation_id)
        )
        return [_conversation(row.body) for row in await self._database.rows(wanted)]

    async def of_visitor(self, tenant: Tenant, channel: str, visitor: str) -> Conversation | None:
        """Return the newest of this visitor's."""
        his = (CONVERSATIONS.c.tenant == tenant, CONVERSATIONS.c.channel == channel, CONVERSATIONS.c.visitor == _text(visitor))
        rows = await self._database.rows(_newest_first(sa.select(CONVERSATIONS.c.body).where(*his)).limit(1))
        return _conversation(rows[0].body) if rows else None

    async def page(
        self, tenant: Tenant, query: ConversationQuery, *, after: ConversationPlace | None, limit: int
    ) -> list[Conversation]:
        """Return conversations, the newest first."""
        wanted = sa.select(CONVERSATIONS.c.body).where(CONVERSATIONS.c.tenant == tenant, *_conditions(query))
        if after is not None:
            place = sa.tuple_(CONVERSATIONS.c.started_at, CONVERSATIONS.c.conversation_id)
            wanted = wanted.where(place < (after.started_at, after.id))
        return [_conversation(row.body) for row in await self._database.rows(_newest_first(wanted).limit(limit))]

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete those that were closed before this time, with what was said, some hundred at once."""
        old = (
            sa.select(CONVERSATIONS.c.conversation_id)
            .where(CONVERSATIONS.c.tenant == tenant, CONVERSATIONS.c.ended_at < before)
            .limit(PRUNE_AT_ONCE)
        )
        deleted = 0
        while rows := await self._database.rows(old):
            ids = [row.conversation_id for row in rows]
            async with self._database.writing() as connection:
                for table in (MESSAGES, CONVERSATIONS):
                    of_them = (table.c.tenant == tenant, table.c.conversation_id.in_(ids))
                    await connection.execute(sa.delete(table).where(*of_them))
            deleted += len(ids)
        return deleted


def _conditions(query: ConversationQuery) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if query.states is not None:
        found.append(CONVERSATIONS.c.state.in_(sorted(state.value for state in query.states)))
    if query.visitors is not None:
        found.append(CONVERSATIONS.c.visitor.in_(sorted(map(_text, query.visitors))))
    his = [] if query.owner is None else [CONVERSATIONS.c.owner == query.owner]
    if query.queues is None:
        return found + his
    to_all = sa.and_(CONVERSATIONS.c.given, CONVERSATIONS.c.queue.is_(None), CONVERSATIONS.c.agent.is_(None))
    to_queues = CONVERSATIONS.c.queue.in_(sorted(query.queues))
    return [*found, sa.or_(to_all, to_queues, CONVERSATIONS.c.agent.in_(sorted(query.agents)), *his)]


def _newest_first(wanted: sa.Select[Any]) -> sa.Select[Any]:
    return wanted.order_by(CONVERSATIONS.c.started_at.desc(), CONVERSATIONS.c.conversation_id.desc())


async def _was_said(
    connection: AsyncConnection, tenant: Tenant, conversation: ConversationId, messages: Sequence[Message]
) -> bool:
    keys = [_text(message.key) for message in messages if message.key is not None]
    if not keys:
        return False
    given = {"of": tenant, "wanted": conversation, "among": keys}
    return (await connection.execute(_KEYED, given)).first() is not None


def _row(conversation: Conversation) -> dict[str, Any]:
    to = conversation.destination
    return {
        "tenant": conversation.tenant,
        "conversation_id": conversation.id,
        "channel": conversation.channel,
        "state": conversation.state.value,
        "visitor": _text(conversation.visitor.id),
        "given": to is not None or conversation.application is None,
        "queue": None if to is None else to.queue,
        "agent": None if to is None else to.agent,
        "owner": None if conversation.owner is None else conversation.owner.id,
        "started_at": conversation.started_at,
        "ended_at": conversation.ended_at,
        "body": _encoder.encode(conversation),
    }


def _message_row(tenant: Tenant, conversation: ConversationId, message: Message) -> dict[str, Any]:
    key = None if message.key is None else _text(message.key)
    body = _encoder.encode(message)
    return {"tenant": tenant, "conversation_id": conversation, "seq": message.seq, "key": key, "body": body}


def _text(written: str) -> str:
    """Return it as every database takes it; PostgreSQL refuses NUL, which a browser may send."""
    return written.replace("\0", "\N{REPLACEMENT CHARACTER}")


def _conversation(body: bytes) -> Conversation:
    try:
        return _conversation_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"a conversation in the store cannot be read: {error}") from error


def _message(body: bytes) -> Message:
    try:
        return _message_decoder.decode(body)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"a message in the store cannot be read: {error}") from error
