"""What the simulated PBX tells when a command ends a call, or gives a desk a break. Pure.

A recording says nothing of what would come after its call was ended by somebody else: so it ends for everybody in it.
Source: captures of Asterisk 22.10 (hold, queue_abandon, queue_members).
"""

import re
from collections.abc import Collection
from typing import Final

from connectors.simulator.pbx_state import Fields, PbxState

Said = list[tuple[str, Fields]]
"""Events, by name and with their headers."""

NORMAL: Final = {"Cause": "16", "Cause-txt": "Normal Clearing"}
_OF_LEG: Final = (
    "Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName",
    "Language", "AccountCode", "Context", "Exten", "Priority", "Uniqueid", "Linkedid",
)  # fmt: skip
_OF_BRIDGE: Final = ("BridgeUniqueid", "BridgeType", "BridgeTechnology", "BridgeCreator", "BridgeName")


def find(state: PbxState, name: str) -> Fields | None:
    """Return the live leg of this name or id; None where there is none."""
    return next((leg for leg in state.legs.values() if name in (leg["Channel"], leg["Uniqueid"])), None)


def ended(state: PbxState, linked: Collection[str]) -> Said:
    """Return how the calls of these linked ids end."""
    legs = [leg for leg in state.legs.values() if leg.get("Linkedid") in linked]
    said: Said = []
    for leg in legs:
        entry = state.entries.get(leg["Uniqueid"])
        if entry is not None:
            place = {"Queue": entry["Queue"], "Position": "1"}
            said.append(("QueueCallerAbandon", {**_of(leg), **place, "OriginalPosition": "1", "HoldTime": "0"}))
            said.append(("QueueCallerLeave", {**_of(leg), **place, "Count": "0"}))
    bridges = {leg["BridgeId"]: state.bridges[leg["BridgeId"]] for leg in legs if leg.get("BridgeId") in state.bridges}
    for unique_id, bridge in bridges.items():
        shown = {key: bridge.get(key, "") for key in _OF_BRIDGE}
        there = [leg for leg in legs if leg.get("BridgeId") == unique_id]
        for left, leg in enumerate(there, 1):
            said.append(("BridgeLeave", {**shown, "BridgeNumChannels": str(len(there) - left), **_of(leg)}))
        said.append(("BridgeDestroy", {**shown, "BridgeNumChannels": "0"}))
    said += [("Hangup", {**_of(leg), **NORMAL}) for leg in legs]
    devices = dict.fromkeys(leg["Channel"].rpartition("-")[0] for leg in legs)
    said += [("DeviceStateChange", {"Device": device, "State": "NOT_INUSE"}) for device in devices if device in state.devices]
    for (_, interface), member in state.members.items():
        if not _devices_of(interface, member).isdisjoint(devices):
            said.append(("QueueMemberStatus", {**_shown(member), "Status": "1", "InCall": "0"}))
    return said


def paused(state: PbxState, interface: str, queue: str, *, is_paused: bool, reason: str) -> Said:
    """Return how a member's break begins or ends, in one queue or, where none is named, in all; nothing is for no member."""
    break_ = {"Paused": "1" if is_paused else "0", "PausedReason": reason}
    return [
        ("QueueMemberPause", {**_shown(member), **break_})
        for (of, at), member in state.members.items()
        if at == interface and queue in ("", of)
    ]


def _of(leg: Fields) -> Fields:
    return {key: leg.get(key, "") for key in _OF_LEG}


def _shown(member: Fields) -> Fields:
    return {key: value for key, value in member.items() if key not in ("Event", "Privilege")}


def _devices_of(interface: str, member: Fields) -> set[str]:
    watched = member.get("StateInterface") or interface
    hint = re.match(r"hint:(\d+)@", watched)
    return {watched if hint is None else f"PJSIP/{hint[1]}"}
