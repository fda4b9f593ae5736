"""What Asterisk lists or reports of itself: legs, queues, members, devices, CDR rows. Pure.

Source: docs.asterisk.org, AMI ``CoreShowChannels``, ``QueueStatus``, ``Cdr``; captures midcall_connect and queue_members.
"""

from collections.abc import Callable, Mapping
from typing import Final

from connectors.asterisk_ami.mapping import dialplan
from connectors.asterisk_ami.protocol import AmiMessage
from gateway.model.events import LegSeen, PbxEvent, QueueEntrySeen
from gateway.model.ids import BridgeId, LegId, QueueName
from gateway.model.reports import (
    AgentLoggedIn,
    AgentLoggedOut,
    CallDetail,
    DeviceChanged,
    MailboxChanged,
    MemberChanged,
    QueueSeen,
    QueuesListed,
)
from gateway.model.terms import LegRole

_CALLED_BY = frozenset({"AppDial", "AppDial2", "AppQueue"})
"""Applications that Asterisk shows on a leg which it called itself."""


_LONGEST_NUMBER: Final = 18
"""Digits; longer ones are none that Asterisk counts, and Python refuses to read very long ones."""


def number(text: str) -> int:
    """Return a count or code, 0 where the PBX gave none or something else."""
    return int(text) if len(text) <= _LONGEST_NUMBER and text.isascii() and text.isdigit() else 0


def seconds(text: str) -> float:
    """Return the length of ``HH:MM:SS`` in seconds."""
    total = 0
    for part in text.split(":"):
        total = total * 60 + number(part)
    return float(total)


def leg_seen(message: AmiMessage, at: float, prefix: str = "") -> LegSeen | None:
    """Return the leg that a message describes in full; None where it is not enough to go by."""
    leg, name = LegId(message.get(prefix + "Uniqueid")), message.get(prefix + "Channel")
    if not leg or not name:
        return None
    root = LegId(message.get(prefix + "Linkedid") or leg)
    state = message.get(prefix + "ChannelState")
    application = message.get("Application")
    terminating = application in _CALLED_BY if application else root != leg or state in ("0", "5")
    # CoreShowChannels writes the one, Status the other.
    bridge = message.get("BridgeId") or message.get("BridgeID")
    raw, display = message.get(prefix + "CallerIDNum"), message.get(prefix + "CallerIDName")
    return LegSeen(
        at=at,
        leg=leg,
        name=name,
        device=dialplan.parse_leg_name(name),
        role=LegRole.HELPER if dialplan.is_helper(name) else LegRole.TERMINATING if terminating else LegRole.ORIGINATING,
        root=root,
        number=None if raw in ("", "<unknown>") else raw,
        display=None if display in ("", "<unknown>") else display,
        dialled=message.get("DNID") or None if not prefix and not terminating else None,
        place=message.get(prefix + "Context") or None,
        age_s=seconds(message.get("Duration") or message.get("Seconds")) if not prefix else 0.0,
        connected=state == "6",
        alerting=state == "5",
        bridge=BridgeId(bridge) if bridge else None,
    )


def _cdr(message: AmiMessage, at: float) -> PbxEvent:
    return CallDetail(
        at=at,
        leg=LegId(message.get("UniqueID")),
        leg_name=message.get("Channel"),
        source=message.get("Source"),
        destination=message.get("Destination"),
        started_at=None,
        answered_at=None,
        ended_at=None,
        duration_s=number(message.get("Duration")),
        billed_s=number(message.get("BillableSeconds")),
        answered=message.get("Disposition") == "ANSWERED",
        disposition=message.get("Disposition"),
        destination_leg=message.get("DestinationChannel"),
        application=message.get("LastApplication"),
        application_data=message.get("LastData"),
        place=message.get("DestinationContext"),
    )


def _queue_entry(message: AmiMessage, at: float) -> PbxEvent:
    return QueueEntrySeen(
        at=at,
        leg=LegId(message.get("Uniqueid")),
        queue=QueueName(message.get("Queue")),
        wait_s=float(number(message.get("Wait"))),
    )


def _queue_params(message: AmiMessage, at: float) -> PbxEvent:
    return QueueSeen(
        at=at,
        queue=QueueName(message.get("Queue")),
        waiting=number(message.get("Calls")),
        strategy=message.get("Strategy"),
    )


def _member(message: AmiMessage, at: float) -> PbxEvent:
    return MemberChanged(
        at=at,
        queue=QueueName(message.get("Queue")),
        member=message.get("MemberName") or message.get("Name"),
        interface=message.get("Interface") or message.get("Location"),
        device_state=number(message.get("Status")),
        paused=message.get("Paused") == "1",
        reason=message.get("PausedReason") or message.get("Reason"),
        penalty=number(message.get("Penalty")),
        removed=message.name == "QueueMemberRemoved",
        state_interface=message.get("StateInterface"),
        dynamic=message.get("Membership") == "dynamic",
        calls_taken=number(message.get("CallsTaken")),
        last_call=_moment(message.get("LastCall")),
        last_pause=_moment(message.get("LastPause")),
        logged_in_at=_moment(message.get("LoginTime")),
        wrap_up_s=float(number(message.get("Wrapuptime"))),
        in_call=message.get("InCall") == "1",
        listed=message.name == "QueueMember",
    )


def _moment(text: str) -> float | None:
    """Return a time in whole seconds; Asterisk writes 0 for never."""
    return float(number(text)) or None


def _queues_listed(_: AmiMessage, at: float) -> PbxEvent:
    return QueuesListed(at=at)


def _agent_login(message: AmiMessage, at: float) -> PbxEvent:
    return AgentLoggedIn(at=at, agent=message.get("Agent"), device=dialplan.parse_leg_name(message.get("Channel")))


def _agent_logoff(message: AmiMessage, at: float) -> PbxEvent:
    return AgentLoggedOut(at=at, agent=message.get("Agent"))


def _device(message: AmiMessage, at: float) -> PbxEvent:
    return DeviceChanged(at=at, device=message.get("Device"), state=message.get("State"))


def _mailbox(message: AmiMessage, at: float) -> PbxEvent:
    new, old = _count(message.get("New")), _count(message.get("Old"))
    waiting = message.get("Waiting") == "1" or bool(new)
    return MailboxChanged(at=at, mailbox=message.get("Mailbox"), waiting=waiting, new=new, old=old, urgent=None)


def _mailbox_user(message: AmiMessage, at: float) -> PbxEvent:
    new, old = _count(message.get("NewMessageCount")), _count(message.get("OldMessageCount"))
    mailbox = f"{message.get('VoiceMailbox')}@{message.get('VMContext')}"
    return MailboxChanged(at=at, mailbox=mailbox, waiting=bool(new), new=new, old=old, urgent=None)


def _count(text: str) -> int | None:
    return number(text) if text else None


READERS: Final[Mapping[str, Callable[[AmiMessage, float], PbxEvent]]] = {
    "Cdr": _cdr,
    "QueueEntry": _queue_entry,
    "QueueParams": _queue_params,
    "QueueMember": _member,
    "QueueMemberAdded": _member,
    "QueueMemberRemoved": _member,
    "QueueMemberPause": _member,
    "QueueMemberPenalty": _member,
    "QueueMemberStatus": _member,
    "QueueStatusComplete": _queues_listed,
    "AgentLogin": _agent_login,
    "AgentLogoff": _agent_logoff,
    "DeviceStateChange": _device,
    "MessageWaiting": _mailbox,
    "VoicemailUserEntry": _mailbox_user,
}
"""What reads each of them."""
