from typing import Any

import pytest
from support.esl_script import Script, talking

from gateway.model.events import LegRetrieved, LegTransferred

ATTENDED = {"variable_endpoint_disposition": "ATTENDED_TRANSFER"}


def transfer(record: dict[str, Any]) -> dict[str, Any]:
    (one,) = record["transfers"]
    return {key: one[key] for key in ("kind", "by", "to", "result")}


def consulting() -> Script:
    script = talking().says("CHANNEL_HOLD", "b").later(1.0)
    script.comes_in(
        "c",
        caller="1001",
        dialled="1002",
        Channel__Name=script_channel(script, "b"),
        variable_sip_gateway_name="",
    )
    return script.dials("d", "1002", by="c").later(1.0).answers("d", "c").bridges("c", "d").later(2.0)


def script_channel(script: Script, leg: str) -> str:
    return script._legs[leg]["Channel-Name"]


def test_a_refer_with_replaces_is_an_attended_transfer() -> None:
    script = consulting().unbridges("c", "d", **ATTENDED).hangs_up("c")
    script.says("CHANNEL_UNHOLD", "b").hangs_up("b")
    script.unbridges("a", "b", Caller__Transfer__Source="1795000009:uuid:uuid_br:d").bridges("a", "d").later(3.0)
    record = script.hangs_up("d", itself=True).hangs_up("a").record()
    assert transfer(record) == {"kind": "attended", "by": "1001", "to": "1002", "result": "completed"}
    assert (record["answered_by"], record["ended_by"]) == (["1001", "1002"], "called")


def test_an_attended_transfer_is_told_once_the_two_others_are_bridged() -> None:
    script = consulting().unbridges("c", "d", **ATTENDED).hangs_up("c")
    assert script.named(LegTransferred) == []
    assert [event.leg for event in script.named(LegRetrieved) if isinstance(event, LegRetrieved)] == ["b"]
    script.hangs_up("b").bridges("a", "d")
    assert isinstance(script.events[-1], LegTransferred)
    assert script.events[-1].target == "d"


def test_who_is_handed_over_and_leaves_before_the_bridge_was_handed_over() -> None:
    script = consulting().unbridges("c", "d", **ATTENDED).hangs_up("c")
    script.hangs_up("d", itself=True)
    assert len(script.named(LegTransferred)) == 1


def test_a_consultation_that_is_given_up_stays_a_call() -> None:
    script = consulting().hangs_up("d", itself=True).unbridges("c", "d").hangs_up("c").says("CHANNEL_UNHOLD", "b").later(1.0)
    script.hangs_up("a", itself=True).hangs_up("b")
    first, second = script.records()
    assert (first["transfers"], second["answered_by"]) == ([], ["1002"])
    assert first["hold_s"] == 4.0


def referred_while_it_rings() -> Script:
    """The second leg of 1001 calls 1002, who rings; 1001 has the two others connected."""
    script = talking().says("CHANNEL_HOLD", "b").later(1.0)
    script.comes_in("c", "1001", "1002", Channel__Name=script_channel(script, "b"), variable_sip_gateway_name="")
    return script.dials("d", "1002", by="c").later(2.0)


def sent(to: str, kind: str = "bl_xfer") -> dict[str, str]:
    return {"Caller__Transfer__Source": f"1795000009:uuid:{kind}:{to}"}


@pytest.mark.parametrize("parted_first", [True, False])
@pytest.mark.parametrize("end", ["answered", "no_answer", "abandoned"])
def test_a_refer_while_the_other_one_rings_is_blonde(parted_first: bool, end: str) -> None:
    script = referred_while_it_rings()
    waits = {**sent("endless_playback:local_stream://moh,park"), "variable_att_xfer_kill_uuid": "c"}
    if parted_first:
        script.unbridges("a", "b", Caller__Destination__Number="endless_playback:local_stream://moh,park", **waits)
    script.hangs_up("c", itself=False, variable_transfer_to="satt:a", **ATTENDED)
    if not parted_first:
        script.unbridges("a", "b", **waits)
    script.says("CHANNEL_UNHOLD", "b").hangs_up("b").later(2.0)
    match end:
        case "answered":
            script.answers("d").bridges("a", "d").later(3.0).hangs_up("a", itself=True).unbridges("a", "d").hangs_up("d")
        case "no_answer":
            script.hangs_up("d", "NO_ANSWER").hangs_up("a", "NORMAL_UNSPECIFIED")
        case _:
            script.hangs_up("a", itself=True).hangs_up("d", "ORIGINATOR_CANCEL")
    record = script.record()
    result = "completed" if end == "answered" else end
    assert transfer(record) == {"kind": "blonde", "by": "1001", "to": "1002", "result": result}
    assert (record["rang"], record["talk_s"]) == (["1001", "1002"], 9.0 if end == "answered" else 6.0)
    assert record["ended_by"] == ("pbx" if end == "no_answer" else "caller")


@pytest.mark.parametrize("gone_first", [True, False])
def test_a_refer_to_a_queue_that_the_telephone_called_sends_the_caller_there(gone_first: bool) -> None:
    script = talking().says("CHANNEL_HOLD", "b").later(1.0)
    script.comes_in("c", "1001", "6001", Channel__Name=script_channel(script, "b"), variable_sip_gateway_name="").answers("c")
    script.later(2.0)
    gone = {"variable_endpoint_disposition": "RECEIVED"}
    if gone_first:
        script.hangs_up("c", "ATTENDED_TRANSFER", itself=False, **gone)
    script.unbridges("a", "b", Caller__Destination__Number="6001", **sent("6001/default/XML")).hangs_up("b")
    if not gone_first:
        script.hangs_up("c", "ATTENDED_TRANSFER", itself=False, **gone)
    joins = {"CC__Action": "member-queue-start", "CC__Queue": "support@pbx.example", "CC__Member__Session__UUID": "a"}
    script.says("CUSTOM callcenter::info", **joins).later(4.0).hangs_up("a", itself=True)
    record = script.record()
    assert transfer(record) == {"kind": "blonde", "by": "1001", "to": "6001", "result": "abandoned"}
    assert (record["queue"], record["ended_by"]) == ("support@pbx.example", "caller")


def test_where_two_parties_share_a_trunk_the_one_who_refers_is_told_from_the_other() -> None:
    """Outside telephones consult, too; at a trunk the legs of all look alike."""
    script = Script()
    for first, peer, caller in (("a", "b", "13800138000"), ("e", "f", "13900139000")):
        script.comes_in(first, caller).dials(peer, "1001" if first == "a" else "1003", by=first)
        script.answers(peer, first).bridges(first, peer)
    script.later(2.0).comes_in("c", "13900139000", "1002").dials("d", "1002", by="c").answers("d", "c").bridges("c", "d").later(
        1.0
    )
    script.unbridges("c", "d", **ATTENDED).hangs_up("c").hangs_up("e", variable_refer_uuid="c").unbridges("e", "f")
    script.bridges("f", "d").later(3.0).hangs_up("d", itself=True).hangs_up("f")
    script.hangs_up("a", itself=True).unbridges("a", "b").hangs_up("b")
    other, record = script.records()
    assert (other["caller"], other["transfers"]) == ("13800138000", [])
    assert transfer(record) == {"kind": "attended", "by": "13900139000", "to": "1002", "result": "completed"}


@pytest.mark.parametrize("end", ["answered", "no_answer", "abandoned"])
def test_hanging_up_while_att_xfer_rings_is_blonde(end: str) -> None:
    script = talking().says("CHANNEL_EXECUTE", "b", Application="att_xfer", Application__Data="user/1002")
    script.dials("d", "1002", by="b").later(2.0).hangs_up("b", itself=True, Answer__State="hangup")
    script.unbridges("a", "b").later(2.0)
    match end:
        case "answered":
            script.answers("d").bridges("a", "d").later(3.0).hangs_up("a", itself=True).unbridges("a", "d").hangs_up("d")
        case "no_answer":
            script.hangs_up("d", "NO_ANSWER").hangs_up("a", "NORMAL_UNSPECIFIED")
        case _:
            script.hangs_up("a", itself=True).hangs_up("d", "ORIGINATOR_CANCEL")
    record = script.record()
    result = "completed" if end == "answered" else end
    assert transfer(record) == {"kind": "blonde", "by": "1001", "to": "1002", "result": result}
    assert record["talk_s"] == (8.0 if end == "answered" else 5.0)
