import pytest
from support.esl_script import Script, talking

from gateway.model.events import (
    ConsultationStarted,
    DialOutRequested,
    DialPlanFailed,
    LegPickedUp,
    LegTransferred,
    MenuEntered,
    MenuLeft,
    ServiceStarted,
)


def runs(script: Script, leg: str, application: str, data: str = "", *, done: bool = True, **fields: str) -> Script:
    given = {"Application": application, "Application__Data": data, **fields}
    script.says("CHANNEL_EXECUTE", leg, **given)
    return script.says("CHANNEL_EXECUTE_COMPLETE", leg, **given) if done else script


def in_menu() -> Script:
    script = Script().comes_in(dialled="5000").answers("a")
    return runs(script, "a", "play_and_get_digits", "1 1 3 4000 # hello.wav no.wav choice", done=False).later(2.0)


def test_keys_pressed_in_a_menu_are_its_digits() -> None:
    script = in_menu().says("DTMF", "a", DTMF__Digit="1")
    runs(script, "a", "play_and_get_digits").says("DTMF", "a", DTMF__Digit="9")
    runs(script, "a", "transfer", "6001 XML default").hangs_up("a", itself=True)
    record = script.record()
    assert (record["digits"], record["ivr_path"], record["ivr_s"]) == ("1", ["5000"], 2.0)


def test_a_menu_that_is_played_again_is_one_menu() -> None:
    script = in_menu()
    runs(script, "a", "play_and_get_digits", done=False).later(1.0)
    runs(script, "a", "ivr", "sales_menu", done=False).later(1.0)
    runs(script, "a", "bridge", "user/1001", done=False).hangs_up("a", itself=True)
    assert script.record()["ivr_path"] == ["5000", "sales_menu"]
    assert len(script.named(MenuEntered)) == 3
    assert len(script.named(MenuLeft)) == 2


def test_click_to_dial_calls_out_when_the_agent_answers() -> None:
    script = Script().dials("a", "1001", by="").later(1.0).answers("a")
    runs(script, "a", "bridge", "{x=1}sofia/gateway/carrier/13900139000", done=False)
    script.dials("b", "13900139000", variable_sip_gateway_name="carrier").later(1.0).answers("b").bridges().later(2.0)
    script.hangs_up("b", itself=True).hangs_up("a")
    record = script.record()
    assert script.named(DialOutRequested)
    assert (record["direction"], record["caller"], record["called"]) == ("outbound", "1001", "13900139000")
    assert (record["answered_by"], record["ended_by"]) == (["13900139000"], "called")


@pytest.mark.parametrize(
    ("application", "data", "service"),
    [
        ("voicemail", "default $domain 1001", "voicemail"),
        ("voicemail", "check default $domain 1001", "mailbox"),
        ("eavesdrop", "b", "monitor"),
        ("socket", "127.0.0.1:8084 async full", "media"),
    ],
)
def test_services_of_the_pbx_are_named(application: str, data: str, service: str) -> None:
    script = runs(Script().comes_in().answers("a"), "a", application, data, done=False)
    (started,) = script.named(ServiceStarted)
    assert isinstance(started, ServiceStarted)
    assert started.service == service


SOCKET = "127.0.0.1:8084 async full"


def test_a_socket_that_takes_the_call_before_it_is_answered_serves_it_from_then_on() -> None:
    script = runs(Script().comes_in(), "a", "socket", SOCKET, done=False, Answer__State="ringing")
    assert script.named(ServiceStarted) == []
    script.answers("a")
    assert len(script.named(ServiceStarted)) == 1
    assert script.answers("a").named(ServiceStarted) == script.named(ServiceStarted)[:1]


def test_a_socket_that_nobody_listens_at_serves_nobody() -> None:
    script = runs(Script().comes_in(), "a", "socket", SOCKET, Answer__State="ringing")
    assert script.answers("a").named(ServiceStarted) == []


@pytest.mark.parametrize(("data", "cause"), [("486 Busy Here", 17), ("USER_BUSY", 17), ("404", 1), ("", 0)])
def test_a_dial_plan_that_refuses_says_why(data: str, cause: int) -> None:
    script = runs(Script().comes_in(), "a", "respond", data, done=False)
    (failed,) = script.named(DialPlanFailed)
    assert isinstance(failed, DialPlanFailed)
    assert failed.cause == cause


def test_who_intercepts_a_ringing_call_picks_it_up() -> None:
    script = Script().comes_in().dials()
    script.comes_in("c", caller="1002", dialled="*81001", Channel__Name="sofia/internal/1002@h", variable_sip_gateway_name="")
    runs(script, "c", "intercept", "-bleg b", done=False)
    (picked,) = script.named(LegPickedUp)
    assert isinstance(picked, LegPickedUp)
    assert (picked.leg, picked.by) == ("b", "c")


def consulting() -> Script:
    script = runs(talking(), "b", "att_xfer", "user/1002", done=False)
    return script.dials("c", "1002", by="b").later(1.0).answers("c").bridges("b", "c").later(2.0)


def test_att_xfer_is_completed_by_hanging_up() -> None:
    script = consulting().unbridges("b", "c").hangs_up("b", itself=True, Answer__State="hangup")
    script.bridges("c", "a").later(3.0).hangs_up("a", itself=True).hangs_up("c")
    (transferred,) = script.named(LegTransferred)
    assert isinstance(transferred, LegTransferred)
    assert (transferred.kind, transferred.by, transferred.transferee, transferred.target) == ("attended", "b", "a", "c")
    record = script.record()
    assert (record["answered_by"], record["talk_s"], record["hold_s"]) == (["1001", "1002"], 9.0, 3.0)
    assert [(each["to"], each["consult_s"]) for each in record["transfers"]] == [("1002", 2.0)]


@pytest.mark.parametrize("order", ["done", "done unbridges bridges", "unbridges done bridges", "unbridges bridges done"])
def test_att_xfer_that_is_given_up_was_a_call_of_its_own(order: str) -> None:
    script = consulting().unbridges("b", "c").hangs_up("c", itself=True)
    for step in order.split():
        if step == "done":
            script.says("CHANNEL_EXECUTE_COMPLETE", "b", Application="att_xfer", Answer__State="answered")
        elif step == "unbridges":
            script.unbridges("a", "b")
        else:
            script.bridges("b", "a")
    script.later(4.0)
    script.hangs_up("a", itself=True).unbridges().hangs_up("b")
    own, consulted = script.records()
    assert (own["talk_s"], own["hold_s"], own["transfers"], own["ended_by"]) == (10.0, 3.0, [], "caller")
    told = (consulted["direction"], consulted["caller"], consulted["called"], consulted["answered_by"], consulted["talk_s"])
    assert told == ("internal", "1001", "1002", ["1002"], 2.0)


def test_every_leg_that_att_xfer_calls_belongs_to_the_consultation() -> None:
    script = runs(talking(), "b", "att_xfer", "user/1002", done=False)
    script.dials("c", "1002", by="b").dials("d", "1002", by="b").later(1.0).answers("d").bridges("b", "d").later(1.0)
    script.hangs_up("c", "LOSE_RACE").unbridges("b", "d").hangs_up("d", itself=True)
    assert [len(record["legs"]) for record in script.records()] == [2, 3]


def test_att_xfer_begins_a_consultation() -> None:
    (begun,) = consulting().named(ConsultationStarted)
    assert isinstance(begun, ConsultationStarted)
    assert (begun.leg, begun.helper, begun.to) == ("b", "c", "1002")


def test_steps_of_legs_that_nobody_knows_are_passed_over() -> None:
    script = Script().says("CHANNEL_EXECUTE_COMPLETE", Application="att_xfer").says("DTMF", DTMF__Digit="1")
    assert script.records() == []


def completes(script: Script, application: str, **fields: str) -> Script:
    return script.says("CHANNEL_EXECUTE_COMPLETE", "a", Application=application, **fields)


def test_a_menu_within_a_menu_leads_back_to_it() -> None:
    script = runs(Script().comes_in(dialled="5000").answers("a"), "a", "ivr", "main", done=False)
    script.says("DTMF", "a", DTMF__Digit="2").later(1.0)
    runs(script, "a", "ivr", "sales", done=False).says("DTMF", "a", DTMF__Digit="9").later(1.0)
    runs(script, "a", "play_and_get_digits", "4 4 3 5000 # account.wav no.wav account", done=False).later(1.0)
    script.says("DTMF", "a", DTMF__Digit="7")
    completes(script, "play_and_get_digits", variable_read_result="success")
    completes(script, "ivr", variable_ivr_menu_status="success").says("DTMF", "a", DTMF__Digit="1").later(1.0)
    runs(script, "a", "transfer", "1001 XML default")
    record = completes(script, "ivr").hangs_up("a", itself=True).record()
    assert (record["digits"], record["ivr_path"], record["ivr_s"]) == ("2971", ["main", "sales", "main"], 4.0)


@pytest.mark.parametrize(
    ("application", "variable", "result", "outcome"),
    [
        ("ivr", "variable_ivr_menu_status", "timeout", "abandoned"),
        ("ivr", "variable_ivr_menu_status", "failure", "abandoned"),
        ("ivr", "variable_ivr_menu_status", "success", "self_served"),
        ("play_and_get_digits", "variable_read_result", "timeout", "abandoned"),
        ("read", "variable_read_result", "failure", "abandoned"),
        ("read", "variable_read_result", "success", "self_served"),
    ],
)
def test_a_menu_that_got_no_input_gives_its_caller_up(application: str, variable: str, result: str, outcome: str) -> None:
    script = runs(Script().comes_in(dialled="5000").answers("a"), "a", application, "main", done=False).later(9.0)
    script.says("CHANNEL_EXECUTE_COMPLETE", "a", Application=application, **{variable: result}).later(1.0)
    record = script.hangs_up("a").record()
    assert (record["outcome"], record["ended_by"]) == (outcome, "pbx")


def test_a_menu_whose_end_was_not_heard_is_over_when_the_next_one_begins() -> None:
    script = runs(Script().comes_in(dialled="5000").answers("a"), "a", "ivr", "main", done=False)
    for _ in range(3):
        runs(script, "a", "read", "1 1 hello.wav choice 4000 #", done=False)
        runs(script, "a", "ivr", "main", done=False)
    completes(script, "ivr").says("DTMF", "a", DTMF__Digit="5")
    assert script.hangs_up("a", itself=True).record()["digits"] == ""


def made_three() -> Script:
    """Who consults by ``att_xfer`` presses 0: all three hear each other."""
    script = consulting().unbridges("b", "c").says("CHANNEL_EXECUTE", "c", Application="three_way", Application__Data="b")
    return script.says("CHANNEL_EXECUTE_COMPLETE", "b", Application="att_xfer").bridges("b", "a").later(4.0)


def test_who_consults_may_make_it_three() -> None:
    record = made_three().hangs_up("a", itself=True).unbridges("b", "a").hangs_up("b").hangs_up("c").record()
    assert (record["answered_by"], record["transfers"], record["talk_s"]) == (["1001", "1002"], [], 10.0)
    assert (record["hold_s"], record["ended_by"]) == (3.0, "caller")


def test_of_three_the_two_others_may_go_on() -> None:
    script = made_three().hangs_up("b", itself=True).unbridges("b", "a").bridges("c", "a").later(5.0)
    record = script.hangs_up("c", itself=True).unbridges("c", "a").hangs_up("a").record()
    assert (record["answered_by"], record["talk_s"], record["ended_by"]) == (["1001", "1002"], 15.0, "called")


def test_of_three_the_third_may_leave() -> None:
    script = made_three().says("CHANNEL_EXECUTE_COMPLETE", "c", Application="three_way").hangs_up("c", itself=True).later(2.0)
    record = script.hangs_up("b", itself=True).unbridges("b", "a").hangs_up("a").record()
    assert (record["talk_s"], record["ended_by"]) == (12.0, "called")
