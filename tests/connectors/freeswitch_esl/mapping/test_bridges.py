from typing import Any

import pytest
from support.esl_script import Script, talking

from gateway.model.events import LegTransferred, ReleaseRequested


def transfer(script: Script) -> dict[str, Any]:
    (one,) = script.record()["transfers"]
    return {key: one[key] for key in ("kind", "by", "to", "result")}


SENT = {"Caller__Transfer__Source": "1795000005:uuid:bl_xfer:1002/default/XML", "Caller__Destination__Number": "1002"}


@pytest.mark.parametrize("first", ["hangup", "unbridge"])
def test_a_telephones_refer_is_a_blind_transfer(first: str) -> None:
    script = talking()
    sent = {**SENT, "variable_sip_refer_to": "<sip:1002@192.0.2.1>"}
    if first == "hangup":
        script.hangs_up("b", variable_endpoint_disposition="BLIND_TRANSFER").unbridges(**sent)
    else:
        script.unbridges(**sent).hangs_up("b", variable_endpoint_disposition="BLIND_TRANSFER")
    script.dials("c", "1002").later(1.0).answers("c").bridges("a", "c").later(2.0)
    script.hangs_up("a", itself=True).hangs_up("c")
    assert transfer(script) == {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}
    assert script.record()["answered_by"] == ["1001", "1002"]


@pytest.mark.parametrize("told", [True, False])
def test_another_programs_transfer_is_a_redirect(told: bool) -> None:
    script = talking()
    if told:
        script.says("API", API__Command="uuid_transfer", API__Command__Argument="a 1002 XML default")
    script.unbridges(**SENT).hangs_up("b").dials("c", "1002").later(1.0).answers("c").bridges("a", "c").later(2.0)
    script.hangs_up("a", itself=True).hangs_up("c")
    assert transfer(script) == {"kind": "redirect", "by": "cti", "to": "1002", "result": "completed"}


@pytest.mark.parametrize(("option", "legs"), [("-bleg", ["b"]), ("-both", ["a", "b"])])
def test_a_transfer_of_the_other_side_or_of_both(option: str, legs: list[str]) -> None:
    script = talking().says("API", API__Command="uuid_transfer", API__Command__Argument=f"a {option} 1002")
    told = [event.transferee for event in script.named(LegTransferred) if isinstance(event, LegTransferred)]
    assert told == legs


def test_a_menus_own_transfer_is_none() -> None:
    script = Script().comes_in(dialled="5000").answers("a")
    script.says("CHANNEL_EXECUTE", "a", Application="transfer", Application__Data="6001 XML default").later(1.0)
    assert script.hangs_up("a", itself=True).record()["transfers"] == []


def test_a_conference_holds_all_who_are_in_it() -> None:
    script = Script()
    for leg, caller in (("a", "1001"), ("b", "1002"), ("c", "1003")):
        script.comes_in(
            leg, caller=caller, dialled="3000", Channel__Name=f"sofia/internal/{caller}@h", variable_sip_gateway_name=""
        )
        script.answers(leg)
        script.says(
            "CUSTOM conference::maintenance", leg, Action="add-member", Conference__Name="3000", Conference__Unique__ID="room"
        ).later(1.0)
    for leg in ("a", "b", "c"):
        script.says("CUSTOM conference::maintenance", leg, Action="del-member", Conference__Name="3000")
        script.hangs_up(leg, itself=True)
    record = script.record()
    assert (record["conference"], record["caller"], record["answered_by"]) == ("3000", "1001", ["1002", "1003"])


def test_bridges_of_legs_that_nobody_knows_are_passed_over() -> None:
    script = Script().says("CHANNEL_BRIDGE", Bridge__A__Unique__ID="x", Bridge__B__Unique__ID="y")
    script.says("CHANNEL_UNBRIDGE", Bridge__A__Unique__ID="x", Bridge__B__Unique__ID="y")
    script.says("API", API__Command="uuid_kill", API__Command__Argument="").says("API", API__Command="status")
    assert script.records() == []


def test_our_own_blind_transfer_keeps_its_kind_and_who_did_it() -> None:
    script = talking().sends("uuid_transfer a 1002 XML default", "tieline:blind_transfer:1001:01KXAMPLE:0")
    script.says("API", API__Command="uuid_transfer", API__Command__Argument="a 1002 XML default")
    script.unbridges(**SENT).hangs_up("b").dials("c", "1002").later(1.0).answers("c").bridges("a", "c").later(2.0)
    script.hangs_up("a", itself=True).hangs_up("c")
    assert transfer(script) == {"kind": "blind", "by": "1001", "to": "1002", "result": "completed"}


def test_our_own_parking_is_no_transfer() -> None:
    script = talking().sends("uuid_transfer a 'valet_park:lot 6001' inline", "tieline:park:1001:01KXAMPLE:0")
    assert script.named(LegTransferred) == []


@pytest.mark.parametrize(("kind", "told"), [("complete_transfer", 0), ("hang_up", 1)])
def test_who_leaves_to_complete_a_transfer_releases_no_call(kind: str, told: int) -> None:
    script = talking().sends("uuid_kill b NORMAL_CLEARING", f"tieline:{kind}:1001:01KXAMPLE:0")
    assert len(script.named(ReleaseRequested)) == told


def hears_it_ring() -> Script:
    """The called side sends sound before it answers: FreeSWITCH bridges the two already."""
    return Script().comes_in().dials().later(1.0).says("CHANNEL_PROGRESS_MEDIA", "b").bridges().later(4.0)


def test_what_is_heard_before_an_answer_is_no_conversation() -> None:
    script = hears_it_ring().answers("b", "a").later(3.0).hangs_up("a", itself=True).unbridges().hangs_up("b")
    record = script.record()
    assert (record["outcome"], record["answered_by"], record["talk_s"]) == ("answered", ["1001"], 3.0)


@pytest.mark.parametrize("unbridged_first", [True, False])
def test_who_hears_an_announcement_and_nobody_after_it_was_not_answered(unbridged_first: bool) -> None:
    script = hears_it_ring()
    if unbridged_first:
        script.unbridges()
    refused = {"variable_sip_hangup_disposition": "recv_refuse", "variable_sip_reply_host": "192.0.2.11"}
    script.hangs_up("b", "USER_BUSY", itself=False, variable_sip_term_status="486", **refused)
    if not unbridged_first:
        script.unbridges()
    record = script.hangs_up("a").record()
    assert (record["outcome"], record["answered_by"], record["talk_s"]) == ("busy", [], 0.0)


@pytest.mark.parametrize("cause", ["NORMAL_CLEARING", "USER_BUSY", "CALL_REJECTED"])
@pytest.mark.parametrize("leg", ["a", "b"])
def test_whoever_is_cut_off_by_a_command_did_not_hang_up(leg: str, cause: str) -> None:
    """The command is told between the two events of the end that it makes, with the cause that it names."""
    script = talking().says("CHANNEL_HANGUP", leg, Hangup__Cause=cause)
    script.says("API", API__Command="uuid_kill", API__Command__Argument=f"{leg} {cause}")
    script.says("CHANNEL_HANGUP_COMPLETE", leg, Hangup__Cause=cause, variable_sip_hangup_disposition="send_bye")
    record = script.unbridges().hangs_up("b" if leg == "a" else "a").record()
    assert (record["outcome"], record["ended_by"], record["talk_s"]) == ("answered", "cti", 3.0)


def in_room(script: Script, leg: str, action: str) -> Script:
    return script.says(
        "CUSTOM conference::maintenance", leg, Action=action, Conference__Name="3000", Conference__Unique__ID="room"
    )


@pytest.mark.parametrize("leaves_first", [True, False])
def test_who_is_fetched_out_of_a_conference_goes_on_with_whom_he_is_bridged(leaves_first: bool) -> None:
    script = in_room(Script().comes_in(dialled="3000").answers("a"), "a", "add-member").dials("c", "1002", by="").answers("c")
    if leaves_first:
        in_room(script, "a", "del-member")
    script.later(1.0).bridges("a", "c")
    if not leaves_first:
        in_room(script, "a", "del-member")
    record = script.later(4.0).hangs_up("a", itself=True).unbridges("a", "c").hangs_up("c").record()
    assert (record["conference"], record["answered_by"], record["talk_s"]) == ("3000", ["1002"], 4.0)
