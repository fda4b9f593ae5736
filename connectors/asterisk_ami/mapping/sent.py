"""What an action of ours means for the calls, before Asterisk says anything of it. Pure.

A replay reads the same actions from ``sent.jsonl``: so what we commanded is told alike, live and later.
"""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.asterisk_ami.mapping.dialplan import recorded_file
from connectors.asterisk_ami.mapping.listings import number
from connectors.asterisk_ami.mapping.state import NEVER, Legs, LegState
from gateway.model.events import LegHeld, LegRetrieved, PbxEvent, ReleaseRequested

HOLDING: Final = "VOLUME(RX)"
"""The variable by which a party that holds is silenced; see ``docs/decisions``."""


def originated(state: Legs, fields: Mapping[str, str]) -> None:
    """Keep what a click-to-dial of ours is to call."""
    if fields.get("exten"):
        state.originated[fields.get("channelid") or fields.get("channel", "")] = fields["exten"]


def _redirect(leg: LegState, fields: Mapping[str, str], at: float) -> list[PbxEvent]:
    # Whatever was handed over before does not explain this.
    leg.moved_to, leg.moved_at, leg.handed_at = fields.get("exten", ""), at, NEVER
    return []


def _hangup(leg: LegState, fields: Mapping[str, str], at: float) -> list[PbxEvent]:
    return [ReleaseRequested(at=at, leg=leg.id, by_party=False, cause=0, sip=0)]


def _setvar(leg: LegState, fields: Mapping[str, str], at: float) -> list[PbxEvent]:
    if fields.get("variable") != HOLDING:
        return []
    leg.silenced = number(fields.get("value", "").removeprefix("-")) > 0
    if leg.silenced:
        return [LegHeld(at=at, leg=leg.id, by_feature=False)]
    return [LegRetrieved(at=at, leg=leg.id)]


def _mixmonitor(leg: LegState, fields: Mapping[str, str], at: float) -> list[PbxEvent]:
    # Asterisk says that a recording started, not into which file.
    leg.recording = recorded_file(fields.get("file", ""))
    return []


ABOUT_A_LEG: Final[Mapping[str, Callable[[LegState, Mapping[str, str], float], list[PbxEvent]]]] = {
    "Redirect": _redirect,
    "Hangup": _hangup,
    "Setvar": _setvar,
    "MixMonitor": _mixmonitor,
}
