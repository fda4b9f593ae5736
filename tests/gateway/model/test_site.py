import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.queue_rules import QueueRule
from gateway.model.site import Site, site_from

SITE = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="0", trunks=("PJSIP/carrier", "SIP/isp"))


@pytest.mark.parametrize(("number", "is_one"), [("8001", True), ("80011", False), ("7001", False), ("", False), (None, False)])
def test_an_extension_is_what_the_pattern_matches(number: str | None, is_one: bool) -> None:
    assert SITE.is_extension(number) is is_one


@pytest.mark.parametrize(
    ("device", "is_one"),
    [
        ("PJSIP/carrier", True),
        ("SIP/isp", True),
        ("SIP/isp/62551234", True),
        ("PJSIP/carrier2", False),
        ("SIP/carrier", False),
        ("PJSIP/8001", False),
    ],
)
def test_a_trunk_is_a_device_of_the_list_or_one_of_its_lines(device: str, is_one: bool) -> None:
    assert SITE.is_trunk(device) is is_one


@pytest.mark.parametrize(
    ("dialled", "sent"),
    [
        ("062551234", "62551234"),
        ("0013800138000", "013800138000"),
        ("0+8613800138000", "+8613800138000"),
        ("8001", "8001"),
        ("0911", "0911"),
        ("62551234", "62551234"),
        ("0*8001123", "0*8001123"),
    ],
)
def test_the_outside_prefix_is_taken_off_outside_numbers_alone(dialled: str, sent: str) -> None:
    assert SITE.without_prefix(dialled) == sent
    assert SITE.leads_outside(dialled) is (dialled != sent)


def test_without_a_prefix_any_long_number_leads_outside() -> None:
    site = Site(extensions=r"^8\d{3}$")
    assert site.leads_outside("62551234")
    assert site.without_prefix("62551234") == "62551234"
    assert not site.leads_outside("8001")


@given(number=st.text(alphabet="0123456789*#+", max_size=15))
def test_taking_the_prefix_off_leaves_the_rest_as_it_was(number: str) -> None:
    assert SITE.without_prefix(number) in (number, number[1:])


def test_a_site_is_read_from_its_own_keys() -> None:
    site = site_from({"region": "HK", "extensions": r"^1\d{3}$", "trunks": ["PJSIP/carrier"], "encoding_fallback": None})
    assert (site.region, site.trunks, site.mask_digits) == ("HK", ("PJSIP/carrier",), ())


def test_keys_of_a_later_version_are_passed_over() -> None:
    assert site_from({"region": "HK", "desks": "shared"}).region == "HK"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"trunks": "PJSIP/carrier"}, r"at `\$.trunks`"),
        ([], "Expected `object`"),
    ],
)
def test_a_key_of_another_type_is_named(data: object, why: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=why):
        site_from(data)


def test_a_time_zone_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(msgspec.ValidationError, match="no time zone is called 'Europe/Atlantis'"):
        msgspec.convert({"time_zone": "Europe/Atlantis"}, Site)
    for wrong in ("../../etc/passwd", "Europe", ""):
        with pytest.raises(ValueError, match="no time zone"):
            Site(time_zone=wrong)


def test_a_queue_has_one_rule() -> None:
    with pytest.raises(ValueError, match="two rules"):
        Site(queues=(QueueRule(queue="support"), QueueRule(queue="support")))


def test_a_site_with_rules_can_still_be_a_key() -> None:
    site = Site(time_zone="Asia/Shanghai", queues=(QueueRule(queue="support"),))
    assert hash(site) == hash(msgspec.structs.replace(site))
