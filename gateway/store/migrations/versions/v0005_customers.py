"""Tables of customers: entries, claims on identities, which identities are shared, notes."""

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "customers",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("company", sa.Text),
        sa.Column("language", sa.Text),
        sa.Column("vip", sa.Boolean, nullable=False),
        sa.Column("tags", sa.Text, nullable=False),
        sa.Column("external_id", sa.Text),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("changed_at", sa.Double, nullable=False),
        sa.Column("searched", sa.Text, nullable=False),
        sa.UniqueConstraint("tenant", "external_id", name="customers_by_external_id"),
    )
    op.create_table(
        "claims",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("claim_id", sa.Text, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("label", sa.Text),
        sa.Column("revoked_at", sa.Double),
        sa.Column("revoked_by", sa.Text),
    )
    op.create_index("claims_by_customer", "claims", ["tenant", "customer_id"])
    op.create_index("claims_by_identity", "claims", ["tenant", "kind", "value"])
    op.create_table(
        "shared_identities",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("value", sa.Text, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
    )
    op.create_table(
        "notes",
        sa.Column("tenant", sa.Text, primary_key=True),
        sa.Column("note_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.Text, nullable=False),
        sa.Column("call_id", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("at", sa.Double, nullable=False),
    )
    op.create_index("notes_by_customer", "notes", ["tenant", "customer_id", "note_id"])
