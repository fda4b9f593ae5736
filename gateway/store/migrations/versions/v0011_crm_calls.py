"""What was told to which CRM."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0011"
down_revision: Final = "0010"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "crm_cursors",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("crm", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "crm_calls",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("crm", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("heard", sa.BigInteger, nullable=False),
        sa.Column("pending", sa.Boolean, nullable=False),
        sa.Column("retry_at", sa.Double, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("dead", sa.Boolean, nullable=False),
        sa.Column("why", sa.Text),
        sa.Column("memo", sa.Text),
        sa.Column("said", sa.Text),
        sa.Column("contact", sa.LargeBinary),
        sa.Column("recording", sa.Text),
        sa.Column("remade", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
    )
    op.create_index("crm_calls_by_fate", "crm_calls", ["tenant", "crm", "pending", "dead", "position"])
    op.create_index("crm_calls_by_change", "crm_calls", ["tenant", "changed_at"])
