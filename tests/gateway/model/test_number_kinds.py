import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.number_kinds import Destination, NumberKind, destination_of, is_emergency
from gateway.model.site import Site

CN = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0")
US = Site(region="US", extensions=r"^1\d{3}$", outside_prefix="9")
OPEN_US = Site(region="US", extensions=r"^\d{3,4}$")
DE = Site(region="DE", extensions=r"^\d{2,3}$", outside_prefix="0")
GB = Site(region="GB", extensions=r"^2\d{2}$")


@pytest.mark.parametrize(
    ("site", "number", "kind", "dialled", "e164"),
    [
        (CN, "8001", "internal", "8001", None),
        (CN, "4001", "internal", "4001", None),
        (CN, "*72", "code", "*72", None),
        (CN, "0400 123 4567", "shared_cost", "04001234567", "+864001234567"),
        (CN, "001062551234", "national", "001062551234", "+861062551234"),
        (CN, "013800138000", "national", "013800138000", "+8613800138000"),
        (CN, "062551234", "local", "062551234", None),
        (OPEN_US, "5551234", "local", "5551234", None),
        (OPEN_US, "9765551", "premium", "9765551", None),
        (DE, "0123456", "local", "0123456", None),
        (CN, "00085291234567", "international", "00085291234567", "+85291234567"),
        (CN, "010086", "short", "010086", None),
        (CN, "10086", "internal", "10086", None),
        (US, "9 1 (212) 555-1234", "national", "912125551234", "+12125551234"),
        (US, "919005551234", "premium", "919005551234", "+19005551234"),
        (US, "9011442079460958", "international", "9011442079460958", "+442079460958"),
        (US, "900442079460958", "international", "900442079460958", "+442079460958"),
        (US, "2125551234", "unknown", "2125551234", None),
        (OPEN_US, "2125551234", "national", "2125551234", "+12125551234"),
        (OPEN_US, "19005551234", "premium", "19005551234", "+19005551234"),
        (DE, "009001234567", "premium", "009001234567", "+499001234567"),
        (DE, "00180312345", "shared_cost", "00180312345", "+49180312345"),
        (DE, "011833", "premium", "011833", None),
        (GB, "118118", "premium", "118118", None),
        (GB, "02079460958", "national", "02079460958", "+442079460958"),
        (GB, "07012345678", "premium", "07012345678", "+447012345678"),
        (GB, "09011234567", "premium", "09011234567", "+449011234567"),
    ],
)
def test_a_number_is_what_the_pbx_takes_it_for(site: Site, number: str, kind: str, dialled: str, e164: str | None) -> None:
    assert destination_of(number, site) == Destination(dialled=dialled, kind=NumberKind(kind), e164=e164)


@pytest.mark.parametrize(
    ("site", "number", "dialled", "kind"),
    [
        (CN, "+8613800138000", "013800138000", "national"),
        (CN, "+861062551234", "001062551234", "national"),
        (CN, "+44 20 7946 0958", "000442079460958", "international"),
        (US, "+12125551234", "912125551234", "national"),
        (US, "+442079460958", "9011442079460958", "international"),
        (US, "+18765551234", "918765551234", "international"),
        (US, "+14165551234", "914165551234", "international"),
        (US, "+19005551234", "919005551234", "premium"),
        (GB, "+442079460958", "02079460958", "national"),
    ],
)
def test_a_number_as_programs_keep_it_is_written_as_it_is_dialled(site: Site, number: str, dialled: str, kind: str) -> None:
    found = destination_of(number, site)
    assert found is not None
    assert (found.dialled, found.kind) == (dialled, kind)


@pytest.mark.parametrize(
    "number", ["", " ", "1;2", "1&2", "1,2", "1w2", "8001\r\nx", "anonymous", "+", "+1", "1+2", "１１０", "1" * 41]
)
def test_what_cannot_be_dialled_is_nothing(number: str) -> None:
    assert destination_of(number, CN) is None


@pytest.mark.parametrize(
    ("site", "number"),
    [
        (CN, "110"),
        (CN, "0110"),
        (CN, "119"),
        (CN, "120"),
        (CN, "122"),
        (CN, "0122"),
        (US, "911"),
        (US, "9911"),
        (US, "9-1-1"),
        (DE, "112"),
        (DE, "0112"),
        (GB, "999"),
        (OPEN_US, "911"),
    ],
)
def test_help_is_known_with_the_outside_prefix_and_without(site: Site, number: str) -> None:
    assert is_emergency(number, site)
    found = destination_of(number, site)
    assert found is not None
    assert found.kind is NumberKind.EMERGENCY


@pytest.mark.parametrize(("site", "number"), [(CN, "1100"), (CN, "11012345"), (US, "9113"), (US, "912"), (GB, "0999"), (CN, "")])
def test_what_only_begins_like_help_is_none(site: Site, number: str) -> None:
    assert not is_emergency(number, site)


def test_a_site_may_have_emergency_numbers_of_its_own() -> None:
    assert not is_emergency("6000", CN)
    assert is_emergency("6000", CN, ("6000",))


@given(st.text(alphabet="0123456789+*#()- .x", max_size=20), st.sampled_from([CN, US, OPEN_US, DE, GB]))
def test_any_text_has_one_reading_that_can_be_dialled_or_none(text: str, site: Site) -> None:
    found = destination_of(text, site)
    if found is not None:
        assert set(found.dialled) <= set("0123456789*#")
        again = destination_of(found.dialled, site)
        assert again is not None
        assert (again.dialled, again.kind in (NumberKind.PREMIUM, found.kind)) == (found.dialled, True)
