"""Every event that the gateway tells, with what stands in its ``data``: ``/asyncapi.json`` is made of it.

Whoever tells a new one adds it here.
"""

from typing import Annotated, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from gateway.api.callbacks import CallbackView
from gateway.api.conversation_views import ConversationTold, MessageTold
from gateway.api.crms import MatchView
from gateway.api.mailboxes import MailboxView
from gateway.api.records import CustomerBehind, Direction, EndedBy, OutcomeName, Seconds, Stage, Time, TransferResult
from gateway.model.agent_states import AgentState
from gateway.model.terms import DiversionReason, Service, TransferKind
from gateway.ports.connector import LinkStatus


class EventType(msgspec.Struct, frozen=True):
    """One type of event."""

    name: str
    """``call.answered``"""
    summary: str
    data: type[msgspec.Struct]


class _Data(msgspec.Struct, frozen=True, kw_only=True):
    pass


class NoData(_Data, frozen=True, kw_only=True):
    """The type says all."""


class CallStarted(_Data, frozen=True, kw_only=True):
    caller: Annotated[str | None, Meta(description="The caller's number or extension, as the PBX sent it.")]
    called: Annotated[str | UnsetType | None, Meta(description="What was dialled.")] = UNSET
    leg: Annotated[str | UnsetType, Meta(description="The PBX's own id of the first leg.")] = UNSET


class CallAlerting(_Data, frozen=True, kw_only=True):
    leg: str
    party: Annotated[str | None, Meta(description="Whose telephone rings.")]
    direction: Direction | None
    caller: Annotated[str | None, Meta(description="Who calls, as the call record names him; null when withheld.")]
    caller_name: str | None
    caller_e164: str | None
    called: str | None
    queue: Annotated[str | None, Meta(description="The last queue that he joined.")]
    queued_since: Time | None
    ivr_path: Annotated[list[str], Meta(description="The menus that he passed.")]
    digits: Annotated[str, Meta(description="What he pressed in them; data is masked.")]


class RingingStopped(_Data, frozen=True, kw_only=True):
    leg: str
    party: Annotated[str | None, Meta(description="Whose telephone has stopped ringing, unanswered.")]
    answered_by: Annotated[str | None, Meta(description="Who answered instead, as an extension or a number.")]


class ByLeg(_Data, frozen=True, kw_only=True):
    by: Annotated[str | None, Meta(description="Who did it, as an extension or a number.")]
    leg: str


class CallTransferred(_Data, frozen=True, kw_only=True):
    kind: TransferKind
    by: str | None
    to: str | None
    result: Annotated[TransferResult | None, Meta(description="Null while it is open; told again once it is known.")]


class CallDiverted(_Data, frozen=True, kw_only=True, rename={"diverted_from": "from", "diverted_to": "to"}):
    diverted_from: str
    diverted_to: str
    reason: DiversionReason


class CallParked(_Data, frozen=True, kw_only=True):
    slot: str | None
    by: str | None


class MenuEntered(_Data, frozen=True, kw_only=True):
    menu: str


class DigitPressed(_Data, frozen=True, kw_only=True):
    digit: Annotated[str, Meta(description="One of `0-9 * # A-D`, or `x` where it is masked.")]
    menu: str | None


class ServiceStarted(_Data, frozen=True, kw_only=True):
    service: Annotated[Service, Meta(description="What the PBX itself is to the caller.")]
    detail: str | None


class ConferenceJoined(_Data, frozen=True, kw_only=True):
    room: str
    party: str | None


class AgentConnected(_Data, frozen=True, kw_only=True):
    agent: str
    extension: str | None
    queue: str | None


class RecordingStarted(_Data, frozen=True, kw_only=True):
    file: str


class CallEnded(_Data, frozen=True, kw_only=True):
    outcome: OutcomeName
    stage: Stage | None
    ended_by: EndedBy | None
    talk_s: Seconds | None


class Merged(_Data, frozen=True, kw_only=True, rename={"merged_from": "from"}):
    merged_from: Annotated[str, Meta(description="What is none of its own any more.")]
    into: str


class CallCorrected(_Data, frozen=True, kw_only=True):
    version: int
    talk_s: Seconds | None


class MatchTold(MatchView, _Data, frozen=True, kw_only=True):
    pass


class CallDisposed(_Data, frozen=True, kw_only=True):
    disposition: Annotated[str | None, Meta(description="Its `id`; null where it was taken back.")]
    done: Annotated[bool, Meta(description="The one who filed it has nothing more to write.")]
    by: str
    extension: str | None


class CallNoted(_Data, frozen=True, kw_only=True):
    note_id: str
    version: Annotated[int, Meta(description="Counts what was written; the text is read by the API.")]
    customer_id: Annotated[str | None, Meta(description="Whose note it is; null while it is kept with the call alone.")]
    by: str
    extension: str | None


class CallbackChanged(_Data, frozen=True, kw_only=True):
    queue: str | None
    extension: str | None
    callback: CallbackView


class InQueue(_Data, frozen=True, kw_only=True):
    queue: str


class Membership(_Data, frozen=True, kw_only=True):
    """A queue that an agent serves."""

    queue: str
    paused: bool
    reason: str | None
    penalty: int
    logged_in_at: Time | None


class AgentStateChanged(_Data, frozen=True, kw_only=True):
    extension: str | None
    agent: str | None
    name: str | None
    state: AgentState
    reason: str | None
    since: Time | None
    call_id: str | None
    queue: str | None
    queues: list[str]
    memberships: list[Membership]


class MailboxChanged(MailboxView, frozen=True, kw_only=True):
    pass


class CommandAccepted(_Data, frozen=True, kw_only=True):
    command_id: str
    command: Annotated[str, Meta(description="What was asked: `place_call`, `hold`.")]
    state: str
    principal: Annotated[str, Meta(description="Who asked.")]
    extension: str | None
    began: Annotated[str | None, Meta(description="The `call_id` of the call that it began.")]


class CommandFailed(CommandAccepted, frozen=True, kw_only=True):
    refusal: Annotated[str | None, Meta(description="The kind of problem, as the API tells it.")]
    reason: Annotated[str | None, Meta(description="For a person.")]


class CustomerChanged(_Data, frozen=True, kw_only=True):
    customer_id: str
    changed: Annotated[list[str], Meta(description="Names of fields; what stands in them is read by the API.")]
    by: str


class CustomerMerged(Merged, frozen=True, kw_only=True):
    by: str


class CustomerParted(_Data, frozen=True, kw_only=True, rename={"parted_from": "from"}):
    customer_id: str
    parted_from: str
    by: str


class CustomerErased(_Data, frozen=True, kw_only=True):
    customer_id: str
    customer_ids: list[str]
    by: str


class RecordingAvailable(_Data, frozen=True, kw_only=True):
    recording_id: str
    version: Annotated[int, Meta(description="Tells a second delivery from a change.")]
    file: str
    size: int | None
    duration_s: Seconds | None
    sha256: str | None
    warning: str | None


class RecordingFailed(_Data, frozen=True, kw_only=True):
    recording_id: str
    version: Annotated[int, Meta(description="Tells a second delivery from a change.")]
    file: str
    problem: Annotated[str | None, Meta(description="For a person.")]
    attempts: int


class LinkChanged(_Data, frozen=True, kw_only=True):
    status: LinkStatus
    detail: Annotated[str, Meta(description="For a person: what happened, what to change and where.")]


class Gap(_Data, frozen=True, kw_only=True):
    began_at: Time
    ended_at: Time
    seconds: Seconds
    reason: str


EVENTS: Final = (
    EventType("call.started", "A call began: the first leg of a party exists", CallStarted),
    EventType("call.alerting", "A telephone rings", CallAlerting),
    EventType("call.ringing_stopped", "A telephone stopped ringing that nobody answered", RingingStopped),
    EventType("call.answered", "A party other than the caller talks with the caller's side for the first time", ByLeg),
    EventType("call.agent_connected", "A queue gave the caller to an agent", AgentConnected),
    EventType("call.held", "A party of the call was put on hold by the other", ByLeg),
    EventType("call.retrieved", "The hold is over", NoData),
    EventType("call.transferred", "A transfer, and again when its result is known", CallTransferred),
    EventType("call.diverted", "A forward, a redirection by a telephone, an overflow", CallDiverted),
    EventType("call.parked", "The call was parked", CallParked),
    EventType("call.menu_entered", "The caller is in a menu", MenuEntered),
    EventType("call.digit_pressed", "The caller pressed a key in a menu", DigitPressed),
    EventType("call.service_started", "The PBX itself serves the caller: a mailbox, an application", ServiceStarted),
    EventType("call.conference_joined", "A party came into a conference", ConferenceJoined),
    EventType("call.recording_started", "The PBX records", RecordingStarted),
    EventType("call.recording_paused", "The recording holds silence from here on", NoData),
    EventType("call.recording_resumed", "The recording goes on", NoData),
    EventType("call.recording_stopped", "The recording was stopped before the call's end", NoData),
    EventType("call.ended", "The last party hung up; the record is complete but for corrections", CallEnded),
    EventType("call.merged", "A call became part of another; move what was logged under `from`", Merged),
    EventType("call.corrected", "An ended call's record says another now; `version` counts", CallCorrected),
    EventType(
        "call.customer_identified",
        "Who is behind the caller's number; again when that changes, and where he is known for telephones that ring later",
        CustomerBehind,
    ),
    EventType("call.crm_matched", "A CRM said whom it knows with the caller's number, or that it does not say", MatchTold),
    EventType("call.disposed", "Somebody filed the call, or is done with it", CallDisposed),
    EventType("call.noted", "Somebody wrote a note on the call", CallNoted),
    EventType("callback.changed", "A caller is to be called, somebody has taken that on, or it is done", CallbackChanged),
    EventType("conversation.started", "A visitor has begun to write, on a channel of text", ConversationTold),
    EventType(
        "conversation.message_added", "Somebody wrote in a conversation: the visitor, an agent, an application", MessageTold
    ),
    EventType(
        "conversation.handed_over", "A visitor waits for an agent: an application or an agent gave him over", ConversationTold
    ),
    EventType("conversation.taken", "An agent has taken a conversation", ConversationTold),
    EventType("conversation.closed", "A conversation is over, or was filed", ConversationTold),
    EventType("queue.caller_joined", "A caller waits in a queue", InQueue),
    EventType("queue.caller_left", "A caller left a queue, to an agent or otherwise", InQueue),
    EventType("queue.caller_abandoned", "A caller gave up in a queue", InQueue),
    EventType("agent.state_changed", "An agent's state, its reason or his queues changed", AgentStateChanged),
    EventType("mailbox.changed", "Voicemail came, or was heard or deleted", MailboxChanged),
    EventType("command.accepted", "The PBX took a command; what comes of it is told by the call's own events", CommandAccepted),
    EventType("command.failed", "A command was refused, or what came of it is not known", CommandFailed),
    EventType("customer.created", "There is a new customer", CustomerChanged),
    EventType("customer.changed", "What is known of a customer changed", CustomerChanged),
    EventType("customer.merged", "Two customers turned out to be one", CustomerMerged),
    EventType("customer.parted", "What was taken for one customer is two", CustomerParted),
    EventType("customer.erased", "A customer's data were erased on his wish", CustomerErased),
    EventType("recording.available", "A recording can be heard", RecordingAvailable),
    EventType("recording.failed", "A recording could not be fetched", RecordingFailed),
    EventType("gateway.link_changed", "How the gateway stands with a PBX", LinkChanged),
    EventType("gateway.gap", "A time in which a PBX was not heard", Gap),
)
"""In the order in which they are described."""
