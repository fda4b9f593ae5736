"""What there is when we come: legs, bridges, queues with their members, devices. Asked for on each (re)connect.

The lists' events go through the decoder and the mapping as all others do, in order; here is only what to ask, and what to do when
the PBX does not grant it.

Source: docs.asterisk.org, AMI ``CoreShowChannels``, ``Status``, ``BridgeList``, ``BridgeInfo``, ``QueueStatus``,
``DeviceStateList``, ``VoicemailUsersList``; the rights are those of Asterisk's ``ast_manager_register_xml`` calls.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import msgspec
import structlog

from connectors.asterisk_ami.link import Answer
from connectors.asterisk_ami.mapping.listings import leg_seen
from gateway.model.events import LegSeen, PbxEvent, SnapshotDone
from gateway.model.ids import BridgeId

MAX_BRIDGES: Final = 1000
"""Bridges that we ask for one by one, where the PBX does not list its legs."""

Ask = Callable[[str, Sequence[tuple[str, str]]], Awaitable[Answer]]

_CHANNELS: Final = "CoreShowChannels"
_OTHERS: Final = (("QueueStatus", "none"), ("DeviceStateList", "call or reporting"))
"""Lists beside the legs, and the right that each needs in ``write``."""
_VOICEMAIL: Final = "VoicemailUsersList"
"""Tells what waits in each mailbox. It needs no other rights than those lists; a PBX may have no voicemail, or another's."""
_STATUS: Final = "Status"
"""Lists the legs too, to users with any of some rights, and with what they dialled; its bridges are no better."""
LISTS: Final = (_CHANNELS, "BridgeList", *(action for action, _ in _OTHERS), _STATUS)
"""All that a snapshot asks for, and a recording holds: the list of mailboxes, with addresses of people, is not recorded."""

log = structlog.get_logger(__name__)


class Snapshot(msgspec.Struct):
    """What asking brought beside what the mapping heard."""

    events: list[PbxEvent] = []
    missing: list[str] = []
    """For the operator: which rights would tell more."""


async def take_snapshot(ask: Ask, pbx: str, first_answer: Callable[[], None]) -> Snapshot:
    """Ask for all lists. Cancelling is safe.

    Args:
        ask: Sends an action and returns its answer.
        pbx: For the log.
        first_answer: Called when the first list is complete.

    Raises:
        CommandUnansweredError: The PBX did not answer, or the connection ended.
    """
    snapshot = Snapshot()
    legs = await ask(_CHANNELS, ())
    first_answer()
    if _refused(legs):
        _note(snapshot, pbx, _CHANNELS, "reporting", legs)
        snapshot.events = await _legs_by_status(ask) or await _legs_of_bridges(ask)
    else:
        await ask("BridgeList", ())
        await ask(_STATUS, ())
    for action, right in _OTHERS:
        answer = await ask(action, ())
        if _refused(answer):
            _note(snapshot, pbx, action, right, answer)
    await ask(_VOICEMAIL, ())
    return snapshot


async def _legs_by_status(ask: Ask) -> list[PbxEvent]:
    """Find the legs by the list that needs less; nothing where that is refused too."""
    answer = await ask(_STATUS, ())
    if _refused(answer):
        return []
    seen = [leg_seen(message, answer.at) for message in answer.messages if message.name == _STATUS]
    legs = [leg for leg in seen if leg is not None]
    return [*sorted(legs, key=lambda leg: (leg.leg != leg.root, -leg.age_s, leg.leg)), SnapshotDone(at=answer.at)]


async def _legs_of_bridges(ask: Ask) -> list[PbxEvent]:
    """Find the legs that are bridged, for which no right is needed. Those that ring or wait are heard of when they move."""
    events: list[PbxEvent] = []
    bridges = await ask("BridgeList", ())
    for item in [message for message in bridges.messages if message.name == "BridgeListItem"][:MAX_BRIDGES]:
        bridge = item.get("BridgeUniqueid")
        answer = await ask("BridgeInfo", [("BridgeUniqueid", bridge)])
        for message in answer.messages:
            seen = leg_seen(message, answer.at) if message.name == "BridgeInfoChannel" else None
            if seen is not None:
                events.append(_in_bridge(seen, BridgeId(bridge)))
    return [*events, SnapshotDone(at=bridges.at)]


def _in_bridge(seen: LegSeen, bridge: BridgeId) -> LegSeen:
    return msgspec.structs.replace(seen, bridge=bridge)


def _refused(answer: Answer) -> bool:
    return answer.messages[0].name == "Error"


def _note(snapshot: Snapshot, pbx: str, action: str, right: str, answer: Answer) -> None:
    said = answer.messages[0].get("Message")
    # A module that is not loaded (app_queue, say) is no missing right.
    if "permission" in said.lower():
        snapshot.missing.append(f"write = {right}")
        log.warning("right_missing", pbx=pbx, action=action, manager_conf=f"write = {right}", said=said)
    else:
        log.info("list_not_offered", pbx=pbx, action=action, said=said)
