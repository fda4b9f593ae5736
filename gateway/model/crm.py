"""What the gateway and a CRM say to each other about people and calls, in words that fit every CRM.

A *contact* is whomever the CRM keeps a number of: a person, a company, a lead. An *activity* is the one record that the CRM
keeps of a customer's call, whatever it calls it.
"""

from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from gateway.model.ids import CallId, PbxName


class CrmAbility(StrEnum):
    """What an adapter can do; each is a Protocol of :mod:`gateway.ports.crm`."""

    FIND = "find"
    """Tell who has a number (``FindsContacts``)."""
    CALLS = "calls"
    """Keep one activity a call (``KeepsCalls``)."""
    COUNT_CALLS = "count_calls"
    """Tell which activities there are of a call (``CountsCalls``)."""
    WITHDRAW_CALLS = "withdraw_calls"
    """Take an activity away whose call became a part of another (``WithdrawsCalls``)."""
    RECORDINGS = "recordings"
    """Keep a call's sound (``KeepsRecordings``)."""
    CONTACTS = "contacts"
    """Make contacts and leads (``MakesContacts``)."""
    TICKETS = "tickets"
    """Make tickets (``MakesTickets``)."""
    USERS = "users"
    """Tell who works with it, and at which extension (``ListsUsers``)."""
    POP = "pop"
    """Show a card on its own pages while a telephone rings (``PopsCards``)."""
    CALLBACKS = "callbacks"
    """Ask for calls: somebody clicked on a number in it (``TakesCallbacks``)."""


class Verification(StrEnum):
    """How far it is known that an adapter does what it says, best first."""

    REAL_SERVER = "real server"
    VENDOR_SCHEMA = "vendor schema"
    VENDOR_SIMULATOR = "vendor simulator"
    DOCUMENTATION_ONLY = "documentation only"


class ContactKind(StrEnum):
    CONTACT = "contact"
    LEAD = "lead"
    COMPANY = "company"


class CrmContact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a CRM."""

    id: str
    """The CRM's own; with its table's name where a number alone says not which, such as ``Contact/65ab``."""
    kind: ContactKind = ContactKind.CONTACT
    name: str | None = None
    company: str | None = None
    numbers: tuple[str, ...] = ()
    """As the CRM keeps them."""
    email: str | None = None
    language: str | None = None
    owner: str | None = None
    """The id of the CRM's user who looks after him."""
    url: str | None = None
    """His page in the CRM, for a browser."""
    last_contact_at: float | None = None
    """Seconds since the epoch, where the CRM tells."""


class CrmUser(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works with a CRM."""

    id: str
    login: str | None = None
    name: str | None = None
    email: str | None = None
    extension: str | None = None
    """Of his telephone, as the CRM has it."""


class CallStage(StrEnum):
    """How far a call has come; it only goes on."""

    RINGING = "ringing"
    """Begun: in a menu, in a queue or ringing somewhere."""
    ANSWERED = "answered"
    ENDED = "ended"


class RecordingLink(msgspec.Struct, frozen=True, kw_only=True):
    """Where a call's sound is."""

    url: str
    """For whoever may hear it: the gateway asks him who he is."""
    seconds: float | None = None


class CallActivity(msgspec.Struct, frozen=True, kw_only=True):
    """A call as a CRM should know it now. Each one says all: none builds on the one before."""

    call_id: CallId
    """Unique for good; the same through queues, groups and transfers."""
    pbx: PbxName
    stage: CallStage
    direction: Literal["inbound", "outbound", "internal"]
    number: str | None
    """The customer's: E.164, else what the PBX said; None when withheld."""
    our_number: str | None = None
    """Which of our numbers he called, or was called from, as the PBX said."""
    extension: str | None = None
    """Of the agent whose call it is: who talks with the customer, else who talked last, else the only one who rings or rang."""
    rang: tuple[str, ...] = ()
    """All extensions that rang, once the call has ended."""
    owner: CrmUser | None = None
    """Who has that extension; None where the CRM knows nobody with it."""
    contact: CrmContact | None = None
    """Who called; None where the CRM knows nobody, or several and no policy chose."""
    started_at: float
    """Seconds since the epoch, as all times."""
    answered_at: float | None = None
    ended_at: float | None = None
    talk_s: float | None = None
    """Seconds talked; None while it is not known."""
    outcome: str | None = None
    """Of an ended call: ``answered``, ``abandoned``, ``no_answer``, ``busy``, ``voicemail`` and the others of a call record."""
    queue: str | None = None
    agents: tuple[str, ...] = ()
    """Names of those who talked with him, in order."""
    disposition: str | None = None
    """What the agent chose, as people read it."""
    note: str | None = None
    """What agents wrote, as plain text."""
    transcript: str | None = None
    """What was said or typed to the ITR, a line a turn."""
    recording: RecordingLink | None = None

    @property
    def subject(self) -> str:
        """One line for lists: ``Inbound call +8613800138000``."""
        return f"{self.direction.capitalize()} call {self.number or 'number withheld'}"


class NewContact(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to be added to a CRM."""

    kind: Literal[ContactKind.CONTACT, ContactKind.LEAD] = ContactKind.CONTACT
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    number: str | None = None
    """E.164."""
    email: str | None = None
    company: str | None = None
    owner: CrmUser | None = None
    text: str | None = None


class NewTicket(msgspec.Struct, frozen=True, kw_only=True):
    """A ticket to be made."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    text: str = ""
    contact: CrmContact | None = None
    owner: CrmUser | None = None
    call_id: CallId | None = None
    number: str | None = None
    """The customer's, E.164."""


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What was made in a CRM."""

    id: str
    url: str | None = None


class ClickToCall(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody clicked on a number in a CRM."""

    number: str
    extension: str | None = None
    """From which telephone; None where only the user is known."""
    user: str | None = None
    """The CRM's user id."""
