"""Records of calls through dial plans that no capture of ours has been through."""

from typing import Any

import pytest
from support.esl_script import Script, talking

from gateway.model.events import LegsTwinned, LegTransferred

QUEUE = "support@pbx.example"
FROM_INSIDE = {"variable_sip_gateway_name": ""}
REFUSED = {"variable_sip_hangup_disposition": "recv_refuse", "variable_sip_reply_host": "192.0.2.11"}


def executes(script: Script, leg: str, application: str, data: str = "", **fields: str) -> Script:
    return script.says("CHANNEL_EXECUTE", leg, Application=application, Application__Data=data, **fields)


def answered(script: Script, first: str, second: str) -> Script:
    """Let both talk for five seconds, and the first hang up."""
    script.later(2.0).answers(second, first).bridges(first, second).later(5.0)
    return script.hangs_up(first, itself=True).unbridges(first, second).hangs_up(second)


def offers(script: Script, action: str, **fields: str) -> Script:
    given = {"CC__Action": action, "CC__Queue": QUEUE, "CC__Member__Session__UUID": "a", **fields}
    return script.says("CUSTOM callcenter::info", **given)


def sent_to(extension: str) -> dict[str, str]:
    return {
        "Caller__Transfer__Source": f"1795347240:f4974acd:bl_xfer:{extension}/default/XML",
        "Caller__Destination__Number": extension,
    }


def test_of_a_group_that_rings_together_one_is_quicker() -> None:
    script = executes(Script().comes_in(dialled="2000"), "a", "bridge", "user/1001@pbx.example,user/1002@pbx.example")
    script.dials("b", "1001").dials("c", "1002").later(2.0).answers("c", "a").hangs_up("b", "LOSE_RACE").bridges("a", "c")
    record = script.later(5.0).hangs_up("a", itself=True).unbridges("a", "c").hangs_up("c").record()
    assert (record["called"], record["rang"], record["answered_by"]) == ("2000", ["1001", "1002"], ["1002"])
    assert (record["outcome"], record["talk_s"], record["diversions"]) == ("answered", 5.0, [])


def test_of_a_group_that_rings_in_turn_the_second_answers() -> None:
    script = executes(Script().comes_in(dialled="2000"), "a", "bridge", "user/1001@pbx.example|user/1002@pbx.example")
    script.dials("b", "1001").later(2.0).hangs_up("b", "NO_ANSWER").dials("c", "1002")
    record = answered(script, "a", "c").record()
    assert (record["rang"], record["answered_by"], record["diversions"]) == (["1001", "1002"], ["1002"], [])


@pytest.mark.parametrize(
    ("endpoint", "outcome", "by"),
    [
        ("error/user_busy", "busy", "called"),
        ("error/CALL_REJECTED", "rejected", "called"),
        ("user/1001@pbx.example", "unreachable", "pbx"),
    ],
)
def test_nobody_rings_and_the_dial_plan_goes_on(endpoint: str, outcome: str, by: str) -> None:
    record = executes(Script().comes_in(), "a", "bridge", endpoint).later(0.1).hangs_up("a").record()
    assert (record["outcome"], record["stage"], record["ended_by"], record["rang"]) == (outcome, "route", by, [])


@pytest.mark.parametrize(
    ("application", "data", "fields", "outcome"),
    [
        ("voicemail", "default pbx.example 1001", {}, "voicemail"),
        ("lua", "app.lua voicemail", {"variable_voicemail_action": "save", "variable_voicemail_id": "1001"}, "voicemail"),
    ],
)
def test_a_mailbox_takes_over_from_who_is_busy(application: str, data: str, fields: dict[str, str], outcome: str) -> None:
    script = executes(Script().comes_in(), "a", "bridge", "user/1001@pbx.example").dials()
    script.hangs_up("b", "USER_BUSY", itself=False, variable_sip_term_status="486", **REFUSED).answers("a")
    record = executes(script, "a", application, data, **fields).later(4.0).hangs_up("a", itself=True).record()
    assert (record["outcome"], record["ended_by"], record["diversions"]) == (outcome, "caller", [])


def test_who_hears_his_messages_by_a_script_is_served() -> None:
    script = Script().comes_in(caller="1001", dialled="*97", **FROM_INSIDE).answers("a")
    executes(script, "a", "lua", "app.lua voicemail", variable_voicemail_action="check")
    assert script.later(4.0).hangs_up("a", itself=True).record()["outcome"] == "self_served"


def test_an_extension_that_is_forwarded_diverts_the_call() -> None:
    script = executes(Script().comes_in(caller="1003", **FROM_INSIDE), "a", "transfer", "1002 XML default")
    executes(script, "a", "bridge", "user/1002@pbx.example", **sent_to("1002")).dials("b", "1002")
    record = answered(script, "a", "b").record()
    assert record["diversions"] == [{"from": "1001", "to": "1002", "reason": "unconditional"}]
    assert (record["called"], record["answered_by"], record["transfers"]) == ("1001", ["1002"], [])


@pytest.mark.parametrize(("cause", "status", "reason"), [("USER_BUSY", "486", "busy"), ("NO_ANSWER", "", "no_answer")])
def test_an_extension_that_does_not_answer_overflows_to_another(cause: str, status: str, reason: str) -> None:
    script = executes(Script().comes_in(), "a", "bridge", "user/1001@pbx.example").dials("b").later(3.0)
    refused = {"variable_sip_term_status": status, **REFUSED} if status else {}
    executes(script.hangs_up("b", cause, itself=False, **refused), "a", "bridge", "sofia/gateway/carrier/13900139000")
    record = answered(script.dials("c", "13900139000", variable_sip_gateway_name="carrier"), "a", "c").record()
    assert record["diversions"] == [{"from": "1001", "to": "13900139000", "reason": reason}]
    assert record["answered_by"] == ["13900139000"]


def test_a_menu_that_led_to_somebody_is_no_transfer_when_they_part() -> None:
    script = executes(Script().comes_in(dialled="5000").answers("a"), "a", "ivr", "main").later(1.0)
    executes(
        script.says("DTMF", "a", DTMF__Digit="2").later(1.0),
        "a",
        "transfer",
        "1001 XML default",
        Caller__Destination__Number="5000",
    )
    executes(script, "a", "bridge", "user/1001@pbx.example", **sent_to("1001")).dials()
    script.later(2.0).answers("b").bridges().later(5.0).hangs_up("a", itself=True).unbridges(**sent_to("1001")).hangs_up("b")
    record = script.record()
    assert (record["digits"], record["ivr_path"], record["transfers"], record["diversions"]) == ("2", ["main"], [], [])


def test_a_caller_refers_whom_he_called() -> None:
    script = Script().comes_in(caller="1003", **FROM_INSIDE).dials().later(2.0).answers("b", "a").bridges().later(3.0)
    script.unbridges().hangs_up("a", "BLIND_TRANSFER")
    executes(script, "b", "bridge", "user/1002@pbx.example", variable_sip_refer_to="<sip:1002@pbx.example>", **sent_to("1002"))
    record = answered(script.dials("c", "1002", by="b"), "b", "c").record()
    assert record["transfers"] == [{"kind": "blind", "by": "1003", "to": "1002", "result": "completed"}]
    assert (record["answered_by"], record["talk_s"]) == (["1001", "1002"], 8.0)


def test_a_called_party_passes_the_caller_on_by_a_code() -> None:
    script = executes(talking(), "b", "read", "11 11 tone digits 5000 #", Caller__Destination__Number="dx")
    script.says("DTMF", "b", DTMF__Digit="1").says("CHANNEL_EXECUTE_COMPLETE", "b", Application="read")
    executes(script, "b", "transfer", "-bleg 1002 XML default").unbridges(**sent_to("1002")).hangs_up("b")
    executes(script, "a", "bridge", "user/1002@pbx.example", **sent_to("1002"))
    record = answered(script.dials("c", "1002"), "a", "c").record()
    assert record["transfers"] == [{"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}]
    assert (record["digits"], record["ivr_path"]) == ("", [])


def test_what_its_own_dial_plan_does_after_a_conversation_is_no_transfer() -> None:
    script = talking().hangs_up("b", itself=True).unbridges()
    executes(script, "a", "transfer", "survey XML default")
    executes(script, "a", "playback", "survey.wav", **sent_to("survey")).later(2.0).hangs_up("a")
    assert script.named(LegTransferred) == []


def test_a_telephone_registered_under_a_made_up_name_is_its_users() -> None:
    script = (
        Script()
        .comes_in()
        .dials("b", "6qg9v2uk", Channel__Name="sofia/internal/6qg9v2uk@192.0.2.30", variable_dialed_user="1001")
    )
    record = answered(script, "a", "b").record()
    assert (record["rang"], record["answered_by"]) == (["1001"], ["1001"])


def test_a_users_outside_telephone_is_no_extension() -> None:
    script = Script().comes_in().dials("b", "13900139000", variable_sip_gateway_name="carrier", variable_dialed_user="1001")
    record = answered(script, "a", "b").record()
    assert (record["rang"], record["answered_by"]) == ([], ["13900139000"])


def queued() -> Script:
    return offers(Script().comes_in(dialled="6001").answers("a").later(0.1), "member-queue-start").later(1.0)


def test_a_queue_tries_three_agents() -> None:
    member = {"variable_cc_member_session_uuid": "a"}
    script = queued().dials("b", "1001", by="", **member).later(5.0).hangs_up("b", "NO_ANSWER").later(1.0)
    script.dials("c", "1002", by="", **member).later(1.0).hangs_up(
        "c", "CALL_REJECTED", itself=False, variable_sip_term_status="603", **REFUSED
    )
    script.later(1.0).dials("d", "1003", by="", **member).later(2.0).answers("d")
    offers(script, "bridge-agent-start", CC__Agent="1003@pbx.example", CC__Agent__UUID="d").bridges("d", "a").later(4.0)
    script.hangs_up("d", itself=True).unbridges("d", "a")
    record = offers(script, "member-queue-end", CC__Cause="Terminated").hangs_up("a").record()
    assert (record["rang"], record["answered_by"], record["wait_s"]) == (["1001", "1002", "1003"], ["1003"], 11.0)
    assert (record["outcome"], record["ended_by"], record["talk_s"]) == ("answered", "called", 4.0)


def through_loopback() -> Script:
    """An agent whose contact is a number of the dial plan: FreeSWITCH calls him by a pair of loopback legs."""
    script = queued().dials("la", "1001", by="", Channel__Name="loopback/1001-a", variable_cc_member_session_uuid="a")
    script.comes_in("lb", "13800138000", "1001", Channel__Name="loopback/1001-b", **FROM_INSIDE)
    executes(script, "lb", "bridge", "user/1001@pbx.example").dials("b", "1001", by="lb").later(2.0).answers("b", "lb", "la")
    offers(script.bridges("lb", "b"), "bridge-agent-start", CC__Agent="1001@pbx.example", CC__Agent__UUID="la")
    return script.bridges("la", "a").later(4.0)


@pytest.mark.parametrize("unbridged_first", [True, False])
def test_an_agent_called_through_the_dial_plan(unbridged_first: bool) -> None:
    script = through_loopback()
    if unbridged_first:
        script.unbridges("la", "a").hangs_up("a", itself=True)
    else:
        script.hangs_up("a", itself=True).unbridges("la", "a")
    record = script.hangs_up("la").hangs_up("lb").unbridges("lb", "b").hangs_up("b").record()
    kept: dict[str, Any] = {key: record[key] for key in ("queue", "wait_s", "rang", "answered_by", "ended_by", "talk_s")}
    assert kept == {"queue": QUEUE, "wait_s": 3.0, "rang": ["1001"], "answered_by": ["1001"], "ended_by": "caller", "talk_s": 4.0}


def test_a_parked_caller_is_picked_up() -> None:
    script = talking().says("CUSTOM valet_parking::info", "a", Action="hold", Valet__Extension="6001").unbridges()
    script.hangs_up("b", itself=True).later(5.0).comes_in("c", "1003", "6001", **FROM_INSIDE).answers("c")
    script.says("CUSTOM valet_parking::info", "a", Action="bridge", Valet__Extension="6001", Bridge__To__UUID="c")
    script.bridges("c", "a").later(5.0).hangs_up("a", itself=True).unbridges("c", "a").hangs_up("c")
    record = script.record()
    assert record["transfers"] == [{"kind": "park", "by": "1001", "to": "1003", "result": "completed", "slot": "6001"}]
    assert (record["answered_by"], record["talk_s"]) == (["1001", "1003"], 8.0)


def test_two_pairs_of_loopback_legs_to_one_number_are_kept_apart() -> None:
    script = Script()
    for leg in ("a1", "a2"):
        script.dials(leg, "1001", by="", Channel__Name="loopback/1001-a")
    for leg, other in (("b1", "a1"), ("b2", "a2")):
        script.comes_in(leg, "13800138000", "1001", Channel__Name="loopback/1001-b", variable_other_loopback_leg_uuid=other)
    assert [(twins.leg, twins.twin) for twins in script.events if isinstance(twins, LegsTwinned)] == [("a1", "b1"), ("a2", "b2")]
