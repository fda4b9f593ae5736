import msgspec
import pytest
from support.building import SITE, Story

from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CompleteTransfer,
    Consult,
    ForwardingKind,
    HangUp,
    Hold,
    LogOut,
    Monitor,
    MonitorMode,
    PlaceCall,
    Redirect,
    SendDigits,
    SetForwarding,
    StartRecording,
)
from gateway.model.ids import PbxName, QueueName
from gateway.model.permits import acting_device, check_devices, check_listening, own_device, target_of, with_consultation
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.model.refusals import CommandNotDoneError, Refusal

ANYBODY = Principal(id="t1", name="CRM", role=Role.PARTNER, scopes=ALL_SCOPES)


def bound_to(extension: str) -> Principal:
    return Principal(id="t2", name="Ann", role=Role.AGENT, scopes=ALL_SCOPES, extension=extension)


def talking() -> Call:
    return Story().comes_in().rings("8001").answers("8001").call()


def both_inside() -> Call:
    return Story().phones("8001", to="8002").rings("8002", by="8001").answers("8002", by="8001").connects("8001").call()


def refusal(kind: type[Command], call: Call, principal: Principal, by: str | None) -> tuple[Refusal, str]:
    with pytest.raises(CommandNotDoneError) as caught:
        acting_device(kind, call, principal, by)
    return caught.value.refusal, caught.value.detail


def test_the_only_telephone_that_talks_is_meant() -> None:
    assert acting_device(Hold, talking(), ANYBODY, None) == "8001"
    assert acting_device(Hold, talking(), ANYBODY, "8001") == "8001"


def test_of_two_the_meant_one_is_asked_for() -> None:
    word, detail = refusal(Hold, both_inside(), ANYBODY, None)
    assert (word, detail) == (Refusal.WHICH_DEVICE, "8001, 8002 are all in this call: say which one is meant, as `by`")
    assert acting_device(Hold, both_inside(), ANYBODY, "8002") == "8002"


def test_an_application_presses_keys_in_a_callers_place_and_nobody_else_does() -> None:
    application = Principal(id="application:itr", name="itr", role=Role.PARTNER, scopes=ALL_SCOPES, presses_for_callers=True)
    call = talking()
    assert call.caller is not None
    outside = call.caller.party
    assert acting_device(SendDigits, call, application, outside) == outside
    assert refusal(SendDigits, call, ANYBODY, outside)[0] is Refusal.NOT_IN_THIS_CALL
    assert refusal(Hold, call, application, outside)[0] is Refusal.NOT_IN_THIS_CALL


def test_who_has_no_leg_does_nothing_in_the_call() -> None:
    word, detail = refusal(Hold, talking(), ANYBODY, "8002")
    assert (word, detail) == (Refusal.NOT_IN_THIS_CALL, "8002 has no leg in this call: in it are 8001")
    alone = Story().comes_in().call()
    assert refusal(Hold, alone, ANYBODY, "8002")[1] == "8002 has no leg in this call: no telephone of the site is in it"
    assert refusal(Hold, alone, ANYBODY, None)[0] is Refusal.NOT_IN_THIS_CALL


def test_a_telephone_that_has_hung_up_is_in_the_call_no_more() -> None:
    call = Story().comes_in().rings("8001").answers("8001").clears("8001").call()
    assert refusal(Hold, call, ANYBODY, "8001")[0] is Refusal.NOT_IN_THIS_CALL


def test_the_whole_call_is_nobodys_in_particular() -> None:
    assert acting_device(HangUp, both_inside(), ANYBODY, None) is None
    assert acting_device(StartRecording, both_inside(), ANYBODY, None) is None
    assert acting_device(Redirect, Story().comes_in().call(), ANYBODY, None) is None


@pytest.mark.parametrize("kind", [Hold, HangUp])
def test_who_is_bound_to_a_telephone_acts_for_it(kind: type[Command]) -> None:
    assert acting_device(kind, both_inside(), bound_to("8002"), None) == "8002"
    word, detail = refusal(kind, both_inside(), bound_to("8002"), "8001")
    assert (word, detail) == (Refusal.NOT_YOUR_DEVICE, "Ann may only act for 8002, not for 8001")


@pytest.mark.parametrize("kind", [Hold, HangUp, Redirect, StartRecording])
def test_who_is_bound_to_a_telephone_leaves_other_calls_alone(kind: type[Command]) -> None:
    word, detail = refusal(kind, talking(), bound_to("8002"), None)
    assert (word, detail) == (Refusal.NOT_IN_THIS_CALL, "Ann may only act for 8002, which has no leg in this call")


def test_whoever_may_listen_needs_no_leg_in_the_call() -> None:
    assert acting_device(Monitor, talking(), bound_to("8010"), None) is None


def test_ones_own_telephone_need_not_be_named() -> None:
    assert own_device(bound_to("8001"), None, "one") == own_device(bound_to("8001"), "8001", "one") == "8001"
    assert own_device(ANYBODY, "8005", "one") == "8005"
    with pytest.raises(CommandNotDoneError, match="8001, not for 8002"):
        own_device(bound_to("8001"), "8002", "one")
    with pytest.raises(CommandNotDoneError, match="as `extension`"):
        own_device(ANYBODY, None, "one")


@pytest.mark.parametrize(
    "command",
    [
        PlaceCall(extension="9999", number="8001"),
        Monitor(extension="8001", agent="99", mode=MonitorMode.LISTEN),
        Monitor(extension="99", agent="8001", mode=MonitorMode.LISTEN),
        LogOut(queue=QueueName("q"), extension="1001"),
    ],
)
def test_a_telephone_that_the_site_cannot_have_is_refused(command: Command) -> None:
    with pytest.raises(CommandNotDoneError, match=r"no extension of pbx1: its `site\.extensions` is \^8") as caught:
        check_devices(command, SITE, "pbx1")
    assert caught.value.refusal is Refusal.NO_SUCH_DEVICE


def test_nobody_listens_to_who_is_not_there() -> None:
    check_listening(Monitor(extension="8010", agent="8001", mode=MonitorMode.LISTEN), talking())
    check_listening(Hold(by="8005"), talking())
    with pytest.raises(CommandNotDoneError, match="8002 has no leg in this call"):
        check_listening(Monitor(extension="8010", agent="8002", mode=MonitorMode.LISTEN), talking())


def test_a_telephone_of_the_site_is_taken() -> None:
    check_devices(PlaceCall(extension="8001", number="1"), SITE, "pbx1")
    check_devices(Hold(by="1"), SITE, "pbx1")


@pytest.mark.parametrize(
    ("command", "target"),
    [
        (PlaceCall(extension="8001", number="1"), ("number", "1")),
        (BlindTransfer(by="8001", to="2"), ("to", "2")),
        (Consult(by="8001", to="3"), ("to", "3")),
        (Redirect(to="4"), ("to", "4")),
        (SetForwarding(extension="8001", kind=ForwardingKind.BUSY, to="5"), ("to", "5")),
        (SetForwarding(extension="8001", kind=ForwardingKind.BUSY, to=None), None),
        (Hold(by="8001"), None),
    ],
)
def test_whom_a_command_brings_in_is_known(command: Command, target: tuple[str, str] | None) -> None:
    assert target_of(command) == target


def test_what_ends_a_consultation_may_name_either_call() -> None:
    main = talking()
    consultation = Story(at=main.began_at + 30.0).phones("8001", to="8002").rings("8002", by="8001").call()
    live = [main, consultation]
    for kind in (CompleteTransfer, CancelTransfer):
        assert with_consultation(kind, main, "8001", live) == (main, consultation)
        assert with_consultation(kind, consultation, "8001", live) == (main, consultation)
    assert with_consultation(Hold, main, "8001", live) == (main, consultation)
    assert with_consultation(Hold, consultation, "8001", live) == (consultation, None)


def test_who_is_in_one_call_consults_in_none() -> None:
    main = talking()
    other = Story(at=main.began_at + 30.0).phones("8003", to="8002").call()
    assert with_consultation(CompleteTransfer, main, "8001", [main, other]) == (main, None)


def agent(extension: str | None, pbx: str = "one") -> Principal:
    """A person who is an agent."""
    return msgspec.structs.replace(bound_to("8001"), extension=extension, pbx=PbxName(pbx), sees_own_only=True)


def supervisor(extension: str) -> Principal:
    return msgspec.structs.replace(bound_to(extension), role=Role.SUPERVISOR, pbx=talking().pbx, may_act_for_others=True)


def test_a_telephone_of_the_same_number_at_another_pbx_is_anothers() -> None:
    call = talking()
    assert acting_device(Hold, call, agent("8001", call.pbx), None) == "8001"
    word, detail = refusal(Hold, call, agent("8001", "branch"), None)
    assert word is Refusal.NOT_IN_THIS_CALL
    assert detail == f"Ann may only act for 8001 at branch: this call is at {call.pbx}"
    with pytest.raises(CommandNotDoneError, match="may only act for 8001 at branch, not for 8001 at one"):
        own_device(agent("8001", "branch"), None, "one")


def test_an_agent_without_a_telephone_does_nothing() -> None:
    assert refusal(Hold, talking(), agent(None, talking().pbx), None)[0] is Refusal.NOT_IN_THIS_CALL
    assert refusal(HangUp, talking(), agent(None, talking().pbx), "8001")[0] is Refusal.NOT_YOUR_DEVICE
    with pytest.raises(CommandNotDoneError, match="Ann has no telephone: an admin gives one"):
        own_device(agent(None), "8001", "one")


def test_a_supervisors_telephone_is_his_own_and_does_not_bind_him() -> None:
    assert acting_device(Hold, both_inside(), supervisor("8002"), None) == "8002"
    assert acting_device(Hold, both_inside(), supervisor("8002"), "8001") == "8001"
    assert acting_device(HangUp, talking(), supervisor("8002"), None) is None
    assert own_device(supervisor("8002"), None, "one") == "8002"
    assert own_device(supervisor("8002"), "8001", "one") == "8001"
