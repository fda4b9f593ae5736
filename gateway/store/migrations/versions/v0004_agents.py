"""Tables of agents."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "agents",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("extension", sa.Text, primary_key=True),
        sa.Column("found_name", sa.Text),
        sa.Column("source", sa.Text),
        sa.Column("own_name", sa.Text),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_table(
        "agent_states",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, primary_key=True),
        sa.Column("extension", sa.Text, primary_key=True),
        sa.Column("kept_at", sa.Double, nullable=False),
        sa.Column("snapshot", sa.LargeBinary, nullable=False),
    )
