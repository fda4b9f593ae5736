"""What a PBX can be told to do, in CSTA's terms (ECMA-269, call control services). A command is a wish: what came of it is told
by the PBX's events alone.

A call's command is about the device that gives it (``by``), an extension with a leg in the call: it is that device that holds,
transfers, parks. Where nobody says which, the gateway names the only inside device that talks in it.
"""

from enum import StrEnum
from typing import NewType

import msgspec

from gateway.model.calls import Call
from gateway.model.ids import LegId, PbxName, QueueName

CommandId = NewType("CommandId", str)
"""A ULID: unique, and in the order of time."""


class MonitorMode(StrEnum):
    LISTEN = "listen"
    """Hears all, is heard by nobody."""
    WHISPER = "whisper"
    """Is heard by the agent alone."""
    BARGE = "barge"
    """Is heard by all."""


class ForwardingKind(StrEnum):
    UNCONDITIONAL = "unconditional"
    BUSY = "busy"
    NO_ANSWER = "no_answer"


class _Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    pass


class PlaceCall(_Command, frozen=True, kw_only=True, tag="place_call"):
    """Ring a device, and connect it to a number when it answers (CSTA Make Call)."""

    extension: str
    number: str
    """As it is dialled at the PBX: an outside number with its prefix."""
    caller_number: str | None = None
    """What the far end is shown; None is what the PBX shows for the extension."""
    ring_s: float = 30.0
    """Seconds for which the device rings."""


class HangUp(_Command, frozen=True, kw_only=True, tag="hang_up"):
    """End one device's part in a call, or the whole call."""

    by: str | None = None
    """None ends the whole call."""


class Hold(_Command, frozen=True, kw_only=True, tag="hold"):
    by: str


class Retrieve(_Command, frozen=True, kw_only=True, tag="retrieve"):
    by: str


class BlindTransfer(_Command, frozen=True, kw_only=True, tag="blind_transfer"):
    by: str
    to: str


class Consult(_Command, frozen=True, kw_only=True, tag="consult"):
    """Hold the call and talk to somebody else: the first half of an attended transfer."""

    by: str
    to: str


class CompleteTransfer(_Command, frozen=True, kw_only=True, tag="complete_transfer"):
    by: str


class CancelTransfer(_Command, frozen=True, kw_only=True, tag="cancel_transfer"):
    """Give the consultation up and go back to the held call."""

    by: str


class Redirect(_Command, frozen=True, kw_only=True, tag="redirect"):
    """Take the caller out of where he is (ringing, a queue, a menu, a talk) and send him elsewhere (CSTA Deflect)."""

    to: str
    context: dict[str, str] = {}
    """What the PBX is told of him, for its dial plan and whoever answers: names of letters, digits and ``_``."""


class Park(_Command, frozen=True, kw_only=True, tag="park"):
    by: str
    slot: str | None = None
    """None takes any that is free."""


class SendDigits(_Command, frozen=True, kw_only=True, tag="send_digits"):
    """Press keys for a device: the other side hears them."""

    by: str
    digits: str
    """Of ``0-9 * # A-D``; masked in records as what a caller enters is."""


class StartRecording(_Command, frozen=True, kw_only=True, tag="start_recording"):
    pass


class StopRecording(_Command, frozen=True, kw_only=True, tag="stop_recording"):
    pass


class PauseRecording(_Command, frozen=True, kw_only=True, tag="pause_recording"):
    """Record silence, for a card's number say, until it goes on."""


class ResumeRecording(_Command, frozen=True, kw_only=True, tag="resume_recording"):
    pass


class Monitor(_Command, frozen=True, kw_only=True, tag="monitor"):
    """Let a supervisor's device take part in a call, as the mode says; it rings first."""

    extension: str
    agent: str
    """The extension that is listened to."""
    mode: MonitorMode


class LogIn(_Command, frozen=True, kw_only=True, tag="log_in"):
    """Serve a queue with a device."""

    queue: QueueName
    extension: str
    penalty: int = 0
    name: str | None = None


class LogOut(_Command, frozen=True, kw_only=True, tag="log_out"):
    queue: QueueName
    extension: str


class SetPause(_Command, frozen=True, kw_only=True, tag="set_pause"):
    """Take a break, or come back from it."""

    extension: str
    paused: bool
    queue: QueueName | None = None
    """None is all queues."""
    reason: str | None = None


class SetPenalty(_Command, frozen=True, kw_only=True, tag="set_penalty"):
    extension: str
    penalty: int
    queue: QueueName | None = None


class SetDoNotDisturb(_Command, frozen=True, kw_only=True, tag="set_do_not_disturb"):
    extension: str
    on: bool


class SetForwarding(_Command, frozen=True, kw_only=True, tag="set_forwarding"):
    extension: str
    kind: ForwardingKind
    to: str | None
    """None takes the forwarding away."""


CallCommand = (
    HangUp
    | Hold
    | Retrieve
    | BlindTransfer
    | Consult
    | CompleteTransfer
    | CancelTransfer
    | Redirect
    | Park
    | SendDigits
    | StartRecording
    | StopRecording
    | PauseRecording
    | ResumeRecording
    | Monitor
)
DeviceCommand = LogIn | LogOut | SetPause | SetPenalty | SetDoNotDisturb | SetForwarding
Command = PlaceCall | CallCommand | DeviceCommand


def name_of(kind: type[Command]) -> str:
    """Return the ``type`` of a kind of command: ``place_call``."""
    return str(kind.__struct_config__.tag)


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command on its way to a PBX."""

    id: CommandId
    pbx: PbxName
    command: Command
    call: Call | None = None
    """As it stands now; None for commands that are about no call."""
    consultation: Call | None = None
    """The call in which the same device consults, where there is one."""
    is_emergency: bool = False
    """Somebody calls for help: no limit of ours stands in the way."""


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """The PBX took it."""

    first_leg: LegId | None = None
    """Of a call that it begins: by it the call is found."""
