"""What FreeSWITCH lists when it is asked: its legs, who is bridged with whom, who waits, who serves. Pure.

The snapshot is done with the answer to ``show calls as json``, which follows that to ``show channels as json``.
"""

from collections import Counter
from typing import Any, Final

import msgspec

from connectors.freeswitch_esl.mapping.agents import AGENTS, QUEUES, TIERS, rows_of
from connectors.freeswitch_esl.mapping.dialstring import device_of, is_helper
from connectors.freeswitch_esl.mapping.legs import NO_NUMBER, root_of
from connectors.freeswitch_esl.mapping.registrations import REGISTRATIONS
from connectors.freeswitch_esl.mapping.state import Legs, LegState, known
from connectors.freeswitch_esl.protocol.message import EslMessage
from gateway.model.events import LegSeen, PbxEvent, QueueEntrySeen, SnapshotDone
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.terms import LegRole

CHANNELS: Final = "show channels as json"
CALLS: Final = "show calls as json"
MEMBERS: Final = "callcenter_config queue list members"
_ROWS: Final = '{"row_count"'
_MEMBERS: Final = "queue|instance_id|uuid|session_uuid|"
_WAITING: Final = frozenset({"Waiting", "Trying"})
_UP: Final = frozenset({"ACTIVE", "HELD", "UNHELD", "RING_WAIT"})
_RINGING: Final = frozenset({"RINGING", "EARLY"})

Row = dict[str, str]


def listed(state: Legs, command: str, text: str, at: float) -> list[PbxEvent]:
    """Return what the answer to an ``api`` command says; nothing where it is about something else."""
    if command == CHANNELS and text.startswith(_ROWS):
        state.listed = {LegId(row["uuid"]): row for row in _rows(text) if row.get("uuid")}
        return []
    if command == CALLS and text.startswith(_ROWS):
        return _done(state, _rows(text), at)
    if command in (QUEUES, AGENTS, TIERS):
        waiting = Counter(leg.queue for leg in state.legs.values() if leg.queue is not None)
        return state.center.listed(command, text, at, waiting)
    if command == REGISTRATIONS and text.startswith(_ROWS):
        return state.registrations.listed(_rows(text), at)
    if command.startswith(MEMBERS) and text.startswith(_MEMBERS):
        return _members(state, text, at)
    return []


def _rows(text: str) -> list[Row]:
    try:
        found: dict[str, Any] = msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError:
        return []
    rows = found.get("rows")
    if not isinstance(rows, list):
        return []
    return [{str(key): str(value) for key, value in row.items()} for row in rows if isinstance(row, dict)]


def _done(state: Legs, calls: list[Row], at: float) -> list[PbxEvent]:
    """Tell all legs with their bridges, and that there are no others."""
    if state.listed is None:
        return []
    bridges: dict[LegId, tuple[BridgeId, LegId]] = {}
    for call in calls:
        first, second = LegId(call.get("uuid", "")), LegId(call.get("b_uuid", ""))
        if first in state.listed and second in state.listed and call.get("b_callstate") in _UP:
            bridge = BridgeId(f"{first}+{second}")
            bridges |= {first: (bridge, second), second: (bridge, first)}
    events: list[PbxEvent] = []
    for leg_id, row in state.listed.items():
        if state.is_gone(leg_id):
            continue
        pair = bridges.get(leg_id)
        seen = _seen(leg_id, row, state.listed, None if pair is None else pair[0], at)
        _remember(state, seen, None if pair is None else pair[1])
        events.append(seen)
    for leg_id in [leg_id for leg_id in state.unconfirmed if leg_id not in state.listed]:
        state.remove(leg_id)
    state.listed = None
    state.unconfirmed.clear()
    events.append(SnapshotDone(at=at))
    return events


def _seen(leg_id: LegId, row: Row, listed_legs: dict[LegId, Row], bridge: BridgeId | None, at: float) -> LegSeen:
    name, call_state = row.get("name", ""), row.get("callstate", "")
    terminating = row.get("direction") == "outbound"
    root = LegId(row.get("call_uuid", ""))
    number = row.get("initial_dest" if terminating else "initial_cid_num", "")
    created = row.get("created_epoch", "")
    return LegSeen(
        at=at,
        leg=leg_id,
        name=name,
        device=device_of(name, row.get("gateway", "")),
        role=LegRole.HELPER if is_helper(name) else LegRole.TERMINATING if terminating else LegRole.ORIGINATING,
        root=root if terminating and root in listed_legs else leg_id,
        number=None if number in NO_NUMBER else number,
        display=known(row.get("callee_name" if terminating else "initial_cid_name", "")),
        dialled=None if terminating else known(row.get("initial_dest", "")),
        place=known(row.get("initial_context", "")),
        age_s=max(at - int(created), 0.0) if created.isdigit() else 0.0,
        connected=call_state in _UP,
        alerting=terminating and call_state in _RINGING,
        bridge=bridge,
    )


def _remember(state: Legs, seen: LegSeen, peer: LegId | None) -> None:
    leg = state.legs.get(seen.leg)
    if leg is None:
        terminating = seen.role is LegRole.TERMINATING
        leg = LegState(seen.leg, seen.name, seen.device, seen.number, terminating=terminating)
        leg.dialled, leg.dialled_for = seen.dialled, seen.root if terminating and seen.root != seen.leg else None
        state.add(leg)
    leg.bridge, leg.peer = seen.bridge, peer
    if peer is not None:
        leg.last_peer = peer


def _members(state: Legs, text: str, at: float) -> list[PbxEvent]:
    """Tell who waits in a queue of mod_callcenter."""
    events: list[PbxEvent] = []
    for row in rows_of(text):
        leg = state.legs.get(LegId(row.get("session_uuid", "")))
        if leg is None or row.get("state") not in _WAITING:
            continue
        leg.queue = QueueName(row["queue"])
        joined = row.get("joined_epoch", "")
        wait_s = max(at - int(joined), 0.0) if joined.isdigit() else 0.0
        events.append(QueueEntrySeen(at=at, leg=leg.id, queue=leg.queue, wait_s=wait_s))
    return events


def met(state: Legs, message: EslMessage, at: float) -> list[PbxEvent]:
    """Tell a leg that was never announced, by an event about it: it was there before we were."""
    leg_id = LegId(message.get("Unique-ID"))
    if not leg_id or leg_id in state.legs or state.is_gone(leg_id):
        return []
    name = message.get("Channel-Name")
    if not name:
        return []
    created = message.get("Caller-Channel-Created-Time")
    row = {
        "name": name,
        "direction": message.get("Call-Direction"),
        "call_uuid": root_of(state, message, leg_id),
        "gateway": message.get("variable_sip_gateway_name"),
        "initial_dest": message.get("Caller-Destination-Number"),
        "initial_cid_num": message.get("Caller-Orig-Caller-ID-Number") or message.get("Caller-Caller-ID-Number"),
        "initial_cid_name": message.get("Caller-Caller-ID-Name"),
        "callee_name": message.get("Caller-Callee-ID-Name"),
        "initial_context": message.get("Caller-Context"),
        "created_epoch": created[:-6] if created.isdigit() else "",
        "callstate": "ACTIVE" if message.get("Answer-State") == "answered" else "",
    }
    others = dict.fromkeys(state.legs, row) | {leg_id: row}
    seen = _seen(leg_id, row, others, None, at)
    _remember(state, seen, None)
    return [seen]
