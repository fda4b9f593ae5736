from support.building import START, Story

from gateway.model.calls import Call
from gateway.model.ids import DEFAULT_TENANT, CallId, LegId, PbxName


def empty_call() -> Call:
    return Call(
        call_id=CallId("0"),
        pbx=PbxName("one"),
        tenant=DEFAULT_TENANT,
        began_at=START,
        changed_at=START,
        legs={},
    )


def test_a_call_is_active_until_it_ended() -> None:
    story = Story().comes_in().later(1.0)
    assert story.call().state == "active"
    assert story.clears("caller").call().state == "ended"


def test_a_call_without_a_party_has_no_caller() -> None:
    call = empty_call()
    assert call.caller is None


def test_a_callers_leg_that_is_not_known_is_no_caller() -> None:
    call = empty_call()
    call.caller_leg = LegId("gone")
    assert call.caller is None


def test_the_caller_is_who_began_the_call() -> None:
    story = Story().comes_in().rings("8001").answers("8001")
    caller = story.call().caller
    assert caller is not None
    assert caller.id == "caller"
