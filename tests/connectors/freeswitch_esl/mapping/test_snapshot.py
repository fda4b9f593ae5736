import json

from support.esl_captures import FREESWITCH
from support.esl_script import BEGAN_AT, Script, talking
from support.replaying import pbx_events

from connectors.freeswitch_esl.mapping.snapshot import CALLS, CHANNELS, MEMBERS
from gateway.model.events import LegSeen, QueueEntrySeen, QueueJoined, SnapshotDone

NOTHING = '{"row_count": 0}'
HEAD = "queue|instance_id|uuid|session_uuid|cid_number|joined_epoch|state"


def row(leg: str, number: str, *, inbound: bool, state: str = "ACTIVE", call: str = "") -> dict[str, str]:
    return {
        "uuid": leg,
        "direction": "inbound" if inbound else "outbound",
        "created_epoch": str(int(BEGAN_AT) - 10),
        "name": f"sofia/internal/{number}@192.0.2.1",
        "initial_cid_num": number if inbound else "13800138000",
        "initial_dest": "6001" if inbound else number,
        "initial_context": "default",
        "callstate": state,
        "call_uuid": call or leg,
    }


def rows(*found: dict[str, str]) -> str:
    return json.dumps({"row_count": len(found), "rows": found})


A, B = row("a", "13800138000", inbound=True), row("b", "1001", inbound=False, call="a")
BRIDGED = A | {"b_uuid": "b", "b_callstate": "ACTIVE"}


def test_legs_that_are_there_are_seen_with_their_bridge() -> None:
    script = Script().lists(CHANNELS, rows(A, B)).lists(CALLS, rows(BRIDGED))
    first, second = (event for event in script.named(LegSeen) if isinstance(event, LegSeen))
    assert (first.leg, first.number, first.dialled, first.age_s, first.connected) == ("a", "13800138000", "6001", 10.0, True)
    assert (second.root, second.number, second.bridge, first.bridge) == ("a", "1001", "a+b", "a+b")
    assert script.named(SnapshotDone)
    record = script.later(5.0).hangs_up("a", itself=True, Unique__ID="a").hangs_up("b", Unique__ID="b").record()
    assert (record["answered_by"], record["ended_by"], record["complete"]) == (["1001"], "caller", False)


def test_a_pbx_without_legs_is_told_too() -> None:
    script = Script().lists(CHANNELS, NOTHING).lists(CALLS, NOTHING)
    assert [type(event) for event in script.named(LegSeen, SnapshotDone)] == [SnapshotDone]


def test_a_ringing_leg_is_ringing() -> None:
    ringing = row("b", "1001", inbound=False, state="RINGING", call="a")
    script = Script().lists(CHANNELS, rows(A | {"callstate": "RINGING"}, ringing)).lists(CALLS, rows(A | {"b_uuid": ""}))
    seen = [event for event in script.named(LegSeen) if isinstance(event, LegSeen)]
    assert [(leg.connected, leg.alerting, leg.bridge) for leg in seen] == [(False, False, None), (False, True, None)]


def test_a_leg_that_ended_while_the_list_was_made_does_not_come_back() -> None:
    script = talking().lists(CHANNELS, rows(A, B)).hangs_up("a", itself=True).hangs_up("b").lists(CALLS, rows(BRIDGED))
    assert not script.named(LegSeen)


def test_who_waits_is_told_with_his_queue() -> None:
    script = Script().lists(CHANNELS, rows(A)).lists(CALLS, NOTHING)
    line = f"support@gw.test|single_box|x|a|13800138000|{int(BEGAN_AT) - 4}|Waiting"
    gone = f"support@gw.test|single_box|x|a|13800138000|{int(BEGAN_AT) - 4}|Answered"
    script.lists(f"{MEMBERS} support@gw.test", f"{HEAD}\n{line}\n{gone}\n+OK")
    (waiting,) = script.named(QueueEntrySeen)
    assert isinstance(waiting, QueueEntrySeen)
    assert (waiting.leg, waiting.queue, waiting.wait_s) == ("a", "support@gw.test", 4.0)


def test_answers_to_other_questions_mean_nothing() -> None:
    script = Script().lists("show registrations as json", NOTHING).lists("status", "UP").lists(CALLS, NOTHING)
    script.lists(CHANNELS, "-ERR no reply").lists(CHANNELS, '{"row_count":').lists(CHANNELS, '{"row_count":1,"rows":[3]}')
    assert not script.named(LegSeen, SnapshotDone)


def test_a_leg_that_was_never_announced_is_met_by_what_it_does() -> None:
    own = {
        "Unique__ID": "a",
        "Channel__Name": "sofia/internal/1001@h",
        "Call__Direction": "inbound",
        "Caller__Destination__Number": "5000",
        "Caller__Caller__ID__Number": "1001",
        "Caller__Channel__Created__Time": f"{int(BEGAN_AT) - 3}000000",
        "Answer__State": "answered",
    }
    script = Script().says("CHANNEL_HOLD", **own).says("CHANNEL_UNHOLD", **own)
    (seen,) = script.named(LegSeen)
    assert isinstance(seen, LegSeen)
    assert (seen.number, seen.dialled, seen.age_s, seen.connected) == ("1001", "5000", 3.0, True)


def test_a_real_freeswitch_lists_its_legs() -> None:
    events = pbx_events(FREESWITCH / "resync_midcall")
    seen = [event for event in events if isinstance(event, LegSeen)]
    assert [(leg.number, leg.bridge is not None) for leg in seen] == [
        ("13800138000", True),
        ("1001", True),
        ("13800138077", False),
    ]
    (waiting,) = (event for event in events if isinstance(event, QueueEntrySeen))
    assert waiting.leg == seen[2].leg


def test_an_agent_met_while_he_rings_is_part_of_the_waiting_callers_call() -> None:
    script = Script().comes_in(dialled="6001").answers("a").later(1.0)
    headers = {"Channel-Name": "sofia/internal/1001@192.0.2.11", "Call-Direction": "outbound", "Channel-Call-UUID": "b"}
    script.says("CHANNEL_PROGRESS", **{"Unique-ID": "b", "variable_cc_member_session_uuid": "a", **headers})
    (met,) = [event for event in script.named(LegSeen) if isinstance(event, LegSeen)]
    assert (met.leg, met.root) == ("b", "a")


def test_a_caller_met_by_his_queue_is_there_before_he_waits() -> None:
    headers = {
        "Channel-Name": "sofia/external/13800138000@192.0.2.9",
        "Call-Direction": "inbound",
        "variable_sip_gateway_name": "carrier",
    }
    fields = {
        "Unique-ID": "a",
        "CC-Action": "member-queue-start",
        "CC-Member-Session-UUID": "a",
        "CC-Queue": "support@pbx.example",
    }
    script = Script().says("CUSTOM callcenter::info", **fields, **headers)
    assert [type(event) for event in script.events[-2:]] == [LegSeen, QueueJoined]
    (met,) = [event for event in script.named(LegSeen) if isinstance(event, LegSeen)]
    assert met.device == "sofia/gateway/carrier"
