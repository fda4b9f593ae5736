"""What a PBX reports of itself beside its calls' own events: its records, its queues, its devices."""

import msgspec

from gateway.model.ids import LegId, QueueName


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True, gc=False):
    at: float
    """When, in seconds since the epoch: the PBX's own timestamp where it sends one, else the arrival of the last byte."""


class CallDetail(Event, frozen=True):
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
    """What the calling leg did last."""
    application_data: str = ""
    place: str = ""
    """The dial plan's context of ``destination``; empty where the PBX does not say it."""


class QueueSeen(Event, frozen=True):
    queue: QueueName
    waiting: int
    strategy: str


class MemberChanged(Event, frozen=True):
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
    state_interface: str = ""
    """The device whose state is the member's, where it is not ``interface``: ``hint:8001@ext-local``, ``Agent:500``."""
    dynamic: bool = False
    """Logged in at run time; else the member stands in the PBX's configuration."""
    calls_taken: int = 0
    last_call: float | None = None
    """When the queue's last conversation of the member ended, whole seconds; None when there was none."""
    last_pause: float | None = None
    """When the last pause began, whole seconds; None when there was none."""
    logged_in_at: float | None = None
    """Whole seconds; None where the PBX does not say it."""
    wrap_up_s: float = 0.0
    """Of the member itself; the queue's own is not told."""
    in_call: bool = False
    """With a caller whom the queue gave him; in a list it is sure, else it may come late."""
    listed: bool = False
    """Part of a list of all, so that nobody knows when it became so; ``QueuesListed`` follows."""


class QueuesListed(Event, frozen=True):
    """All queues and members were listed: others that we knew before the connection was made are none any more."""


class AgentLoggedIn(Event, frozen=True):
    """An agent's telephone stays connected and waits for callers (AMI ``AgentLogin``)."""

    agent: str
    device: str


class AgentLoggedOut(Event, frozen=True):
    agent: str


class MailboxChanged(Event, frozen=True):
    """What waits in a mailbox (RFC 3842; AMI ``MessageWaiting``), as it is now: it may be told again though nothing changed."""

    mailbox: str
    """As the PBX names it, such as ``1001@default``."""
    waiting: bool
    """There are messages that nobody has heard."""
    new: int | None
    """Not heard yet; None where the PBX gives no count."""
    old: int | None
    """Heard and kept."""
    urgent: int | None
    """Of the new ones those marked as urgent."""


class DeviceChanged(Event, frozen=True):
    device: str
    state: str
    """The PBX's word, such as ``NOT_INUSE``, ``INUSE``, ``RINGING``, ``UNAVAILABLE``."""
