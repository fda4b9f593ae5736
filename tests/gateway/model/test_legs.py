import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import SITE, START

from gateway.model.ids import LegId
from gateway.model.legs import Leg, PartyKind, is_withheld, party_of
from gateway.model.terms import LegRole

IN, OUT, HELPER = LegRole.ORIGINATING, LegRole.TERMINATING, LegRole.HELPER


def leg(kind: PartyKind, cleared_at: float | None = None) -> Leg:
    return Leg(
        id=LegId("1"),
        name="PJSIP/8001-1",
        device="PJSIP/8001",
        role=IN,
        kind=kind,
        party="8001",
        number="8001",
        display=None,
        dialled=None,
        place=None,
        created_at=START,
        cleared_at=cleared_at,
    )


@pytest.mark.parametrize("number", [None, "", " ", "anonymous", "Anonymous", "unknown", "Restricted", "private", "s"])
def test_what_pbxs_write_for_a_hidden_number_is_withheld(number: str | None) -> None:
    assert is_withheld(number)


@pytest.mark.parametrize("number", ["8001", "+8613800138000", "00", "alice"])
def test_a_number_is_not_withheld(number: str) -> None:
    assert not is_withheld(number)


@pytest.mark.parametrize(
    ("device", "role", "number", "kind", "party"),
    [
        ("PJSIP/carrier", IN, "01062551234", PartyKind.OUTSIDE, "01062551234"),
        ("PJSIP/carrier", IN, "8001", PartyKind.OUTSIDE, "8001"),
        ("PJSIP/carrier", IN, "anonymous", PartyKind.OUTSIDE, None),
        ("PJSIP/carrier", IN, None, PartyKind.OUTSIDE, None),
        ("PJSIP/8001", IN, "01062551234", PartyKind.EXTENSION, "8001"),
        ("PJSIP/8001", OUT, None, PartyKind.EXTENSION, "8001"),
        ("PJSIP/desk-17", IN, "8001", PartyKind.EXTENSION, "8001"),
        ("PJSIP/reception", OUT, None, PartyKind.OTHER, "reception"),
        ("PJSIP/reception", OUT, "5551234", PartyKind.OTHER, "5551234"),
        ("SIP/8002", OUT, None, PartyKind.EXTENSION, "8002"),
        ("Local/8001@from-queue", HELPER, "8001", PartyKind.HELPER, None),
    ],
)
def test_a_party_is_told_by_device_and_number(
    device: str, role: LegRole, number: str | None, kind: PartyKind, party: str | None
) -> None:
    assert party_of(device, role, number, SITE) == (kind, party)


def test_on_a_leg_to_a_trunk_the_pbxs_own_number_is_not_the_partys() -> None:
    assert party_of("PJSIP/carrier", OUT, "01062550000", SITE) == (PartyKind.OUTSIDE, None)


@given(device=st.text(), number=st.none() | st.text(), role=st.sampled_from([IN, OUT]))
def test_only_a_helper_leg_is_no_party(device: str, number: str | None, role: LegRole) -> None:
    assert party_of(device, role, number, SITE)[0] is not PartyKind.HELPER
    assert party_of(device, HELPER, number, SITE) == (PartyKind.HELPER, None)


@pytest.mark.parametrize("kind", PartyKind)
def test_every_kind_but_helper_is_a_party(kind: PartyKind) -> None:
    assert leg(kind).is_party is (kind is not PartyKind.HELPER)


def test_a_leg_lives_until_it_is_cleared() -> None:
    assert leg(PartyKind.EXTENSION).is_live
    assert not leg(PartyKind.EXTENSION, cleared_at=START).is_live
