"""Which telephone gives a command in a call, and who may let it. Pure."""

from collections.abc import Iterable
from typing import Final

from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CompleteTransfer,
    Consult,
    DeviceCommand,
    HangUp,
    Monitor,
    PlaceCall,
    Redirect,
    SendDigits,
    SetForwarding,
)
from gateway.model.legs import Leg, PartyKind
from gateway.model.principals import Principal
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.model.site import Site

_ENDING_CONSULTATION: Final = (CompleteTransfer, CancelTransfer)


def telephones_of(call: Call) -> list[Leg]:
    """Return the live legs of the site's own telephones."""
    return [leg for leg in call.legs.values() if leg.is_live and leg.kind is PartyKind.EXTENSION and leg.party is not None]


def acting_device(kind: type[Command], call: Call, principal: Principal, by: str | None) -> str | None:
    """Return the extension that gives a command about a call; None where the command is nobody's in particular.

    Args:
        by: The extension that was named; None leaves it to the call.

    Raises:
        CommandNotDoneError: It has no leg in the call, is not the one who asks may use, or there are several.
    """
    present = {leg.party for leg in telephones_of(call)}
    own = principal.extension
    if kind is Monitor:
        return None
    if _is_bound(principal):
        if principal.pbx not in (None, call.pbx):
            raise CommandNotDoneError(
                Refusal.NOT_IN_THIS_CALL,
                f"{principal.name} may only act for {own} at {principal.pbx}: this call is at {call.pbx}",
            )
        if by not in (None, own):
            raise _not_yours(principal, by)
        if own not in present:
            raise CommandNotDoneError(
                Refusal.NOT_IN_THIS_CALL, f"{principal.name} may only act for {own}, which has no leg in this call"
            )
        return own if "by" in kind.__struct_fields__ else None
    if by is None and own in present and principal.pbx in (None, call.pbx) and "by" in kind.__struct_fields__:
        return own
    caller = call.caller
    if principal.presses_for_callers and kind is SendDigits and caller is not None and caller.is_live and by == caller.party:
        return by
    if by is not None:
        if by not in present:
            there = f"in it are {', '.join(sorted(filter(None, present)))}" if present else "no telephone of the site is in it"
            raise CommandNotDoneError(Refusal.NOT_IN_THIS_CALL, f"{by} has no leg in this call: {there}")
        return by
    if kind is HangUp or "by" not in kind.__struct_fields__:
        return None
    talking = sorted({leg.party for leg in telephones_of(call) if leg.connected_at is not None and leg.party is not None})
    if len(talking) == 1:
        return talking[0]
    if not talking:
        raise CommandNotDoneError(Refusal.NOT_IN_THIS_CALL, "no telephone of the site talks in this call")
    detail = f"{', '.join(talking)} are all in this call: say which one is meant, as `by`"
    raise CommandNotDoneError(Refusal.WHICH_DEVICE, detail)


def own_device(principal: Principal, extension: str | None, pbx: str) -> str:
    """Return the extension that is meant at a PBX, where the one who asks may use it.

    Raises:
        CommandNotDoneError: It is another's, or none was named and the one who asks has none.
    """
    if extension is None:
        extension = principal.extension
    if _is_bound(principal) and (extension != principal.extension or principal.pbx not in (None, pbx)):
        raise _not_yours(principal, extension, pbx)
    if extension is None:
        raise CommandNotDoneError(Refusal.WHICH_DEVICE, "say for which telephone, as `extension`")
    return extension


def _is_bound(principal: Principal) -> bool:
    """Tell whether somebody may act for one telephone alone; an agent without one for none."""
    return principal.sees_own_only or (principal.extension is not None and not principal.may_act_for_others)


def _not_yours(principal: Principal, extension: str | None, pbx: str | None = None) -> CommandNotDoneError:
    if principal.extension is None:
        detail = f"{principal.name} has no telephone: an admin gives one, with `tieline user` or on the admin's page"
        return CommandNotDoneError(Refusal.NOT_YOUR_DEVICE, detail)
    at, elsewhere = ("", "") if pbx is None or principal.pbx in (None, pbx) else (f" at {principal.pbx}", f" at {pbx}")
    detail = f"{principal.name} may only act for {principal.extension}{at}, not for {extension}{elsewhere}"
    return CommandNotDoneError(Refusal.NOT_YOUR_DEVICE, detail)


def devices_of(command: Command) -> tuple[str, ...]:
    """Return the extensions that a command names besides ``by``: they must be the site's."""
    if isinstance(command, Monitor):
        return (command.extension, command.agent)
    if isinstance(command, PlaceCall | DeviceCommand):
        return (command.extension,)
    return ()


def check_devices(command: Command, site: Site, pbx: str) -> None:
    """Refuse extensions that the site cannot have.

    Raises:
        CommandNotDoneError: One is none by the site's pattern.
    """
    for extension in devices_of(command):
        if not site.is_extension(extension):
            detail = f"{extension!r} is no extension of {pbx}: its `site.extensions` is {site.extensions}"
            raise CommandNotDoneError(Refusal.NO_SUCH_DEVICE, detail)


def check_listening(command: Command, call: Call) -> None:
    """Refuse to listen to somebody who is not there.

    Raises:
        CommandNotDoneError: The agent has no leg in the call.
    """
    if isinstance(command, Monitor) and command.agent not in {leg.party for leg in telephones_of(call)}:
        raise CommandNotDoneError(Refusal.NOT_IN_THIS_CALL, f"{command.agent} has no leg in this call")


def target_of(command: Command) -> tuple[str, str] | None:
    """Return the field and the number of whom a command brings into a call; None where it brings nobody."""
    if isinstance(command, PlaceCall):
        return "number", command.number
    if isinstance(command, BlindTransfer | Consult | Redirect):
        return "to", command.to
    if isinstance(command, SetForwarding) and command.to is not None:
        return "to", command.to
    return None


def with_consultation(kind: type[Command], call: Call, device: str, live: Iterable[Call]) -> tuple[Call, Call | None]:
    """Return the call that a command is about, and the later one in which the same device consults; None where there is none.

    What ends a consultation may name either of the two calls.

    Args:
        live: The PBX's live calls.
    """
    others = [other for other in live if other.call_id != call.call_id and _has(other, device)]
    if len(others) != 1:
        return call, None
    first, second = sorted((call, others[0]), key=lambda each: (each.began_at, each.call_id))
    if kind in _ENDING_CONSULTATION or first is call:
        return first, second
    return call, None


def _has(call: Call, device: str) -> bool:
    return any(leg.party == device for leg in telephones_of(call))
