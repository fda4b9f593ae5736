import asyncio

from structlog.testing import capture_logs
from support.ami_bench import Bench
from support.fake_asterisk import block, leg_event, refuse
from support.virtual_time import in_virtual_time

from gateway.model.events import LegBridged, LegSeen, QueueEntrySeen, SnapshotDone
from gateway.model.reports import DeviceChanged, MemberChanged
from gateway.ports.connector import LinkStatus

BRIDGE = "84338d3a-653a-46fd-a68b-9e5d99d2f52d"


def in_bridge(bench: Bench, *numbers: int) -> None:
    bench.asterisk.say(block(Event="BridgeCreate", BridgeUniqueid=BRIDGE, BridgeType="basic"))
    for number in numbers:
        bench.asterisk.say(leg_event("Newchannel", number))
        bench.asterisk.say(leg_event("Newstate", number, ChannelState="6"))
        bench.asterisk.say(leg_event("BridgeEnter", number, BridgeUniqueid=BRIDGE, BridgeType="basic", ChannelState="6"))


@in_virtual_time
async def test_legs_queues_members_and_devices_are_asked_for(bench: Bench) -> None:
    in_bridge(bench, 1, 2)
    bench.asterisk.say(leg_event("Newchannel", 3))
    bench.asterisk.say(leg_event("QueueCallerJoin", 3, Queue="support", Position="1"))
    bench.asterisk.say(
        block(Event="QueueMemberStatus", Queue="support", Interface="PJSIP/1001", MemberName="Agent One", Status="1")
    )
    bench.asterisk.say(block(Event="DeviceStateChange", Device="PJSIP/1001", State="INUSE"))
    async with bench.connected():
        await bench.sink.until(lambda: bool(bench.sink.named(DeviceChanged)))
    bridges = {event.leg: event.bridge for event in bench.sink.named(LegSeen) if isinstance(event, LegSeen)}
    assert bridges == {"1795000000.1": BRIDGE, "1795000000.2": BRIDGE, "1795000000.3": None}
    assert len(bench.sink.named(QueueEntrySeen)) == len(bench.sink.named(MemberChanged)) == 1
    assert len(bench.sink.named(SnapshotDone)) == 1


@in_virtual_time
async def test_user_who_may_not_list_legs_gets_those_that_talk_and_the_operator_a_cure(bench: Bench) -> None:
    in_bridge(bench, 1, 2)
    bench.asterisk.say(leg_event("Newchannel", 3))
    for action in ("coreshowchannels", "status"):
        bench.asterisk.replies[action] = refuse("Permission denied")
    with capture_logs() as logs:
        async with bench.connected():
            await bench.sink.until(lambda: "manager.conf" in bench.sink.states[-1].detail)
            assert bench.sink.status is LinkStatus.CONNECTED
            assert "`write = reporting`" in bench.sink.states[-1].detail
    seen = [event for event in bench.sink.named(LegSeen) if isinstance(event, LegSeen)]
    assert [(leg.leg, leg.bridge, leg.connected) for leg in seen] == [
        ("1795000000.1", BRIDGE, True),
        ("1795000000.2", BRIDGE, True),
    ]
    assert len(bench.sink.named(SnapshotDone)) == 1
    (line,) = [line for line in logs if line["event"] == "right_missing"]
    assert (line["action"], line["manager_conf"]) == ("CoreShowChannels", "write = reporting")


@in_virtual_time
async def test_user_who_may_only_see_the_status_gets_all_legs(bench: Bench) -> None:
    in_bridge(bench, 1, 2)
    bench.asterisk.say(leg_event("Newchannel", 3))
    bench.asterisk.replies["coreshowchannels"] = refuse("Permission denied")
    async with bench.connected():
        pass
    seen = {event.leg for event in bench.sink.named(LegSeen) if isinstance(event, LegSeen)}
    assert seen == {"1795000000.1", "1795000000.2", "1795000000.3"}
    assert len(bench.sink.named(SnapshotDone)) == 1
    assert bench.asterisk.asked_for("BridgeInfo") == []


@in_virtual_time
async def test_every_list_may_be_refused(bench: Bench) -> None:
    for action in ("coreshowchannels", "status", "bridgelist", "queuestatus", "devicestatelist"):
        bench.asterisk.replies[action] = refuse("Permission denied")
    async with bench.connected():
        bench.asterisk.say(leg_event("BridgeEnter", 1, BridgeUniqueid=BRIDGE, BridgeType="basic", ChannelState="6"))
        await bench.sink.until(lambda: bool(bench.sink.named(LegBridged)))
        assert bench.asterisk.connections == 1


@in_virtual_time
async def test_module_that_is_not_loaded_is_no_missing_right(bench: Bench) -> None:
    bench.asterisk.replies["queuestatus"] = refuse("Invalid/unknown command: QueueStatus.")
    async with bench.connected():
        await asyncio.sleep(5)
        assert "manager.conf" not in bench.sink.states[-1].detail


@in_virtual_time
async def test_what_happens_while_legs_are_listed_is_heard_in_order(bench: Bench) -> None:
    def list_slowly(action: dict[str, str]) -> bytes:
        bench.asterisk.say(leg_event("Newchannel", 2))
        bench.asterisk.say(leg_event("Hangup", 1, Cause="16"))
        mark = {"ActionID": action["actionid"], "ChannelState": "6", "Duration": "00:00:05"}
        return (
            block(Response="Success", ActionID=action["actionid"], EventList="start")
            + leg_event("CoreShowChannel", 1, **mark)
            + leg_event("CoreShowChannel", 3, **mark)
            + block(Event="CoreShowChannelsComplete", ActionID=action["actionid"], EventList="Complete")
        )

    bench.asterisk.replies["coreshowchannels"] = list_slowly
    async with bench.connected():
        pass
    order = [each for each in bench.sink.order if each in ("LegCreated", "LegCleared", "LegSeen", "SnapshotDone")]
    assert order == ["LegCreated", "LegCleared", "LegSeen", "SnapshotDone"]


@in_virtual_time
async def test_user_who_may_not_list_legs_but_see_their_states_gets_them_all(bench: Bench) -> None:
    bench.asterisk.replies["coreshowchannels"] = refuse("Permission denied")
    bench.asterisk.replies["status"] = lambda action: (
        block(Response="Success", ActionID=action["actionid"], EventList="start")
        + leg_event("Status", 3, ActionID=action["actionid"], DNID="5000", ChannelState="4", Seconds="12", Application="Dial")
        + block(Event="StatusComplete", ActionID=action["actionid"], EventList="Complete")
    )
    async with bench.connected():
        await bench.sink.until(lambda: bool(bench.sink.named(SnapshotDone)))
    (seen,) = [event for event in bench.sink.named(LegSeen) if isinstance(event, LegSeen)]
    assert (seen.leg, seen.dialled, seen.age_s, seen.connected) == ("1795000000.3", "5000", 12.0, False)
