from hypothesis import given
from hypothesis import strategies as st

from connectors.sip.events import SipMapper
from connectors.sip.legs import Reference, bridge_of, read_reference, seen
from connectors.sip.wire import CallNumber
from gateway.model.ids import LegId
from gateway.model.site import Site


def test_a_reference_comes_back_as_it_was_written() -> None:
    reference = Reference(leg=LegId("a"), root=LegId("a"), number="1001", then="+8613800138000", shown="8885551")
    assert read_reference(reference.written()) == reference


@given(st.text())
def test_what_another_wrote_is_no_reference(text: str) -> None:
    assert read_reference(text) is None


def test_a_bridge_has_one_name_from_both_sides() -> None:
    mapper = SipMapper(Site())
    for call, leg in ((1, "a"), (2, "b")):
        mapper.placed(1, CallNumber(call), "trunk", Reference(leg=LegId(leg), root=LegId("a"), number="1001"), 10.0)
    one, other = mapper.legs
    assert bridge_of(one, other) == bridge_of(other, one)
    assert seen(one, 12.5).age_s == 2.5
