"""What agents work with: dispositions, what they write about calls, calls to return."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0009"
down_revision: Final = "0008"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dispositions",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
    )
    op.create_table(
        "call_work",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("author", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text),
        sa.Column("done", sa.Boolean, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("call_work_by_time", "call_work", ["tenant", "done", "changed_at"])
    op.create_index("call_work_by_customer", "call_work", ["tenant", "customer_id"])
    op.create_table(
        "callbacks",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("callback_id", sa.Text, primary_key=True),
        sa.Column("pbx", sa.Text, nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("queue", sa.Text),
        sa.Column("extension", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("last_at", sa.Double, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
    )
    op.create_index("callbacks_by_number", "callbacks", ["tenant", "number"])
    op.create_index("callbacks_by_state", "callbacks", ["tenant", "state", "last_at", "callback_id"])
    op.create_table(
        "callback_calls",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("call_id", sa.Text, primary_key=True),
        sa.Column("callback_id", sa.Text, nullable=False),
    )
    op.create_table(
        "callbacks_followed",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
