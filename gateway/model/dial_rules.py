"""Who may reach which numbers by a command, and what the far end is shown: what keeps a stolen token from costing a fortune.

Pure. Emergency numbers come before every rule.
"""

import re
from collections import deque
from typing import Annotated, Final

import msgspec

from gateway.model.number_kinds import Destination, NumberKind, destination_of
from gateway.model.principals import Role
from gateway.model.site import Site

PATTERN: Final = r"^(any|[a-z_]+|\+?[0-9x*#]+)$"
"""A kind of number, ``any``, or digits: ``x`` stands for any one, ``*`` at the end for any that follow."""
CALLER_NUMBER_PATTERN: Final = r"^\+?[0-9]{2,20}$"
MINUTE_S: Final = 60.0

_KINDS: Final = {kind.value for kind in NumberKind}

NumberPattern = Annotated[str, msgspec.Meta(pattern=PATTERN)]
CallerNumber = Annotated[str, msgspec.Meta(pattern=CALLER_NUMBER_PATTERN)]


class RoleRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one role may reach."""

    allow: tuple[NumberPattern, ...] = (NumberKind.INTERNAL, NumberKind.NATIONAL, NumberKind.LOCAL)
    """Kinds of numbers (``internal national local international short shared_cost premium code unknown``, or ``any``), E.164
    numbers such as ``+8529*``, or numbers as they are dialled, such as ``8xxx`` or ``*97``."""
    deny: tuple[NumberPattern, ...] = ()
    """Refused though ``allow`` has them."""
    caller_numbers: tuple[CallerNumber, ...] = ()
    """What the far end is shown: the first; a command may choose another of them. Empty leaves it to the PBX."""
    calls_per_minute: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 60
    """Calls that one token or user may begin or pass on; emergency calls are not counted."""


class ExtensionNumber(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is shown of one telephone, whatever its user's role."""

    extension: str
    caller_number: CallerNumber


class DialRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules of all roles."""

    agent: RoleRules = RoleRules()
    supervisor: RoleRules = RoleRules()
    admin: RoleRules = RoleRules()
    partner: RoleRules = RoleRules()
    extensions: tuple[ExtensionNumber, ...] = ()
    emergency_numbers: tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2,6}$")], ...] = ()
    """Beside those of the region."""

    def of(self, role: Role) -> RoleRules:
        """Return the rules of a role."""
        rules: RoleRules = getattr(self, role)
        return rules


class Allowed(msgspec.Struct, frozen=True, kw_only=True):
    """A number may be reached."""

    destination: Destination
    caller_number: str | None
    """What the far end is shown; None is what the PBX shows for the telephone."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It may not."""

    reason: str
    """For the one who asked: what kind of number it is, and which line of the configuration to change."""


def judge(
    number: str, site: Site, rules: DialRules, role: Role, *, extension: str | None, caller_number: str | None = None
) -> Allowed | Refused:
    """Decide whether somebody of this role may reach a number.

    Args:
        extension: The telephone that it is reached from; None where none calls, as in a forwarding.
        caller_number: What the far end should be shown; None leaves it to the rules.
    """
    destination = destination_of(number, site, rules.emergency_numbers)
    if destination is None:
        return Refused(reason=f"{number!r} is no number: write digits, or + and the country's code before them")
    if destination.kind is NumberKind.EMERGENCY:
        return Allowed(destination=destination, caller_number=None)
    its, key = rules.of(role), f"dialling.{role}"
    for pattern in its.deny:
        if _matches(pattern, destination):
            return Refused(reason=f"{number} is refused to the role {role} by `{pattern}` in {key}.deny")
    if not any(_matches(pattern, destination) for pattern in its.allow):
        kind = destination.kind
        shown = destination.e164 or destination.dialled
        return Refused(reason=f"{number} is {_KIND_WORDS[kind]}; to allow it, add `{kind}` or `{shown}` to {key}.allow")
    return _shown(destination, rules, its, key, extension, caller_number)


def _shown(
    destination: Destination, rules: DialRules, its: RoleRules, key: str, extension: str | None, wanted: str | None
) -> Allowed | Refused:
    fixed = next((each.caller_number for each in rules.extensions if each.extension == extension), None)
    choices = its.caller_numbers if fixed is None else (fixed,)
    if wanted is None or wanted in choices:
        return Allowed(destination=destination, caller_number=wanted or next(iter(choices), None))
    where = f"{key}.caller_numbers" if fixed is None else f"dialling.extensions of {extension}"
    return Refused(reason=f"{wanted} may not be shown to the far end: {where} has {', '.join(choices) or 'no number'}")


_KIND_WORDS: Final = {
    NumberKind.EMERGENCY: "an emergency number",
    NumberKind.INTERNAL: "an internal number",
    NumberKind.CODE: "a feature code",
    NumberKind.NATIONAL: "a national number",
    NumberKind.LOCAL: "a number without its area code",
    NumberKind.INTERNATIONAL: "an international number",
    NumberKind.SHORT: "a short number",
    NumberKind.SHARED_COST: "a shared-cost number",
    NumberKind.PREMIUM: "a premium-rate number",
    NumberKind.UNKNOWN: "no number of the public network",
}


def _matches(pattern: str, destination: Destination) -> bool:
    if pattern == "any" or pattern == destination.kind:
        return True
    if pattern in _KINDS:
        return False
    texts = [destination.dialled] if destination.e164 is None else [destination.dialled, destination.e164]
    wanted = expression_of(pattern)
    return any(wanted.fullmatch(text) for text in texts)


def expression_of(pattern: str) -> re.Pattern[str]:
    """Return what a pattern of digits means."""
    begins = pattern.endswith("*") and len(pattern) > 1
    digits = re.escape(pattern[:-1] if begins else pattern).replace("x", r"\d")
    return re.compile(digits + (".*" if begins else ""))


def misspelt(pattern: str) -> str | None:
    """Say what is wrong with a pattern that looks like a kind of number and is none; None where nothing is."""
    if pattern == "any" or pattern in _KINDS or not re.fullmatch(r"[a-z_]+", pattern) or set(pattern) == {"x"}:
        return None
    return f"{pattern!r} is no kind of number; there is: any, {', '.join(sorted(_KINDS))}"


class Allowance:
    """How many calls somebody may still begin now: so many in any minute."""

    def __init__(self) -> None:
        self._taken: dict[str, deque[float]] = {}

    def take(self, who: str, limit: int, now: float) -> float | None:
        """Take one; return None, or the seconds after which there is one again.

        Args:
            now: Seconds of a clock that does not go back.
        """
        taken = self._taken.get(who, deque())
        while taken and taken[0] <= now - MINUTE_S:
            taken.popleft()
        if len(taken) >= limit:
            return taken[0] + MINUTE_S - now if taken else MINUTE_S
        taken.append(now)
        self._taken[who] = taken
        for other in [other for other, times in self._taken.items() if times[-1] <= now - MINUTE_S]:
            del self._taken[other]
        return None
