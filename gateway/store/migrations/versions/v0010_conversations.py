"""Conversations on channels of text, and what was said in them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0010"
down_revision: Final = "0009"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "conversations",
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
    )
    op.create_index("conversations_by_state", "conversations", ["tenant", "state", "started_at", "conversation_id"])
    op.create_index("conversations_by_visitor", "conversations", ["tenant", "visitor", "started_at"])
    op.create_index("conversations_by_end", "conversations", ["tenant", "ended_at"])
    op.create_table(
        "conversation_messages",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("conversation_id", sa.Text, primary_key=True),
        sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key", sa.Text),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("tenant", "conversation_id", "key", name="conversation_messages_once"),
    )
