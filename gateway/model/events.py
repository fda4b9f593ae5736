"""What a PBX says, in the words of CSTA (ECMA-269), one type for each thing that can happen.

A connector's mapping makes these from wire messages; the reducer in :mod:`gateway.model.calls` reads them. They name legs
and bridges by the PBX's own ids and times in seconds since the epoch (UTC). An event may come late, twice or never.
"""

from gateway.model import reports
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.reports import Event
from gateway.model.terms import BridgeKind, DialResult, DiversionReason, LegRole, QueueResult, Service, TransferKind


class LegCreated(Event, frozen=True):
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


class LegsTwinned(Event, frozen=True):
    """Two helper legs are the ends of one pipe: who is bridged with one is bridged with whoever is bridged with the other."""

    leg: LegId
    twin: LegId


class LegRenumbered(Event, frozen=True):
    """A leg's party got its number only now (AMI ``NewCallerid`` on a leg that had none)."""

    leg: LegId
    number: str
    display: str | None


class LegDialled(Event, frozen=True):
    """The PBX calls ``target`` (AMI ``DialBegin``)."""

    leg: LegId | None
    """For whom; None when the PBX calls on its own account, as for click-to-dial."""
    target: LegId
    number: str | None
    """The number sent out on ``target``, where the PBX says it."""


class LegAlerting(Event, frozen=True):
    """The leg's telephone rings (CSTA Delivered)."""

    leg: LegId


class LegConnected(Event, frozen=True):
    """The leg was answered, by a party or by the PBX (CSTA Established)."""

    leg: LegId


class DialAttempted(Event, frozen=True):
    """The dial plan dials a device; LegDialled follows, unless there was nothing that could ring (AMI ``Newexten`` Dial)."""

    leg: LegId
    device: str
    number: str | None
    """The number to be sent out, where the dial string names one."""


class DialEnded(Event, frozen=True):
    """An attempt to reach ``target`` is over. It may be said twice, with another result: the first stands."""

    leg: LegId | None
    target: LegId
    result: DialResult
    forwarded_to: str | None


class LegDiverted(Event, frozen=True):
    """The call goes on to another device than the one it was for (CSTA Diverted)."""

    leg: LegId
    """The calling leg."""
    diverted_from: str
    diverted_to: str
    reason: DiversionReason


class LegBridged(Event, frozen=True):
    """The leg came into a bridge (AMI ``BridgeEnter``)."""

    leg: LegId
    bridge: BridgeId
    kind: BridgeKind
    replaced: LegId | None
    """The leg whose place it took there, if any."""


class LegUnbridged(Event, frozen=True):
    leg: LegId
    bridge: BridgeId


class BridgesMerged(Event, frozen=True):
    """All that was in ``bridge`` is in ``into`` now."""

    bridge: BridgeId
    into: BridgeId


class LegHeld(Event, frozen=True):
    """The party of this leg put the others on hold (CSTA Held)."""

    leg: LegId
    by_feature: bool
    """By a feature code, so that the other party waits until he is bridged again, with no LegRetrieved."""


class LegRetrieved(Event, frozen=True):
    leg: LegId


class DigitPressed(Event, frozen=True):
    """The party pressed a digit for the PBX, in a menu (its context, empty where not known) or where data is collected."""

    leg: LegId
    digit: str
    menu: str


class MenuEntered(Event, frozen=True):
    """The PBX plays something and waits for input."""

    leg: LegId
    menu: str
    since: float | None
    """When the leg came into the menu's context; None where the PBX does not tell us."""


class MenuLeft(Event, frozen=True):
    leg: LegId


class MenuExpired(Event, frozen=True):
    """The menu gave up on a party who said nothing it understood."""

    leg: LegId


class ServiceStarted(Event, frozen=True):
    leg: LegId
    service: Service
    detail: str
    """The mailbox, the group, the file, as the PBX names it."""


class DialPlanFailed(Event, frozen=True):
    """The dial plan itself refused the call (AMI ``Newexten`` of Hangup, Busy, Congestion; ``Newstate`` Busy)."""

    leg: LegId
    cause: int
    """Q.850 cause, 0 where it is not known."""


class QueueJoined(Event, frozen=True):
    leg: LegId
    queue: QueueName


class QueueLeft(Event, frozen=True):
    leg: LegId
    queue: QueueName
    result: QueueResult
    """``TIMEOUT`` also stands for an answer until AgentConnected says so: PBXs tell the leaving first."""


class AgentConnected(Event, frozen=True):
    """The queue gave the caller to an agent, a member by his name (AMI ``AgentConnect``)."""

    leg: LegId
    queue: QueueName
    agent_leg: LegId | None
    agent: str
    interface: str


class AgentCompleted(Event, frozen=True):
    """The queue's own account of a conversation that is over (AMI ``AgentComplete``)."""

    leg: LegId
    queue: QueueName
    agent: str
    talk_s: int
    ended_by_agent: bool | None


class LegTransferred(Event, frozen=True):
    """A party handed the other one over (CSTA Single Step Transfer or Transferred)."""

    kind: TransferKind
    by: LegId | None
    """The transferring party's leg with the one handed over; None when another application did it."""
    consult: LegId | None
    """The transferring party's second leg, where there is one."""
    transferee: LegId | None
    target: LegId | None
    to: str | None


class ConsultationStarted(Event, frozen=True):
    """A party that is in a call calls a third one for it by a feature code, without a second leg of his own."""

    leg: LegId
    helper: LegId
    """The leg through which the PBX calls the third party; the call of its own begins with this event or with that leg."""
    to: str | None


class LegParked(Event, frozen=True):
    leg: LegId
    slot: str
    by: str | None
    """The parking party's device, such as ``PJSIP/1001``."""


class LegUnparked(Event, frozen=True):
    leg: LegId
    by: LegId | None
    """The leg that picked it up; None on time-out or hang-up."""
    timed_out: bool


class LegPickedUp(Event, frozen=True):
    """``by`` answers what rings at ``leg``."""

    leg: LegId
    by: LegId


class ConferenceJoined(Event, frozen=True):
    leg: LegId
    room: str


class RecordingStarted(Event, frozen=True):
    leg: LegId
    file: str | None


class RecordingChanged(Event, frozen=True):
    """A recording that had started records silence for a while, goes on, or stopped."""

    leg: LegId
    paused: bool
    stopped: bool


class ReleaseRequested(Event, frozen=True):
    """Who wants the leg gone, said before it is."""

    leg: LegId
    by_party: bool
    """True: its own telephone asked; False: a command of ours did."""
    cause: int
    sip: int


class LegCutOff(Event, frozen=True):
    """The PBX ends the leg because it goes down itself, whatever its party is doing (AMI ``SoftHangupRequest`` 4)."""

    leg: LegId


class LegCleared(Event, frozen=True):
    """The leg is gone (CSTA Connection Cleared; AMI ``Hangup``; ESL ``CHANNEL_HANGUP_COMPLETE``)."""

    leg: LegId
    cause: int
    """Q.850 cause, 1..127; 0 when the PBX gave none."""
    sip: int
    """The SIP code behind it; 0 when the PBX gave none."""
    fate_untold: bool = False
    """The PBX does not tell why it ended, nor, where nothing was dialled for it, whom it called and whether anybody answered."""


class DialOutRequested(Event, frozen=True):
    """What a click-to-dial is to call once the agent has answered."""

    leg: LegId
    target: str


class ConnectionMade(Event, frozen=True):
    """We hear the PBX (again); a snapshot follows where it grants one."""


class ConnectionLost(Event, frozen=True):
    """From here on we do not hear the PBX."""


class LegSeen(Event, frozen=True):
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


class QueueEntrySeen(Event, frozen=True):
    leg: LegId
    queue: QueueName
    wait_s: float


class SnapshotDone(Event, frozen=True):
    """All legs were listed: others that we knew before the connection was made have ended."""


class PbxStopped(Event, frozen=True):
    """The PBX says that it goes down."""


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
    | ConferenceJoined
    | RecordingStarted
    | RecordingChanged
    | ReleaseRequested
    | LegCutOff
    | LegCleared
    | DialOutRequested
    | ConnectionMade
    | ConnectionLost
    | LegSeen
    | QueueEntrySeen
    | SnapshotDone
    | PbxStopped
    | reports.CallDetail
    | reports.QueueSeen
    | reports.MemberChanged
    | reports.QueuesListed
    | reports.AgentLoggedIn
    | reports.AgentLoggedOut
    | reports.DeviceChanged
    | reports.MailboxChanged
)
