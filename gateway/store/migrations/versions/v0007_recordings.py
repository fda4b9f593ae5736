"""Recordings, who heard them, and how far events were followed to know them."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0007"
down_revision: Final = "0006"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "recordings",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("recording_id", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("began_at", sa.Double, nullable=False),
        sa.Column("due_at", sa.Double),
        sa.Column("stored", sa.Boolean, nullable=False),
        sa.Column("told", sa.Boolean, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("recordings_by_call", "recordings", ["tenant", "call_id"])
    op.create_index("recordings_by_time", "recordings", ["tenant", "began_at", "recording_id"])
    op.create_index("recordings_by_due", "recordings", ["tenant", "pbx", "due_at"])
    op.create_table(
        "recording_plays",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("play_id", sa.Text, primary_key=True),
        sa.Column("recording_id", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("principal_id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
        sa.Column("asked", sa.Text, nullable=False),
    )
    op.create_index("recording_plays_by_recording", "recording_plays", ["tenant", "recording_id", "at"])
    op.create_table(
        "recordings_followed",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
