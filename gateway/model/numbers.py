"""Telephone numbers: from what a PBX says to E.164, or to nothing.

Never a guess: a number that can be read in no way, or is none of the public network (an extension, a short or service
number, a word such as ``anonymous``), has no E.164. The raw text is kept beside it by those who ask.

Source: ITU-T E.164 and E.123; numbering plans from libphonenumber's metadata by ``phonenumbers``.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec
from phonenumbers import (
    NumberParseException,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    is_possible_number_with_reason,
    is_valid_number,
    national_significant_number,
    parse,
    region_code_for_number,
)

from gateway.model.site import Site

MAX_RAW_CHARACTERS: Final = 40
"""Characters of a number with its separators; E.164 has 15 digits, an exit code and a carrier code may precede them."""

_CACHED_NUMBERS: Final = 16_384
"""Numbers whose reading is remembered; about 300 bytes each."""

_WRITTEN_NUMBER: Final = re.compile(r"\+?[\d(][\d ()./-]*", re.ASCII)
"""Digits with the separators people write; letters, ``*`` and ``#`` make it a word or a feature code."""


@lru_cache(maxsize=_CACHED_NUMBERS)
def e164(raw: str | None, site: Site) -> str | None:
    """Return the number in E.164, such as ``+8613800138000``, or None when it has none or more than one reading.

    ``raw`` is a number as a trunk brings or takes it: international with ``+``, ``00`` or the region's own exit code,
    or national with or without the trunk prefix. One that is no number so, but is with the outside prefix taken off
    (some PBXs show callers as one would dial them), is read without it. Extensions, short and emergency numbers,
    subscriber numbers without their area code, and everything withheld give None.
    """
    if raw is None or site.is_extension(raw):
        return None
    written = raw.strip()
    if len(written) > MAX_RAW_CHARACTERS or _WRITTEN_NUMBER.fullmatch(written) is None:
        return None
    if written.startswith("+"):
        return _international(written)
    number = _national(written, site.region)
    if number is None and written.startswith("00"):
        # Trunks bring 00 (ITU-T E.123) in countries too where a telephone would dial another exit code.
        number = _international("+" + written[2:])
    if number is None and site.outside_prefix and written.startswith(site.outside_prefix):
        inner = written.removeprefix(site.outside_prefix)
        number = None if site.is_extension(inner) else _national(inner, site.region)
    return number


def _international(written: str) -> str | None:
    """Read a number that names its country itself: its length decides, for new blocks appear before metadata does."""
    try:
        number = parse(written)
    except NumberParseException:
        return None
    if is_possible_number_with_reason(number) != ValidationResult.IS_POSSIBLE:
        return None
    return format_number(number, PhoneNumberFormat.E164)


def _national(written: str, region: str) -> str | None:
    """Read a number as dialled in ``region``; only one that the numbering plan has."""
    try:
        number = parse(written, region)
    except NumberParseException:
        return None
    return format_number(number, PhoneNumberFormat.E164) if is_valid_number(number) else None


class PhoneQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A number to look for where people wrote numbers as they liked."""

    e164: str
    region: str
    """ISO 3166 country whose national numbers are stored without their country."""
    country_code: str
    """Such as ``86``."""
    significant: str
    """The digits behind the country code, without a trunk prefix."""
    forms: tuple[str, ...]
    """How it may be stored, the likeliest first: E.164, national and international with the usual separators, digits only."""

    def wildcard(self, between: str = "%") -> str:
        """Return a pattern that finds it whatever separators stand in it, and too much: ``%1%3%8%``."""
        return between + between.join(self.significant) + between


def query_of(number: str, region: str) -> PhoneQuery:
    """Return what to look for of a number in E.164.

    Raises:
        ValueError: It is none.
    """
    try:
        parsed = parse(number)
    except NumberParseException as error:
        raise ValueError(f"{number!r} is no number in E.164") from error
    significant = national_significant_number(parsed)
    code = str(parsed.country_code)
    written = [format_number(parsed, PhoneNumberFormat.E164)]
    if _national(significant, region) == written[0] or region_code_for_number(parsed) == region:
        national = format_number(parsed, PhoneNumberFormat.NATIONAL)
        written += [national, re.sub(r"\D", "", national), significant]
    written += [
        format_number(parsed, PhoneNumberFormat.INTERNATIONAL),
        f"00{code}{significant}",
        f"{code}{significant}",
    ]
    return PhoneQuery(
        e164=written[0], region=region, country_code=code, significant=significant, forms=tuple(dict.fromkeys(written))
    )


def is_number_of(stored: str, query: PhoneQuery) -> bool:
    """Tell whether a number as a CRM keeps it is the one that is looked for."""
    written = stored.strip()
    if not written or len(written) > MAX_RAW_CHARACTERS or _WRITTEN_NUMBER.fullmatch(written) is None:
        return False
    readings = [_international(written)] if written.startswith("+") else [_national(written, query.region)]
    if written.startswith("00"):
        readings.append(_international("+" + written[2:]))
    digits = re.sub(r"\D", "", written)
    if digits == query.country_code + query.significant:
        return True
    return query.e164 in readings
