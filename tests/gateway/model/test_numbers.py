import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import shortnumberinfo

from gateway.model.numbers import MAX_RAW_CHARACTERS, e164
from gateway.model.site import Site

CHINA = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0", trunks=("PJSIP/sbc-east",))
HONG_KONG = Site(region="HK", extensions=r"^1\d{3}$", outside_prefix="9", trunks=("PJSIP/carrier",))
GERMANY = Site(region="DE", extensions=r"^\d{2,3}$", outside_prefix="0")
AMERICA = Site(region="US", extensions=r"^\d{4}$", outside_prefix="9")

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
)
NO_EXTENSION = r"^(?!)"


@pytest.mark.parametrize(
    ("raw", "site", "expected"),
    [
        ("+8613800138000", CHINA, "+8613800138000"),
        ("+86 138 0013 8000", AMERICA, "+8613800138000"),
        ("13800138000", CHINA, "+8613800138000"),
        ("013800138000", CHINA, "+8613800138000"),
        ("8613800138000", CHINA, "+8613800138000"),
        ("008613800138000", CHINA, "+8613800138000"),
        ("0085221000000", HONG_KONG, "+85221000000"),
        ("00185221000000", HONG_KONG, "+85221000000"),
        ("0085221000000", AMERICA, "+85221000000"),
        ("01185221000000", AMERICA, "+85221000000"),
        ("(021) 6000-1000", CHINA, "+862160001000"),
        ("98885551", HONG_KONG, "+85298885551"),
        ("912125551234", AMERICA, "+12125551234"),
        ("92125551234", AMERICA, "+12125551234"),
        ("0049301234567", GERMANY, "+49301234567"),
        ("00491701234567", GERMANY, "+491701234567"),
        ("0612345678", Site(region="IT"), "+390612345678"),
        ("+44 (0)20 7946 0018", CHINA, "+442079460018"),
    ],
)
def test_a_number_is_read_as_its_site_would_read_it(raw: str, site: Site, expected: str) -> None:
    assert e164(raw, site) == expected


@pytest.mark.parametrize(
    "raw",
    [None, "", " ", "anonymous", "Anonymous", "<unknown>", "unavailable", "private", "withheld", "s", "asterisk", "-", "+"],
)
def test_a_withheld_number_has_no_e164(raw: str | None) -> None:
    assert e164(raw, CHINA) is None


@pytest.mark.parametrize(
    ("raw", "site"),
    [
        ("8001", CHINA),  # an extension
        ("08001", CHINA),  # an extension behind the outside prefix
        ("10086", CHINA),  # service numbers
        ("95588", CHINA),
        ("106575551234", CHINA),
        ("60001000", CHINA),  # no area code: of which city?
        ("8885551", HONG_KONG),  # a digit short
        ("5551234", AMERICA),
        ("85221000000", CHINA),  # another country's number without a sign of being one
        ("*808001", CHINA),
        ("##2", CHINA),
        ("1-800-FLOWERS", AMERICA),
        ("138001380001380013800138000", CHINA),
        ("+999123456789", CHINA),
        ("12+3", CHINA),
        ("١٣٨٠٠١٣٨٠٠٠", CHINA),
        ("1" * (MAX_RAW_CHARACTERS + 1), CHINA),
    ],
)
def test_what_is_no_public_number_has_no_e164(raw: str, site: Site) -> None:
    assert e164(raw, site) is None


def test_an_international_number_needs_no_known_block() -> None:
    assert not phonenumbers.is_valid_number(phonenumbers.parse("+8528885551"))
    assert e164("+8528885551", HONG_KONG) == "+8528885551"
    assert e164("8528885551", HONG_KONG) is None


@pytest.mark.parametrize("region", sorted(phonenumbers.SUPPORTED_SHORT_REGIONS))
def test_emergency_numbers_have_no_e164_anywhere(region: str) -> None:
    site = Site(region=region, extensions=NO_EXTENSION)
    for number in ("110", "112", "119", "120", "911", "999", "000"):
        if shortnumberinfo.is_emergency_number(number, region):
            assert e164(number, site) is None


@given(raw=st.text(max_size=60), site=st.sampled_from([CHINA, HONG_KONG, GERMANY, AMERICA]))
def test_any_text_is_e164_or_nothing(raw: str, site: Site) -> None:
    number = e164(raw, site)
    assert number is None or (number[0] == "+" and number[1:].isdigit() and len(number) <= 16 and number.isascii())


@given(
    raw=st.from_regex(r"\A[+0-9 ()./-]{1,20}\Z"),
    site=st.sampled_from([CHINA, HONG_KONG, GERMANY, AMERICA]),
)
def test_a_reading_stands(raw: str, site: Site) -> None:
    """What was read once reads as itself, on every site, and holds no digit that was not there."""
    number = e164(raw, site)
    if number is not None:
        assert e164(number, CHINA) == number
        assert e164(number, AMERICA) == number
        digits = "".join(character for character in raw if character.isdigit())
        country = str(phonenumbers.parse(number).country_code)
        assert number.removeprefix("+").removeprefix(country).lstrip("0") in digits


@given(region=st.sampled_from(REGIONS), kind=st.sampled_from(TYPES))
def test_a_number_is_the_same_by_plus_by_00_and_national(region: str, kind: int) -> None:
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return
    site = Site(region=region, extensions=NO_EXTENSION)
    expected = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    international = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    national = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
    assert e164(expected, site) == expected
    assert e164(international, site) == expected
    assert e164(national, site) == expected
    by_exit_code = e164("00" + expected[1:], site)
    # In some countries 00 begins a national number as well: that reading comes first, and is a number too.
    assert by_exit_code == expected or phonenumbers.is_valid_number(phonenumbers.parse(by_exit_code or "+1"))
