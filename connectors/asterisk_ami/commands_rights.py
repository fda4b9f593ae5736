"""Which commands this PBX takes from us: by what it lets our user do, its version and its settings; else what to change. Pure.

Source: AMI ``ListCommands``, which lists the actions that the user who asks may use; ``CoreSettings`` for the version. The right
of each action is that of Asterisk's ``ast_manager_register_xml`` calls.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from connectors.asterisk_ami.protocol import AmiMessage
from connectors.asterisk_ami.settings import AsteriskSettings

_PERMISSION: Final = "permission denied"
_UNKNOWN: Final = "invalid/unknown command"
RIGHTS: Final[Mapping[str, tuple[str, str]]] = {
    "Originate": ("originate", "the core"),
    "Hangup": ("call", "the core"),
    "Redirect": ("call", "the core"),
    "BlindTransfer": ("call", "the core"),
    "Atxfer": ("call", "the core"),
    "CancelAtxfer": ("call", "the core, since 13.18"),
    "Setvar": ("call", "the core"),
    "Park": ("call", "res_parking"),
    "PlayDTMF": ("call", "app_senddtmf"),
    "MixMonitor": ("system", "app_mixmonitor"),
    "StopMixMonitor": ("call", "app_mixmonitor"),
    "MixMonitorMute": ("call", "app_mixmonitor"),
    "QueueAdd": ("agent", "app_queue"),
    "QueueRemove": ("agent", "app_queue"),
    "QueuePause": ("agent", "app_queue"),
    "QueuePenalty": ("agent", "app_queue"),
    "DBPut": ("system", "the core"),
    "DBDel": ("system", "the core"),
}
"""Of each action: the class that ``write`` must name, and the module that brings it."""

NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "place_call": ("Originate",),
    "hang_up": ("Hangup",),
    "hold": ("Setvar",),
    "retrieve": ("Setvar",),
    "blind_transfer": ("BlindTransfer",),
    "consult": ("Atxfer",),
    "complete_transfer": ("Hangup", "Atxfer"),
    "cancel_transfer": ("CancelAtxfer",),
    "redirect": ("Redirect",),
    "park": ("Park",),
    "send_digits": ("PlayDTMF",),
    "start_recording": ("MixMonitor",),
    "stop_recording": ("StopMixMonitor",),
    "pause_recording": ("MixMonitorMute",),
    "resume_recording": ("MixMonitorMute",),
    "monitor": ("Originate",),
    "log_in": ("QueueAdd",),
    "log_out": ("QueueRemove",),
    "set_pause": ("QueuePause",),
    "set_penalty": ("QueuePenalty",),
    "set_do_not_disturb": ("DBPut", "DBDel"),
    "set_forwarding": ("DBPut", "DBDel"),
}
"""The actions without which a command cannot be done."""

_DIALS: Final = frozenset({"place_call", "blind_transfer", "consult", "redirect"})
_LOOKED_UP: Final = frozenset({"set_do_not_disturb", "set_forwarding"})
_SLOT_SINCE: Final = 20
"""The major version whose ``Park`` documents ``ParkingSpace``; that of 16 does not know it and parks anywhere."""


class Rights(msgspec.Struct, frozen=True):
    """What the PBX said that it lets us do."""

    allowed: frozenset[str] | None = None
    """Actions, in small letters; None where it does not tell."""
    major: int | None = None
    """Asterisk's major version."""
    reason: str = ""
    """Why it lets us do nothing at all, in its own words."""
    rest: str = ""
    """Why it lets us do no more than that, in its own words, where it says so."""

    def may(self, action: str) -> bool:
        """Tell whether the PBX takes this action from us, as far as it told."""
        return self.allowed is None or action.lower() in self.allowed


def rights_of(listed: list[AmiMessage], settings: list[AmiMessage]) -> Rights:
    """Return what the answers to ``ListCommands`` and ``CoreSettings`` say."""
    first, said, rest = listed[0], "", ""
    allowed: frozenset[str] | None = frozenset()
    if first.name == "Success":
        allowed = frozenset(key.lower() for key, _ in first.headers())
        rest = first.get("Message")
    elif (said := first.get("Message")).lower().startswith(_UNKNOWN):
        allowed = None
    version = settings[0].get("AsteriskVersion").partition(".")[0]
    known = version.isascii() and version.isdigit() and len(version) < _LONG
    return Rights(allowed, int(version) if known else None, said if allowed is not None else "", rest)


_LONG: Final = 4
"""Digits that no major version has."""


def offered(rights: Rights, settings: AsteriskSettings) -> frozenset[str]:
    """Return the commands that can be done."""
    return frozenset(
        command
        for command, actions in NEEDS.items()
        if _unconfigured(command, settings) is None and all(rights.may(action) for action in actions)
    )


def why_not(command: str, rights: Rights, settings: AsteriskSettings, pbx: str) -> str | None:
    """Return why a command cannot be done and what to change; None where it can."""
    if rights.reason:
        return f"{pbx} takes no commands: {rights.reason}"
    if rights.rest and not all(rights.may(action) for action in NEEDS[command]):
        return f"{pbx} does not take it: {rights.rest}"
    missing = _unconfigured(command, settings)
    if missing is not None:
        return f"{pbx} is not configured for it: {missing} under the connector with `pbx: {pbx}` in our configuration"
    for action in NEEDS[command]:
        if not rights.may(action):
            return not_allowed(action, settings, pbx)
    return None


def not_allowed(action: str, settings: AsteriskSettings, pbx: str) -> str:
    """Return how an operator lets us use this action."""
    right, module = RIGHTS.get(action, ("all", "the core"))
    return (
        f"Asterisk at {pbx} does not let us use {action}: in manager.conf, section [{settings.username}], `write` must name "
        f"`{right}` (then `asterisk -rx 'manager reload'`), and {module} must be loaded"
    )


def refusal(action: str, said: str, settings: AsteriskSettings, pbx: str) -> str:
    """Return what an action's refusal means, for the one who gave the command."""
    if said.lower() == _PERMISSION:
        return not_allowed(action, settings, pbx)
    return f"Asterisk at {pbx} refuses {action}: {said or 'it does not say why'}"


def slot_unknown(rights: Rights) -> bool:
    """Tell whether this Asterisk parks in any free slot, whatever we ask for."""
    return rights.major is not None and rights.major < _SLOT_SINCE


def _unconfigured(command: str, settings: AsteriskSettings) -> str | None:
    if command in _DIALS and settings.commands.context is None:
        return "set `commands: {context: from-internal}`, or your dial plan's own context,"
    if command in _LOOKED_UP and settings.commands.astdb is None:
        return "where the dial plan looks these up, set `commands: {astdb: {}}`"
    return None
