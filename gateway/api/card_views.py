"""What an agent is shown of a call, as types: ``/api/v1/desk`` and ``/api/v1/calls/{call_id}/card``."""

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from gateway.api.agents import AgentView
from gateway.api.calls import LinkView
from gateway.api.crms import MatchView
from gateway.api.customer_views import CustomerView
from gateway.api.mailboxes import MailboxView
from gateway.api.queues import QueueView
from gateway.api.records import Shown, Time
from gateway.model.call_work import CallWork
from gateway.model.customers import Note
from gateway.model.desk import Part
from gateway.model.times import rfc3339


class CallNote(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wrote down about a call."""

    note_id: str
    version: Annotated[int, Meta(ge=1)]
    customer_id: Annotated[str | None, Meta(description="Null while it is kept with the call alone.")]
    call_id: str | None
    text: str
    author: str
    at: Annotated[Time, Meta(description="When this version was written.")]
    draft: Annotated[bool, Meta(description="Its author is not done with it.")]
    mine: bool


class Filed(msgspec.Struct, frozen=True, kw_only=True):
    """How a call is filed."""

    id: str
    by: str
    at: Time


class MenuStep(msgspec.Struct, frozen=True, kw_only=True):
    """One menu that the caller passed."""

    menu: str | None
    digits: Annotated[str, Meta(description="What he pressed there; data is masked.")]
    label: Annotated[str | None, Meta(description="What that means, from `desk.menus` in the configuration.")]


class Colleague(msgspec.Struct, frozen=True, kw_only=True):
    """Who talked with the caller before."""

    extension: str
    name: str | None


class CardView(msgspec.Struct, frozen=True, kw_only=True):
    """One call, as the agent sees it who asks."""

    call: Shown
    role_of_mine: Annotated[Part | None, Meta(description="Null for somebody who has no telephone in it.")]
    leg_since: Time | None
    pop: Annotated[bool, Meta(description="It shows itself, by `desk.pop` in the configuration.")]
    customer: Annotated[
        CustomerView | None,
        Meta(description="For those who may read customers; null where he is not known, or not for certain."),
    ]
    matches: Annotated[int, Meta(description="How many customers use the number.")]
    crms: Annotated[list[MatchView], Meta(description="What each CRM knows of the customer, as far as it has answered.")]
    notes: Annotated[list[CallNote], Meta(description="Of this call and of those that became part of it, the eldest first.")]
    disposition: Filed | None
    done: Annotated[bool, Meta(description="The one who asks is done with it.")]
    menu: list[MenuStep]
    former_agents: list[Colleague]
    controls: Annotated[list[str], Meta(description="The commands that the PBX takes for it now: `hold`, `blind_transfer`.")]
    answered_elsewhere_by: Annotated[str | None, Meta(description="Who answered what rang here.")]
    consulted_about: Annotated[
        str | None,
        Meta(description="The `call_id` of the call that somebody asks about in this one; customer and notes are of that."),
    ]


class DeskPbx(msgspec.Struct, frozen=True, kw_only=True):
    """The PBX that the agent's telephone is at."""

    name: str
    link: LinkView


class QueueTarget(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that a call can be passed to."""

    queue: str
    name: Annotated[str | None, Meta(description="For people, as configured.")]
    number: Annotated[str, Meta(description="What a telephone of the site dials; `to` of a transfer.")]


class DeskView(msgspec.Struct, frozen=True, kw_only=True):
    """All that an agent's page begins with, at one moment."""

    position: Annotated[int, Meta(description="Listen to events after it, and none is missed.")]
    agent: AgentView | None
    pbx: DeskPbx
    cards: Annotated[list[CardView], Meta(description="His live calls, the first one first.")]
    wrap_up: Annotated[CardView | None, Meta(description="The call after which he has still to write.")]
    wrap_up_until: Annotated[Time | None, Meta(description="When the time for that is over; null where it has no end.")]
    queues: Annotated[list[QueueView], Meta(description="Those that he serves.")]
    queue_targets: Annotated[
        list[QueueTarget], Meta(description="All queues of the PBX whose number is known: `site.queues` in the configuration.")
    ]
    mailbox: Annotated[MailboxView | None, Meta(description="His voicemail; null where the PBX has told of none.")]
    callbacks_open: Annotated[int, Meta(description="Callers of his queues and his extension whom nobody has called back.")]


def draft_view(work: CallWork, author: str) -> dict[str, Any]:
    """Return the note of somebody's work as it is shown; see :class:`CallNote`."""
    return {
        "note_id": work.note_id,
        "version": work.note_version,
        "customer_id": work.customer if work.kept_version else None,
        "call_id": work.call_id,
        "text": work.note,
        "author": work.by,
        "at": rfc3339(work.noted_at or work.changed_at),
        "draft": work.done_at is None,
        "mine": work.author == author,
    }


def note_of_customer(note: Note, name: str) -> dict[str, Any]:
    """Return a note on the customer that is about this call; see :class:`CallNote`."""
    return {
        "note_id": note.id,
        "version": note.version,
        "customer_id": note.customer,
        "call_id": note.call_id,
        "text": note.text,
        "author": note.author,
        "at": rfc3339(note.at),
        "draft": False,
        "mine": note.author == name,
    }
