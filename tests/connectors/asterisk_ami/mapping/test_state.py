from hypothesis import given
from hypothesis import strategies as st
from support.building import SITE, START
from support.speaking_asterisk import ami

from connectors.asterisk_ami.mapping.state import REMEMBERED_LEGS, Legs, cause_of, known
from gateway.model.events import PbxEvent
from gateway.model.ids import LegId


def test_what_asterisk_writes_for_no_text_is_none() -> None:
    assert [known(text) for text in ("", "<unknown>", "8001")] == [None, None, "8001"]


@given(cause=st.text(alphabet="0123456789SIP -", max_size=8), tech=st.text(alphabet="0123456789SIP -", max_size=8))
def test_a_cause_is_a_number_whatever_is_written(cause: str, tech: str) -> None:
    assert all(number >= 0 for number in cause_of(ami("Hangup", Cause=cause, TechCause=tech)))


def test_a_leg_is_met_once_and_never_again_when_it_is_gone() -> None:
    legs = Legs(SITE)
    message = ami("Newstate", Uniqueid="1.0", Channel="PJSIP/8001-00000001", ChannelState="6")
    events: list[PbxEvent] = []
    first = legs.met(message, START, events)
    assert first is not None
    assert legs.met(message, START, events) is first
    assert len(events) == 1

    assert legs.remove(LegId("1.0")) is first
    assert legs.remove(LegId("1.0")) is None
    assert legs.met(message, START, events) is None
    assert len(events) == 1


def test_a_leg_whose_name_another_one_took_over_does_not_take_it_along() -> None:
    legs = Legs(SITE)
    legs.add(LegId("1.0"), "PJSIP/8001-00000001", LegId("1.0"), terminating=False)
    second = legs.add(LegId("1.1"), "PJSIP/8001-00000001", LegId("1.1"), terminating=False)
    legs.remove(LegId("1.0"))
    assert legs.by_name == {"PJSIP/8001-00000001": second}


def test_only_so_many_legs_that_are_gone_are_remembered() -> None:
    legs = Legs(SITE)
    for number in range(REMEMBERED_LEGS + 10):
        legs.add(LegId(str(number)), f"PJSIP/8001-{number}", LegId(str(number)), terminating=False)
        legs.remove(LegId(str(number)))
    assert len(legs._gone_set) == len(legs._gone) == REMEMBERED_LEGS
    assert (legs.legs, legs.by_name) == ({}, {})
    assert legs.met(ami("Newstate", Uniqueid="0", Channel="PJSIP/8001-0"), START, []) is not None
