"""What a PBX says, in the words of CSTA (ECMA-269), one type for each thing that can happen.

A connector's mapping makes these from wire messages; the reducer in :mod:`gateway.model.calls` reads them. They name legs
and bridges by the PBX's own ids and times in seconds since the epoch (UTC). An event may come late, twice or never.
"""

from enum import StrEnum

import msgspec

from gateway.model.ids import BridgeId, LegId, QueueName


class LegRole(StrEnum):
    """Which way a leg was set up, seen from the PBX."""

    ORIGINATING = "originating"
    """Somebody called the PBX on it."""
    TERMINATING = "terminating"
    """The PBX called somebody on it."""
    HELPER = "helper"
    """No party at all: plumbing inside the PBX, such as half of a Local pair, an announcer, a recorder."""


class BridgeKind(StrEnum):
    TALK = "talk"
    HOLDING = "holding"
    """A place to wait in: who is in it hears no other member (a parking lot)."""


class DialResult(StrEnum):
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    """The caller gave up, or somebody else answered."""
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    DIVERTED = "diverted"


class DiversionReason(StrEnum):
    UNCONDITIONAL = "unconditional"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DEFLECTED = "deflected"


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    BLONDE = "blonde"
    REDIRECT = "redirect"
    PARK = "park"


class Service(StrEnum):
    """What the PBX itself may be to a leg instead of another party."""

    VOICEMAIL = "voicemail"
    """Takes a message for somebody."""
    MAILBOX = "mailbox"
    """Plays the messages of the one who called it."""
    ANNOUNCEMENT = "announcement"
    PAGE = "page"
    MONITOR = "monitor"
    """Listening in on somebody else's call."""
    MEDIA = "media"
    """An application outside the PBX, over AudioSocket, WebSocket or AGI."""


class QueueResult(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    LEFT = "left"
    """The queue let the caller go on in the dial plan: a key pressed, nobody logged in, or moved by somebody."""


class _Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    at: float
    """When, in seconds since the epoch: the PBX's own timestamp where it sends one, else the arrival of the last byte."""


class LegCreated(_Event, frozen=True):
    """A leg exists (CSTA Originated or Delivered; AMI ``Newchannel``; ESL ``CHANNEL_CREATE``)."""

    leg: LegId
    name: str
    """The PBX's name of it, such as ``PJSIP/1001-0000000c``."""
    device: str
    """What the leg belongs to, such as ``PJSIP/1001``; several legs at once may share it."""
    role: LegRole
    root: LegId
    """The leg that the PBX says it began with; itself when it is the first."""
    number: str | None
    """The party's own number as the PBX knows it; None when withheld or not known."""
    display: str | None
    dialled: str | None
    """What an originating leg dialled, as it arrived."""
    place: str | None
    """Where in the dial plan an originating leg came in (an Asterisk context)."""


class LegsTwinned(_Event, frozen=True):
    """Two helper legs are the ends of one pipe: who is bridged with one is bridged with whoever is bridged with the other."""

    leg: LegId
    twin: LegId


class LegRenumbered(_Event, frozen=True):
    """A leg's party got its number only now (AMI ``NewCallerid`` on a leg that had none)."""

    leg: LegId
    number: str
    display: str | None


class LegDialled(_Event, frozen=True):
    """The PBX calls ``target`` (AMI ``DialBegin``)."""

    leg: LegId | None
    """For whom; None when the PBX calls on its own account, as for click-to-dial."""
    target: LegId
    number: str | None
    """The number sent out on ``target``, where the PBX says it."""


class LegAlerting(_Event, frozen=True):
    """The leg's telephone rings (CSTA Delivered)."""

    leg: LegId


class LegConnected(_Event, frozen=True):
    """The leg was answered, by a party or by the PBX (CSTA Established)."""

    leg: LegId


class DialAttempted(_Event, frozen=True):
    """The dial plan dials a device; LegDialled follows, unless there was nothing that could ring (AMI ``Newexten`` Dial)."""

    leg: LegId
    device: str
    number: str | None
    """The number to be sent out, where the dial string names one."""


class DialEnded(_Event, frozen=True):
    """An attempt to reach ``target`` is over. It may be said twice, with another result: the first stands."""

    leg: LegId | None
    target: LegId
    result: DialResult
    forwarded_to: str | None


class LegDiverted(_Event, frozen=True):
    """The call goes on to another device than the one it was for (CSTA Diverted)."""

    leg: LegId
    """The calling leg."""
    diverted_from: str
    diverted_to: str
    reason: DiversionReason


class LegBridged(_Event, frozen=True):
    """The leg came into a bridge (AMI ``BridgeEnter``)."""

    leg: LegId
    bridge: BridgeId
    kind: BridgeKind
    replaced: LegId | None
    """The leg whose place it took there, if any."""


class LegUnbridged(_Event, frozen=True):
    leg: LegId
    bridge: BridgeId


class BridgesMerged(_Event, frozen=True):
    """All that was in ``bridge`` is in ``into`` now."""

    bridge: BridgeId
    into: BridgeId


class LegHeld(_Event, frozen=True):
    """The party of this leg put the others on hold (CSTA Held)."""

    leg: LegId
    by_feature: bool
    """By a feature code, so that the other party waits until he is bridged again, with no LegRetrieved."""


class LegRetrieved(_Event, frozen=True):
    leg: LegId


class DigitPressed(_Event, frozen=True):
    """The party pressed a digit for the PBX, in a menu or where data is collected."""

    leg: LegId
    digit: str
    menu: str
    """The menu's context, where it is known, else empty."""


class MenuEntered(_Event, frozen=True):
    """The PBX plays something and waits for input."""

    leg: LegId
    menu: str
    since: float
    """When the leg came into the menu's context."""


class MenuLeft(_Event, frozen=True):
    leg: LegId


class MenuExpired(_Event, frozen=True):
    """The menu gave up on a party who said nothing it understood."""

    leg: LegId


class ServiceStarted(_Event, frozen=True):
    leg: LegId
    service: Service
    detail: str
    """The mailbox, the group, the file, as the PBX names it."""


class DialPlanFailed(_Event, frozen=True):
    """The dial plan itself refused the call with this Q.850 cause (AMI ``Newexten`` of Hangup, Busy, Congestion)."""

    leg: LegId
    cause: int


class QueueJoined(_Event, frozen=True):
    leg: LegId
    queue: QueueName


class QueueLeft(_Event, frozen=True):
    leg: LegId
    queue: QueueName
    result: QueueResult
    """``TIMEOUT`` also stands for an answer until AgentConnected says so: PBXs tell the leaving first."""


class AgentConnected(_Event, frozen=True):
    """The queue gave the caller to an agent (AMI ``AgentConnect``)."""

    leg: LegId
    queue: QueueName
    agent_leg: LegId | None
    agent: str
    """The member's name."""
    interface: str


class AgentCompleted(_Event, frozen=True):
    """The queue's own account of a conversation that is over (AMI ``AgentComplete``)."""

    leg: LegId
    queue: QueueName
    agent: str
    talk_s: int
    ended_by_agent: bool | None


class LegTransferred(_Event, frozen=True):
    """A party handed the other one over (CSTA Single Step Transfer or Transferred)."""

    kind: TransferKind
    by: LegId | None
    """The transferring party's leg with the one handed over; None when another application did it."""
    consult: LegId | None
    """The transferring party's second leg, where there is one."""
    transferee: LegId | None
    target: LegId | None
    to: str | None


class ConsultationStarted(_Event, frozen=True):
    """A party that is in a call calls a third one for it by a feature code, without a second leg of his own."""

    leg: LegId
    helper: LegId
    """The leg through which the PBX calls the third party."""
    to: str | None


class LegParked(_Event, frozen=True):
    leg: LegId
    slot: str
    by: str | None
    """The parking party's device, such as ``PJSIP/1001``."""


class LegUnparked(_Event, frozen=True):
    leg: LegId
    by: LegId | None
    """The leg that picked it up; None on time-out or hang-up."""
    timed_out: bool


class LegPickedUp(_Event, frozen=True):
    """``by`` answers what rings at ``leg``."""

    leg: LegId
    by: LegId


class LegReplaced(_Event, frozen=True):
    """``leg`` goes on under the id ``by`` (Asterisk's masquerade)."""

    leg: LegId
    by: LegId


class ConferenceJoined(_Event, frozen=True):
    leg: LegId
    room: str


class RecordingStarted(_Event, frozen=True):
    leg: LegId
    file: str | None


class ReleaseRequested(_Event, frozen=True):
    """Who wants the leg gone, said before it is."""

    leg: LegId
    by_party: bool
    """True: its own telephone asked; False: a command of ours did."""
    cause: int
    sip: int


class LegCleared(_Event, frozen=True):
    """The leg is gone (CSTA Connection Cleared; AMI ``Hangup``; ESL ``CHANNEL_HANGUP_COMPLETE``)."""

    leg: LegId
    cause: int
    """Q.850 cause, 1..127; 0 when the PBX gave none."""
    sip: int
    """The SIP code behind it; 0 when the PBX gave none."""


class DialOutRequested(_Event, frozen=True):
    """What a click-to-dial is to call once the agent has answered."""

    leg: LegId
    target: str


class ConnectionMade(_Event, frozen=True):
    """We hear the PBX (again); a snapshot follows where it grants one."""


class ConnectionLost(_Event, frozen=True):
    """From here on we do not hear the PBX."""


class LegSeen(_Event, frozen=True):
    """A leg that a snapshot lists."""

    leg: LegId
    name: str
    device: str
    role: LegRole
    root: LegId
    number: str | None
    display: str | None
    dialled: str | None
    place: str | None
    age_s: float
    connected: bool
    alerting: bool
    bridge: BridgeId | None


class QueueEntrySeen(_Event, frozen=True):
    leg: LegId
    queue: QueueName
    wait_s: float


class SnapshotDone(_Event, frozen=True):
    """All legs were listed: others that we knew before the connection was made have ended."""


class PbxStopped(_Event, frozen=True):
    """The PBX says that it goes down."""


class CallDetail(_Event, frozen=True):
    """One row of the PBX's own call detail record."""

    leg: LegId
    leg_name: str
    source: str
    destination: str
    started_at: float | None
    """None where the row's clock is not known: AMI gives local time without a zone."""
    answered_at: float | None
    ended_at: float | None
    duration_s: int
    billed_s: int
    answered: bool
    disposition: str
    destination_leg: str
    """The name of the leg that was called, such as ``PJSIP/1001-0000000c``."""
    application: str


class QueueSeen(_Event, frozen=True):
    queue: QueueName
    waiting: int
    strategy: str


class MemberChanged(_Event, frozen=True):
    """A queue's member as it is now."""

    queue: QueueName
    member: str
    interface: str
    device_state: int
    """Asterisk's device state number, 0 unknown .. 8 on hold."""
    paused: bool
    reason: str
    penalty: int
    removed: bool


class DeviceChanged(_Event, frozen=True):
    device: str
    state: str
    """The PBX's word, such as ``NOT_INUSE``, ``INUSE``, ``RINGING``, ``UNAVAILABLE``."""


PbxEvent = (
    LegCreated
    | LegsTwinned
    | LegRenumbered
    | LegDialled
    | LegAlerting
    | LegConnected
    | DialAttempted
    | DialEnded
    | LegDiverted
    | LegBridged
    | LegUnbridged
    | BridgesMerged
    | LegHeld
    | LegRetrieved
    | DigitPressed
    | MenuEntered
    | MenuLeft
    | MenuExpired
    | ServiceStarted
    | DialPlanFailed
    | QueueJoined
    | QueueLeft
    | AgentConnected
    | AgentCompleted
    | LegTransferred
    | ConsultationStarted
    | LegParked
    | LegUnparked
    | LegPickedUp
    | LegReplaced
    | ConferenceJoined
    | RecordingStarted
    | ReleaseRequested
    | LegCleared
    | DialOutRequested
    | ConnectionMade
    | ConnectionLost
    | LegSeen
    | QueueEntrySeen
    | SnapshotDone
    | PbxStopped
    | CallDetail
    | QueueSeen
    | MemberChanged
    | DeviceChanged
)
