"""The tables of calls and events as they are now; how they came to be so is in ``migrations``."""

from typing import Final

import sqlalchemy as sa

from gateway.store.metadata import METADATA

CALLS: Final = sa.Table(
    "calls",
    METADATA,
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
    sa.Index("calls_by_state", "tenant", "state", "sorted_at", "call_id"),
    sa.Index("calls_by_caller", "tenant", "caller_e164", "sorted_at"),
)
"""A row a call, live (``active``), ``ended`` or ``merged``. ``sorted_at`` is the end of an ended call and the beginning of
others; times are seconds since the epoch."""

CALL_TERMS: Final = sa.Table(
    "call_terms",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("call_id", sa.Text, primary_key=True),
    sa.Column("term", sa.Text, primary_key=True),
    sa.Index("call_terms_by_term", "tenant", "term", "call_id"),
)
"""By what an ended call is found, see :func:`gateway.model.search.terms_of`."""

EVENTS: Final = sa.Table(
    "events",
    METADATA,
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
"""The outbox: every event that was told, in the order of all; the envelope as it was sent. ``subjects`` is a list in JSON."""

PBXS: Final = sa.Table(
    "pbxs",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("pbx", sa.Text, primary_key=True),
    sa.Column("heard_at", sa.Double, nullable=False),
    sa.Column("gaps", sa.LargeBinary, nullable=False),
)
"""Until when each PBX was heard, with all that came of it committed."""

HABITS: Final = sa.Table(
    "habits",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("pbx", sa.Text, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("device", sa.Text, primary_key=True),
    sa.Column("what", sa.Text, primary_key=True),
)
"""What was learnt of each PBX, by which its CDR is read."""

POSITION: Final = sa.Table(
    "position",
    METADATA,
    sa.Column("tenant", sa.Text, primary_key=True),
    sa.Column("last", sa.BigInteger, nullable=False),
)
"""The last position given out, kept apart from the events so that pruning them does not bring it back. One order serves all
tenants: the row of :data:`EVERYBODY`."""

EVERYBODY: Final = "*"
