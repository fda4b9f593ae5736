"""What an agent writes about a call, during it and after: how it is filed, and a note. Pure."""

from typing import NewType

import msgspec

from gateway.model.claims import CustomerId
from gateway.model.customers import NoteId
from gateway.model.dispositions import DispositionId
from gateway.model.ids import CallId

Author = NewType("Author", str)
"""Id of the principal who writes."""


class CallWork(msgspec.Struct, frozen=True, kw_only=True):
    """One person's words about one call; times are seconds since the epoch."""

    call_id: CallId
    author: Author
    by: str
    """The author, for people."""
    extension: str | None
    """Where he sat."""
    disposition: DispositionId | None = None
    disposed_at: float | None = None
    note_id: NoteId
    note: str | None = None
    note_version: int = 0
    """Counts what was written; 0 before the first."""
    noted_at: float | None = None
    kept_version: int = 0
    """Up to which version the note stands among the customer's; until it does it is a draft, kept with the call alone."""
    customer: CustomerId | None = None
    """Whom it is about, where he was known: with his data it is erased."""
    done_at: float | None = None
    changed_at: float


def written(work: CallWork, disposition: DispositionId | None, note: str | None, *, done: bool, now: float) -> CallWork:
    """Return the work with this said; the same where nothing is new."""
    changes: dict[str, object] = {}
    if disposition != work.disposition:
        changes |= {"disposition": disposition, "disposed_at": now}
    text = None if note is None or not note.strip() else note
    if text != work.note:
        changes |= {"note": text, "note_version": work.note_version + 1, "noted_at": now}
    if done != (work.done_at is not None):
        changes["done_at"] = now if done else None
    return msgspec.structs.replace(work, changed_at=now, **changes) if changes else work


def kept(work: CallWork, note: NoteId, customer: CustomerId) -> CallWork:
    """Return the work with its note standing among the customer's."""
    return msgspec.structs.replace(work, note_id=note, customer=customer, kept_version=work.note_version)


def is_draft(work: CallWork) -> bool:
    """Tell whether its note, or its last version, is kept with the call alone."""
    return work.kept_version < work.note_version
