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
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    ValidationResult,
    format_number,
    format_out_of_country_calling_number,
    is_possible_number_with_reason,
    is_valid_number,
    length_of_geographical_area_code,
    national_significant_number,
    parse,
    region_code_for_number,
)

from gateway.model.site import Site
from gateway.model.written_numbers import MAX_NUMBERS, find_numbers, parts_of
from gateway.model.written_numbers import FoundNumber as FoundNumber

MAX_RAW_CHARACTERS: Final = 40
"""Characters of a number with its separators; E.164 has 15 digits, an exit code and a carrier code may precede them."""

_CACHED_NUMBERS: Final = 16_384
"""Numbers whose reading is remembered; about 300 bytes each."""

_WRITTEN_NUMBER: Final = re.compile(r"\+?[\d(][\d ()./-]*", re.ASCII)
"""Digits with the separators people write; letters, ``*`` and ``#`` make it a word or a feature code."""

_STROKES: Final = frozenset({"DE", "AT"})
"""Where a stroke stands behind the area code."""


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
    number = _read(written, site.region)
    if number is None and site.outside_prefix and written.startswith(site.outside_prefix):
        inner = written.removeprefix(site.outside_prefix)
        number = None if site.is_extension(inner) else _national(inner, site.region)
    return number


def _read(written: str, region: str) -> str | None:
    if written.startswith("+"):
        return _international(written)
    number = _national(written, region)
    if number is None and written.startswith("00"):
        # Trunks bring 00 (ITU-T E.123) in countries too where a telephone would dial another exit code.
        number = _international("+" + written[2:])
    return number


def _international(written: str) -> str | None:
    """Read a number that names its country itself: its length decides, for new blocks appear before metadata does."""
    try:
        number = parse(written)
        if "(0)" in written and not is_valid_number(number):
            # The trunk prefix, as people write it where there is none as well.
            number = parse(written.replace("(0)", "", 1))
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
    if not is_valid_number(number):
        return None
    e164 = format_number(number, PhoneNumberFormat.E164)
    return None if _is_international_too(written, e164, region) else e164


def _is_international_too(written: str, e164: str, region: str) -> bool:
    """Tell whether digits without a trunk prefix are a number behind its country too: 49151… in Germany, where 0491 is Leer."""
    metadata = PhoneMetadata.metadata_for_region(region)
    prefix = None if metadata is None else metadata.national_prefix
    digits = re.sub(r"\D", "", written)
    if metadata is None or prefix is None or digits.startswith(prefix) or not digits.startswith(str(metadata.country_code)):
        return False
    try:
        other = parse("+" + digits)
    except NumberParseException:
        return False
    return is_valid_number(other) and format_number(other, PhoneNumberFormat.E164) != e164


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


def numbers_in(text: str, region: str) -> tuple[FoundNumber, ...]:
    """Return the numbers in a field that people wrote, each once: several, with words around them, with extensions.

    Args:
        text: Such as ``mobile: 138 0013 8000 / (010) 8567-1234 ext. 12``; one with more than
            :data:`~gateway.model.written_numbers.MAX_FIELD_CHARACTERS` characters has none.
        region: ISO 3166 country in which numbers without a country are.
    """
    found = [number for part in parts_of(text) for number in find_numbers(part, lambda written: _number_in(written, region))]
    return tuple(dict.fromkeys(found)) if len(found) <= MAX_NUMBERS else ()


def _number_in(written: str, region: str) -> str | None:
    return _read(written, region) if len(written) <= MAX_RAW_CHARACTERS and _WRITTEN_NUMBER.fullmatch(written) else None


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
    e164 = format_number(parsed, PhoneNumberFormat.E164)
    query = PhoneQuery(e164=e164, region=region, country_code=code, significant=significant, forms=(e164,))
    written = [e164]
    if _national(significant, region) == e164 or region_code_for_number(parsed) == region:
        written += _national_forms(parsed, significant, region)
    international = format_number(parsed, PhoneNumberFormat.INTERNATIONAL)
    written += [
        international,
        f"00{code}{significant}",
        f"{code}{significant}",
        "00" + international.removeprefix("+"),
        international.replace(" ", "-"),
        f"+{code} {significant}",
    ]
    abroad = format_out_of_country_calling_number(parsed, region)
    if abroad != international and region_code_for_number(parsed) != region:
        # By the region's own exit code.
        written += [abroad, re.sub(r"\D", "", abroad)]
    forms = (form for form in dict.fromkeys(written) if is_number_of(form, query))
    return msgspec.structs.replace(query, forms=tuple(forms))


def _national_forms(number: PhoneNumber, significant: str, region: str) -> list[str]:
    """Return how a number is written in its own country, the likeliest first."""
    national = format_number(number, PhoneNumberFormat.NATIONAL)
    dialled = re.sub(r"\D", "", national)
    groups = re.findall(r"\d+", national)
    inside = format_number(number, PhoneNumberFormat.INTERNATIONAL).partition(" ")[2]
    forms = [national, dialled, significant]
    if number.country_code == 1:
        forms += ["-".join(groups), ".".join(groups)]
    area = length_of_geographical_area_code(number)
    if area:
        at = area + len(dialled) - len(significant)
        prefix, subscriber = dialled[:at], dialled[at:]
        if region in _STROKES:
            forms.append(f"{prefix}/{subscriber}")
        forms += [f"{prefix}-{subscriber}", f"{prefix} {subscriber}", f"({prefix}) {subscriber}", f"({prefix}){subscriber}"]
    elif region in _STROKES:
        forms.append(f"{groups[0]}/{''.join(groups[1:])}")
    return [*forms, "-".join(groups), " ".join(groups), ".".join(groups), inside, inside.replace(" ", "-")]


def is_number_of(stored: str, query: PhoneQuery) -> bool:
    """Tell whether a field as a CRM keeps it has the number that is looked for; an extension behind it is passed over."""
    if any(number.e164 == query.e164 for number in numbers_in(stored, query.region)):
        return True
    # Digits only, with the country, are a number where one knows which to expect.
    digits = query.country_code + query.significant
    return any(re.sub(r"[ ()./\-]", "", part) == digits for part in parts_of(stored))
