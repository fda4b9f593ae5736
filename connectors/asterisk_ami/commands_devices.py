"""What a command about a device is at this PBX: queue membership, pauses, do-not-disturb, forwarding. Pure.

Source: docs.asterisk.org, AMI ``Queue*``, ``DBPut``, ``DBDel``; FreePBX's families in Asterisk's database as its dial plan
reads them.
"""

import re
from collections.abc import Sequence
from typing import Final

from connectors.asterisk_ami.commands_plan import Act
from connectors.asterisk_ami.commands_values import number, penalty, text
from connectors.asterisk_ami.protocol import AmiMessage
from connectors.asterisk_ami.settings import AstdbSettings, CommandSettings
from gateway.model.commands import (
    ForwardingKind,
    LogIn,
    LogOut,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
)
from gateway.model.errors import CommandRefusedError

_DEVICE: Final = re.compile(r"[A-Za-z0-9]+[/:](?P<peer>[^@/;]+)")
"""``PJSIP/1001``, ``Local/1001@from-queue/n``, ``hint:1001@internal``."""


def log_in(command: LogIn, settings: CommandSettings) -> list[Act]:
    """Return what makes the device a member of the queue.

    Raises:
        CommandRefusedError: A value is none.
    """
    extension = number(command.extension, "the extension")
    headers = [
        ("Queue", text(command.queue, "the queue")),
        ("Interface", (settings.member or settings.device).replace("{extension}", extension)),
        ("Penalty", penalty(command.penalty)),
    ]
    if command.name is not None:
        headers.append(("MemberName", text(command.name, "the name")))
    if settings.member_state is not None:
        headers.append(("StateInterface", settings.member_state.replace("{extension}", extension)))
    return [Act("QueueAdd", tuple(headers))]


def of_member(pbx: str, command: LogOut | SetPause | SetPenalty, listed: Sequence[AmiMessage]) -> list[Act]:
    """Return what changes the device's membership, under the names that the PBX knows it by.

    Args:
        pbx: Its name, for those who are refused.
        command: What is wanted.
        listed: What ``QueueStatus`` brought.

    Raises:
        CommandRefusedError: The device serves no such queue, or a value is none.
    """
    extension = number(command.extension, "the extension")
    members = [
        (message.get("Queue"), message.get("Location") or message.get("Interface"))
        for message in listed
        if message.name == "QueueMember"
        and command.queue in (None, message.get("Queue"))
        and extension in (_peer(message.get("Location")), _peer(message.get("StateInterface")))
    ]
    if not members:
        which = "no queue" if command.queue is None else f"not queue {command.queue!r}"
        raise CommandRefusedError(f"{extension} serves {which} at {pbx}")
    acts = []
    for queue, interface in members:
        member = (("Queue", queue), ("Interface", interface))
        match command:
            case LogOut():
                acts.append(Act("QueueRemove", member))
            case SetPause():
                reason = () if command.reason is None else (("Reason", text(command.reason, "the reason")),)
                acts.append(Act("QueuePause", (*member, ("Paused", "true" if command.paused else "false"), *reason)))
            case SetPenalty():
                acts.append(Act("QueuePenalty", (*member, ("Penalty", penalty(command.penalty)))))
    return acts


def do_not_disturb(command: SetDoNotDisturb, families: AstdbSettings) -> list[Act]:
    """Return what the dial plan looks up before it rings the device.

    Raises:
        CommandRefusedError: The extension is none, or the dial plan knows no such thing.
    """
    extension = number(command.extension, "the extension")
    family = families.do_not_disturb
    if family is None:
        raise CommandRefusedError("do-not-disturb has no family under `commands: {astdb: ...}` of this PBX")
    return [*_looked_up(family, extension, "YES" if command.on else None), *_lamp(families, "DND", extension, on=command.on)]


def forwarding(command: SetForwarding, families: AstdbSettings) -> list[Act]:
    """Return what the dial plan looks up to see where the device's calls go.

    Raises:
        CommandRefusedError: A value is none, or the dial plan knows no such forwarding.
    """
    extension = number(command.extension, "the extension")
    target = None if command.to is None else number(command.to, "the number")
    family = {
        ForwardingKind.UNCONDITIONAL: families.unconditional,
        ForwardingKind.BUSY: families.busy,
        ForwardingKind.NO_ANSWER: families.no_answer,
    }[command.kind]
    if family is None:
        raise CommandRefusedError(f"forwarding {command.kind} has no family under `commands: {{astdb: ...}}` of this PBX")
    lamp = _lamp(families, "CF", extension, on=target is not None) if command.kind is ForwardingKind.UNCONDITIONAL else []
    return [*_looked_up(family, extension, target), *lamp]


def _looked_up(family: str, extension: str, value: str | None) -> list[Act]:
    entry = (("Family", family), ("Key", extension))
    if value is None:
        # There may be none.
        return [Act("DBDel", entry, optional=True)]
    return [Act("DBPut", (*entry, ("Val", value)))]


def _lamp(families: AstdbSettings, name: str, extension: str, *, on: bool) -> list[Act]:
    if not families.device_states:
        return []
    state = "BUSY" if on else "NOT_INUSE"
    return [Act("Setvar", (("Variable", f"DEVICE_STATE(Custom:{name}{extension})"), ("Value", state)), optional=True)]


def _peer(interface: str) -> str | None:
    found = _DEVICE.match(interface)
    return None if found is None else found["peer"]
