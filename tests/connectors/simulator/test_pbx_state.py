from support.fake_asterisk import block, leg_event

from connectors.simulator.pbx_state import PbxState, fields_of

NOW = 1_795_000_000.0


def heard(*frames: bytes) -> PbxState:
    state = PbxState()
    for seconds, frame in enumerate(frames):
        state.hear(frame, NOW + seconds)
    return state


def test_leg_is_listed_as_it_is_now_with_its_age() -> None:
    state = heard(
        leg_event("Newchannel", 1),
        leg_event("Newexten", 1, Application="Queue", AppData="support"),
        leg_event("Newstate", 1, ChannelState="6"),
    )
    (leg,) = state.channels(NOW + 3725)
    assert (leg["ChannelState"], leg["Application"], leg["Duration"], leg["BridgeId"]) == ("6", "Queue", "01:02:05", "")


def test_status_tells_what_a_caller_dialled_first() -> None:
    state = heard(
        leg_event("Newchannel", 1, Exten="5100"),
        leg_event("Newexten", 1, Exten="support", Application="Queue", AppData="support"),
        leg_event("Newchannel", 2, ChannelState="0", Exten="s"),
    )
    caller, agent = state.statuses(NOW + 30)
    assert (caller["DNID"], caller["Exten"], caller["Data"], caller["Seconds"]) == ("5100", "support", "support", "30")
    assert agent["DNID"] == ""


def test_bridge_is_listed_with_its_legs_and_gone_with_its_end() -> None:
    enter = {"BridgeUniqueid": "b1", "BridgeType": "basic"}
    state = heard(
        block(Event="BridgeCreate", **enter),
        leg_event("Newchannel", 1),
        leg_event("BridgeEnter", 1, **enter),
        leg_event("Newchannel", 2),
        leg_event("BridgeEnter", 2, **enter),
    )
    assert [bridge["BridgeNumChannels"] for bridge in state.bridge_list()] == ["2"]
    state.hear(leg_event("BridgeLeave", 1, **enter), NOW)
    assert [leg["Uniqueid"] for leg in state.bridge_legs("b1")] == ["1795000000.2"]
    state.hear(block(Event="BridgeDestroy", **enter), NOW)
    assert state.bridge_list() == []


def test_caller_waits_in_the_queue_until_he_leaves_or_hangs_up() -> None:
    member = block(Event="QueueMemberStatus", Queue="support", Interface="PJSIP/1001", MemberName="Ana", Status="1")
    state = heard(member, leg_event("Newchannel", 1), leg_event("QueueCallerJoin", 1, Queue="support"))
    items = state.queue_status(NOW + 12)
    assert [name for name, _ in items] == ["QueueParams", "QueueMember", "QueueEntry"]
    assert (items[0][1]["Calls"], items[2][1]["Wait"]) == ("1", "10")
    state.hear(leg_event("Hangup", 1), NOW)
    assert [name for name, _ in state.queue_status(NOW)] == ["QueueParams", "QueueMember"]
    assert state.channels(NOW) == []


def test_member_is_as_busy_as_his_telephone() -> None:
    member = block(Event="QueueMemberStatus", Queue="support", Interface="PJSIP/1001", StateInterface="PJSIP/1001", Status="1")
    for word, number in (("NOT_INUSE", "1"), ("INUSE", "2"), ("RINGING", "6"), ("ONHOLD", "8")):
        state = heard(member, block(Event="DeviceStateChange", Device="PJSIP/1001", State=word))
        assert state.queue_status(NOW)[1][1]["Status"] == number


def test_events_about_legs_that_are_not_there_change_nothing() -> None:
    state = heard(
        leg_event("Hangup", 9),
        leg_event("BridgeLeave", 9, BridgeUniqueid="b"),
        leg_event("BridgeEnter", 9, BridgeUniqueid="b"),
        leg_event("QueueCallerLeave", 9, Queue="q"),
        leg_event("Newstate", 9),
        block(Event="Strange"),
    )
    assert (state.channels(NOW), state.bridge_list(), state.queue_status(NOW)) == ([], [], [])


def test_first_header_of_a_name_counts() -> None:
    assert fields_of(b"Event: X\r\nChanVariable: A=1\r\nChanVariable: B=2\r\nno header\r\n\r\n") == {
        "Event": "X",
        "ChanVariable": "A=1",
    }
