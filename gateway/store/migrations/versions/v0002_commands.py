"""Commands: written down before they are sent."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0002"
down_revision: Final = "0001"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "commands",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("command_id", sa.Text, primary_key=True),
        sa.Column("idempotency_key", sa.Text),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("principal", sa.Text, nullable=False),
        sa.Column("pbx", sa.Text),
        sa.Column("call_id", sa.Text),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("asked_at", sa.Double, nullable=False),
        sa.Column("settled_at", sa.Double),
        sa.Column("record", sa.LargeBinary, nullable=False),
        sa.UniqueConstraint("tenant", "idempotency_key", name="commands_once"),
    )
    op.create_index("commands_by_state", "commands", ["state", "settled_at"])
