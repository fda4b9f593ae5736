"""Which commands this PBX takes from us: by what it lets our user do and its settings; else what to change. Pure.

Source: the ``Allowed-API`` that FreeSWITCH answers to ``userauth``; the password of event_socket.conf.xml may do everything.
"""

from collections.abc import Mapping
from typing import Final

from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.settings import FreeswitchSettings

_CALLCENTER: Final = "callcenter_config"
NEEDS: Final[Mapping[str, str]] = {
    "place_call": "originate",
    "hang_up": "uuid_kill",
    "hold": "uuid_hold",
    "retrieve": "uuid_hold",
    "blind_transfer": "uuid_transfer",
    "consult": "uuid_broadcast",
    "complete_transfer": "uuid_kill",
    "cancel_transfer": "uuid_kill",
    "redirect": "uuid_transfer",
    "park": "uuid_transfer",
    "send_digits": "uuid_send_dtmf",
    "start_recording": "uuid_record",
    "stop_recording": "uuid_record",
    "pause_recording": "uuid_record",
    "resume_recording": "uuid_record",
    "monitor": "originate",
    "log_in": _CALLCENTER,
    "log_out": _CALLCENTER,
    "set_pause": _CALLCENTER,
    "set_penalty": _CALLCENTER,
}
"""The ``api`` command without which a command cannot be done."""

_DIALS: Final = frozenset({"place_call", "blind_transfer", "consult", "redirect"})


def offered(rights: Rights, settings: FreeswitchSettings, pbx: str) -> frozenset[str]:
    """Return the commands that can be done."""
    return frozenset(command for command in NEEDS if why_not(command, rights, settings, pbx) is None)


def why_not(command: str, rights: Rights, settings: FreeswitchSettings, pbx: str) -> str | None:
    """Return why a command cannot be done and what to change; None where it can."""
    need = NEEDS.get(command)
    if need is None:
        return (
            f"FreeSWITCH at {pbx} has no {command} of its own: each dial plan looks such things up in its own way, "
            f"and a telephone's own menu sets them"
        )
    there = f"under the connector with `pbx: {pbx}` in our configuration"
    if command in _DIALS and settings.commands.context is None:
        return f"{pbx} is not configured for it: set `commands: {{context: default}}`, or your dial plan's own context, {there}"
    if command == "park" and settings.commands.parking_lot is None:
        return f"{pbx} is not configured for it: set `commands: {{parking_lot: …}}` to the dial plan's valet lot {there}"
    if not rights.may_ask(need):
        return (
            f"FreeSWITCH at {pbx} does not let us use {need}: in the directory, user {settings.user}, `esl-allowed-api` must "
            f"name it (then `fs_cli -x reloadxml`)"
        )
    return None
