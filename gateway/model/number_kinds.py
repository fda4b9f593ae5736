"""What a number is that somebody wants to reach from a telephone of a site, and how it is dialled there.

A number is what the PBX will take it for: the outside prefix is taken off first, where the site has one. What can be read in
two ways is the dearer of the two.

Source: numbering plans, short numbers and emergency numbers from libphonenumber's metadata by ``phonenumbers``.
"""

import re
from enum import StrEnum
from typing import Final

import msgspec
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ShortNumberCost,
    expected_cost_for_region,
    format_number,
    format_out_of_country_calling_number,
    is_emergency_number,
    is_possible_number,
    is_valid_number,
    is_valid_short_number_for_region,
    number_type,
    parse,
    region_code_for_number,
)

from gateway.model.site import Site

MAX_CHARACTERS: Final = 40
"""Of a number as somebody gives it, with what people write between its digits."""
MORE_EMERGENCY_NUMBERS: Final = {"CN": ("122",)}
"""By region: what people rely on and libphonenumber does not list; 122 is the traffic police."""

_LONGEST_SHORT: Final = 6
_LOCAL_DIGITS: Final = range(5, 9)
_PREMIUM_EXCHANGES: Final = {"US": "976", "CA": "976"}
"""By region: what dear local numbers begin with, which no numbering plan lists."""
_SEPARATORS: Final = re.compile(r"[ ().\-/\u00a0]")
_DIALLABLE: Final = re.compile(r"\+?[0-9]+|[0-9*#]+", re.ASCII)


class NumberKind(StrEnum):
    EMERGENCY = "emergency"
    INTERNAL = "internal"
    """An extension, or a service of the PBX: a queue, a group, a mailbox."""
    CODE = "code"
    """A feature code, such as ``*72``: it may do anything that the PBX does."""
    NATIONAL = "national"
    LOCAL = "local"
    """A subscriber's number without its area code: whose it is depends on where the trunk is."""
    INTERNATIONAL = "international"
    SHORT = "short"
    """A short number of the public network, such as 10086."""
    SHARED_COST = "shared_cost"
    """Dearer than others, or not: 400 in China, 0180 in Germany, 084 in Great Britain."""
    PREMIUM = "premium"
    """Premium rate, personal and pager numbers, and short numbers that cost as much: what toll fraud lives on."""
    UNKNOWN = "unknown"
    """None that the numbering plan has."""


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to reach."""

    dialled: str
    """As a telephone of the site dials it: an outside number with its prefix."""
    kind: NumberKind
    e164: str | None = None


_CHEAP: Final = (ShortNumberCost.TOLL_FREE, ShortNumberCost.STANDARD_RATE)
_TYPES: Final = {
    PhoneNumberType.PREMIUM_RATE: NumberKind.PREMIUM,
    PhoneNumberType.PERSONAL_NUMBER: NumberKind.PREMIUM,
    PhoneNumberType.PAGER: NumberKind.PREMIUM,
    PhoneNumberType.SHARED_COST: NumberKind.SHARED_COST,
}


def is_emergency(number: str, site: Site, more: tuple[str, ...] = ()) -> bool:
    """Tell whether a telephone of the site that dials this wants help; with the outside prefix or without it.

    Args:
        more: Numbers beside those of the region.
    """
    dialled = _SEPARATORS.sub("", number[:MAX_CHARACTERS])
    known = (*more, *MORE_EMERGENCY_NUMBERS.get(site.region, ()))
    if not dialled.isascii():
        return False
    readings = {dialled}
    if site.outside_prefix and dialled.startswith(site.outside_prefix):
        readings.add(dialled.removeprefix(site.outside_prefix))
    return any(reading in known or (reading.isdigit() and is_emergency_number(reading, site.region)) for reading in readings)


def destination_of(number: str, site: Site, more_emergency: tuple[str, ...] = ()) -> Destination | None:
    """Return what a number is at this site; None when it is none that can be dialled at all."""
    written = number.strip()
    dialled = _SEPARATORS.sub("", written)
    if len(written) > MAX_CHARACTERS or _DIALLABLE.fullmatch(dialled) is None:
        return None
    if is_emergency(dialled, site, more_emergency):
        return Destination(dialled=dialled, kind=NumberKind.EMERGENCY)
    if site.is_extension(dialled):
        return Destination(dialled=dialled, kind=NumberKind.INTERNAL)
    if "*" in dialled or "#" in dialled:
        return Destination(dialled=dialled, kind=NumberKind.CODE)
    if dialled.startswith("+"):
        return _international(dialled, site)
    return _as_dialled(dialled, site)


def _international(dialled: str, site: Site) -> Destination | None:
    """Read a number as programs keep it, and write it as it is dialled here."""
    parsed = _parsed(dialled, None)
    if parsed is None or not is_possible_number(parsed):
        return None
    at_home = re.sub(r"\D", "", format_out_of_country_calling_number(parsed, site.region))
    return Destination(dialled=site.outside_prefix + at_home, kind=_kind(parsed, site), e164=_e164(parsed))


def _as_dialled(dialled: str, site: Site) -> Destination:
    outside = dialled
    if site.leads_outside(dialled):
        outside = dialled.removeprefix(site.outside_prefix)
    elif site.outside_prefix and dialled.startswith(site.outside_prefix) and len(dialled) > len(site.outside_prefix):
        # Too few digits to tell a number inside from a short one outside.
        outside = dialled.removeprefix(site.outside_prefix)
        short = _short(outside, site)
        return Destination(dialled=dialled, kind=NumberKind.INTERNAL if short is NumberKind.UNKNOWN else short)
    if not site.leads_outside(dialled) and _short(dialled, site) is not NumberKind.PREMIUM:
        return Destination(dialled=dialled, kind=NumberKind.UNKNOWN if _is_long(dialled) else NumberKind.INTERNAL)
    if len(outside) <= _LONGEST_SHORT and (short := _short(outside, site)) is not NumberKind.UNKNOWN:
        return Destination(dialled=dialled, kind=short)
    parsed = _parsed(outside, site.region)
    if parsed is not None and not is_valid_number(parsed) and outside.startswith("00"):
        # The PBX may lead on what ITU-T E.123 writes, whatever a telephone of this region would dial.
        parsed = _parsed("+" + outside[2:], None) or parsed
    if parsed is None or not is_possible_number(parsed):
        return Destination(dialled=dialled, kind=NumberKind.UNKNOWN)
    if not is_valid_number(parsed) and _is_local(outside, site):
        dear = outside.startswith(_PREMIUM_EXCHANGES.get(site.region, "-"))
        return Destination(dialled=dialled, kind=NumberKind.PREMIUM if dear else NumberKind.LOCAL)
    return Destination(dialled=dialled, kind=_kind(parsed, site), e164=_e164(parsed))


def _is_local(outside: str, site: Site) -> bool:
    metadata = PhoneMetadata.metadata_for_region(site.region)
    trunk_prefix = (metadata.national_prefix if metadata is not None else None) or "0"
    return len(outside) in _LOCAL_DIGITS and not outside.startswith((trunk_prefix, "0"))


def _is_long(dialled: str) -> bool:
    return len(dialled) > _LONGEST_SHORT


def _short(number: str, site: Site) -> NumberKind:
    parsed = _parsed(number, site.region)
    if parsed is None or not is_valid_short_number_for_region(parsed, site.region):
        return NumberKind.UNKNOWN
    # A cost that nobody lists is none to be trusted: directory services, for one.
    return NumberKind.SHORT if expected_cost_for_region(parsed, site.region) in _CHEAP else NumberKind.PREMIUM


def _kind(parsed: PhoneNumber, site: Site) -> NumberKind:
    kind = _TYPES.get(number_type(parsed))
    if kind is not None:
        return kind
    if region_code_for_number(parsed) != site.region:
        return NumberKind.INTERNATIONAL
    return NumberKind.NATIONAL if is_valid_number(parsed) else NumberKind.UNKNOWN


def _parsed(number: str, region: str | None) -> PhoneNumber | None:
    try:
        return parse(number, region)
    except NumberParseException:
        return None


def _e164(parsed: PhoneNumber) -> str:
    return format_number(parsed, PhoneNumberFormat.E164)
