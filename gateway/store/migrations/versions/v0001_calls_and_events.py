"""The first schema: calls, the outbox of events, what was heard and learnt of each PBX, and the last position."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "calls",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("sorted_at", sa.Double, nullable=False),
        sa.Column("started_at", sa.Double, nullable=False),
        sa.Column("ended_at", sa.Double),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("complete", sa.Boolean, nullable=False),
        sa.Column("direction", sa.Text),
        sa.Column("caller_e164", sa.Text),
        sa.Column("called", sa.Text),
        sa.Column("called_e164", sa.Text),
        sa.Column("queue", sa.Text),
        sa.Column("outcome", sa.Text),
        sa.Column("merged_into", sa.Text),
        sa.Column("record_version", sa.Integer, nullable=False),
        sa.Column("snapshot_version", sa.Integer, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
    )
    op.create_index("calls_by_state", "calls", ["tenant", "state", "sorted_at", "call_id"])
    op.create_index("calls_by_caller", "calls", ["tenant", "caller_e164", "sorted_at"])
    op.create_table(
        "call_terms",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("term", sa.Text, primary_key=True),
    )
    op.create_index("call_terms_by_term", "call_terms", ["tenant", "term", "call_id"])
    op.create_table(
        "events",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("pbx", sa.Text),
        sa.Column("call_id", sa.Text),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("subjects", sa.Text),
        sa.UniqueConstraint("tenant", "event_id", name="events_once"),
    )
    op.create_table(
        "pbxs",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("heard_at", sa.Double, nullable=False),
        sa.Column("gaps", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "habits",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("device", sa.Text, primary_key=True),
        sa.Column("what", sa.Text, primary_key=True),
    )
    op.create_table(
        "position",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
    )
