"""What the PBX's own call detail record says of a call that a gap hides in part.

A CDR is no truth of a call: it has a row for each leg that was dialled, its times are whole seconds, and where the PBX itself
answered first (a menu, a queue) its billed seconds count that in. So it fills in what was not heard, and nothing else.
"""

import re
from typing import Final

from gateway.model.calls import Call
from gateway.model.change import Change
from gateway.model.events import LegSeen
from gateway.model.reports import CallDetail
from gateway.model.site import Site
from gateway.model.terms import LegRole

HELPERS: Final = "Local/"
_QUEUES: Final = frozenset({"queue", "appqueue"})
_MENUS: Final = frozenset({"background", "waitexten", "read"})
_BY_DISPOSITION: Final = {"BUSY": "busy", "FAILED": "failed", "CONGESTION": "failed"}
_HANG_UP: Final = "h"
"""The dial plan's extension that runs when all is over."""
_DIALLED: Final = re.compile(r"[+*#]?\d{2,}$")
"""A number as people dial it; the dial plan's own places are ``s``, ``t``, ``1`` and the like."""
_TIMEOUT_ARGUMENT: Final = re.compile(r"[^,]*,(?P<seconds>\d+)")


def dialled_of(detail: CallDetail) -> str | None:
    """Return the number that the row says was dialled; None where it names a place in the dial plan."""
    return detail.destination if _DIALLED.match(detail.destination) else None


def device_of(leg_name: str) -> str:
    """``PJSIP/1001`` of ``PJSIP/1001-0000000c``."""
    return leg_name.rpartition("-")[0] or leg_name


def caller_seen(detail: CallDetail, ended_at: float) -> LegSeen | None:
    """Return the calling leg that a row tells of; None where it is a helper's row."""
    device = device_of(detail.leg_name)
    if device.startswith(HELPERS):
        return None
    return LegSeen(
        at=ended_at,
        leg=detail.leg,
        name=detail.leg_name,
        device=device,
        role=LegRole.ORIGINATING,
        root=detail.leg,
        number=detail.source or None,
        display=None,
        dialled=None,
        place=None,
        age_s=float(detail.duration_s),
        connected=detail.answered,
        alerting=False,
        bridge=None,
    )


def correct(change: Change, detail: CallDetail, dialled: str | None, *, answers_itself: bool) -> bool:
    """Take a row of the caller's leg in; tell whether the call's record is another now.

    Args:
        change: Of the call.
        detail: The row.
        dialled: The number that the caller dialled, where the row tells it.
        answers_itself: The PBX is known to answer this number itself before it dials anybody.
    """
    call, site = change.call, change.site
    known = next((row for row in call.details if _same(detail, row)), None)
    if known is not None and (known.ended_at is not None or detail.ended_at is None):
        return False
    before = told_of(call)
    # The row's event has no times; its line in the file has.
    call.details = (*(row for row in call.details if row is not known), detail)
    caller = call.caller
    if caller is not None and caller.dialled is None and dialled is not None:
        change.set_leg(caller, dialled=dialled)
    if not call.answered_by:
        parties = [_far_party(row, site) for row in call.details if row.answered]
        call.answered_by = tuple(dict.fromkeys(party for party in parties if party is not None))
        if call.answered_by and not call.complete:
            call.talk_known = False  # who was not heard to answer was not heard to talk either
    call.pbx_answers = answers_itself
    tell(call, site)
    return is_another(change, before)


def is_another(change: Change, before: tuple[object, ...]) -> bool:
    """Tell whether the call's record says another than :func:`told_of` before; of an ended call that is a correction."""
    call = change.call
    if before == told_of(call):
        return False
    if call.ended:
        call.version += 1
        change.tell("call.corrected", version=call.version, talk_s=call.known_talk_s)
    return True


def told_of(call: Call) -> tuple[object, ...]:
    """Return what a correction may change."""
    caller = call.caller
    dialled = None if caller is None else caller.dialled
    return (
        call.known_talk_s,
        call.ended_at,
        call.answered_at,
        call.answered_by,
        dialled,
        call.release,
        outcome_told(call),
    )


def _same(one: CallDetail, other: CallDetail) -> bool:
    """The same row may come as an event and by the file."""
    return (one.destination_leg, one.application, one.duration_s, one.billed_s, one.disposition) == (
        other.destination_leg,
        other.application,
        other.duration_s,
        other.billed_s,
        other.disposition,
    )


def tell(call: Call, site: Site) -> None:
    """Say what the rows tell of a call that a gap hides in part: when it ended, how long they talked."""
    if call.ended and ends_unheard(call):
        ends = [row.ended_at for row in call.details if row.ended_at is not None]
        # A row's seconds are cut off: nothing ended before it was last heard to go on.
        heard = max(call.began_at, call.answered_at or call.began_at)
        call.ended_at = max((*ends, heard)) if ends else call.ended_at
    _tell_talk(call, site)


def _tell_talk(call: Call, site: Site) -> None:
    """What a queue said itself stands."""
    if call.talk_known or call.queue_said:
        return
    answered = [row for row in call.details if row.answered and _far_party(row, site) is not None]
    if not call.answered_by:
        call.talk_said = 0.0 if call.details else None
    elif len(answered) == 1 and _is_plain(call):
        call.talk_said = float(answered[0].billed_s)
        told_at = answered[0].answered_at
        call.answered_at = call.answered_at or (None if told_at is None else max(told_at, call.began_at))
    else:
        call.talk_said = _heard_to_begin(call) if answered else None


def _heard_to_begin(call: Call) -> float | None:
    """Return the length of a talk that was heard to begin: to the end that was heard, or that a row tells."""
    caller = call.caller
    if not call.talk_begin_heard or not call.ended or call.ended_at is None or caller is None:
        return None
    late_s = 0.0
    if caller.cleared_unheard and caller.cleared_at is not None:
        # What was counted goes on to the snapshot after the gap.
        late_s = max(caller.cleared_at - call.ended_at - _HALF_A_SECOND, 0.0)
    return float(round(max(call.talk_s - late_s, 0.0)))


_HALF_A_SECOND: Final = 0.5
"""A row's whole seconds are cut off: on average the end is so much later."""


def _is_plain(call: Call) -> bool:
    """Tell whether the seconds billed are those of the talk: the PBX did not answer before somebody else did."""
    if (
        call.pbx_answers
        or call.queues
        or call.menus
        or call.transfers
        or any(row.application.lower() in _QUEUES for row in call.details)
    ):
        return False
    caller = call.caller
    if caller is None or caller.connected_at is None or not call.begin_heard:
        return True
    far = [leg.connected_at for leg in call.legs.values() if leg.id != caller.id and leg.connected_at is not None]
    return bool(far) and min(far) <= caller.connected_at


def ends_unheard(call: Call) -> bool:
    """Tell whether the last party's leg ended while nobody listened, so that nobody knows when."""
    ends = [(leg.cleared_at or 0.0, leg.cleared_unheard) for leg in call.legs.values() if leg.is_party]
    return bool(ends) and max(ends)[1]


def _far_party(detail: CallDetail, site: Site) -> str | None:
    """Return the extension or number that the called leg stands for."""
    if not detail.destination_leg:
        return None
    device = device_of(detail.destination_leg)
    peer = device.partition("/")[2].partition("@")[0]
    if site.is_extension(peer):
        return peer
    return detail.destination if site.is_outside(device, None) else None


def outcome_told(call: Call) -> tuple[str, str | None] | None:
    """Return how a call came out that nobody answered, and its stage, by the rows of its caller's leg; None without any."""
    rows = [row for row in call.details if row.destination != _HANG_UP] or list(call.details)
    if not rows:
        return None
    last = rows[-1]
    application = last.application.lower()
    dialled = any(row.destination_leg for row in rows)
    queued = bool(call.queues) or any(row.application.lower() in _QUEUES for row in rows)
    stage = "queue" if queued else "ringing" if dialled else call.place
    if application == "voicemail":
        return "voicemail", None
    if last.disposition in _BY_DISPOSITION:
        return _BY_DISPOSITION[last.disposition], stage
    if application == "dial":
        return ("abandoned" if _gave_up(last) else "no_answer"), stage
    if application in _QUEUES:
        # The last that the caller's leg did was to wait.
        return "abandoned", "queue"
    if application in _MENUS:
        return "abandoned", "ivr"
    if dialled or queued or not last.answered:
        return "no_answer", stage
    # The PBX answered and had nobody called; where it hung up itself, its business was done.
    return ("self_served", None) if application == "hangup" else ("abandoned", call.place)


def _gave_up(dial: CallDetail) -> bool:
    """Tell whether the caller left before the dial's time was over."""
    found = _TIMEOUT_ARGUMENT.match(dial.application_data)
    if found is None:
        return bool(dial.application_data)
    return dial.duration_s < int(found["seconds"]) - 1
