"""What the gateway tells about calls: one envelope, dotted past-tense types."""

from typing import Any

import msgspec

from gateway.model.ids import CallId, PbxName


class CallEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a call.

    Types: ``call.started call.alerting call.ringing_stopped call.answered call.held call.retrieved call.transferred
    call.diverted call.parked call.menu_entered call.digit_pressed call.service_started call.conference_joined
    call.agent_connected call.recording_started call.recording_paused call.recording_resumed call.recording_stopped
    call.ended call.merged call.corrected queue.caller_joined queue.caller_left queue.caller_abandoned``.
    """

    id: str
    """``call_id:seq``; the same in live traffic and in every replay."""
    type: str
    at: float
    """Seconds since the epoch."""
    pbx: PbxName
    call_id: CallId
    data: dict[str, Any]
