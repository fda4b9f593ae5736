import asyncio
from itertools import pairwise
from typing import Final

import pytest
from support.ami_bench import PBX, Bench
from support.fake_asterisk import SECRET, block, leg_event
from support.virtual_time import EPOCH_S, clock, in_virtual_time

from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError
from gateway.model.events import ConnectionLost, ConnectionMade, LegCleared, LegCreated, LegSeen, SnapshotDone
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus

STARTING_ACTIONS: Final = ("Originate", "Redirect", "Atxfer", "BlindTransfer", "Park")


@in_virtual_time
async def test_connector_logs_in_lists_what_there_is_and_hears(bench: Bench) -> None:
    bench.asterisk.say(leg_event("Newchannel", 1))
    async with bench.connected():
        bench.asterisk.say(leg_event("Newchannel", 2))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))
    (seen,), (created,) = bench.sink.named(LegSeen), bench.sink.named(LegCreated)
    assert isinstance(seen, LegSeen)
    assert isinstance(created, LegCreated)
    assert (seen.leg, created.leg) == ("1795000000.1", "1795000000.2")
    assert bench.sink.order[:3] == ["connecting", "ConnectionMade", "connected"]
    assert bench.sink.states[1].detail == (
        f"cc1: connected to Asterisk Call Manager/11.0.0 at 127.0.0.1:{bench.asterisk.port} as tieline"
    )
    assert bench.sink.status is LinkStatus.STOPPED
    assert bench.sink.gaps == []


@pytest.mark.parametrize("way", ["md5", "plain"])
@in_virtual_time
async def test_both_logins_work_and_md5_keeps_the_secret_off_the_wire(bench: Bench, way: str) -> None:
    async with bench.connected(login=way):
        (login,) = bench.asterisk.asked_for("Login")
    assert (SECRET in login.values()) is (way == "plain")


@in_virtual_time
async def test_wrong_secret_is_refused_with_its_cure_and_tried_again_slowly(bench: Bench) -> None:
    async with bench.asterisk_runs(), bench.connector_runs(secret=Secret("wrong")):
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.REFUSED)
        detail = bench.sink.states[-1].detail
        for words in (
            "cc1",
            f"127.0.0.1:{bench.asterisk.port}",
            "'tieline'",
            "[tieline]",
            "manager.conf",
            "`secret`",
            "pbx: cc1",
        ):
            assert words in detail
        assert "wrong" not in detail.replace("wrong secret", "")
        await asyncio.sleep(3000)
        waits = [later - earlier for earlier, later in pairwise(bench.asterisk.connected_at)]
        assert all(10 < wait <= 905 for wait in waits)
        assert waits[-1] > 4 * waits[0]
        assert [state.status for state in bench.sink.states] == [LinkStatus.CONNECTING, LinkStatus.REFUSED]
        bench.asterisk.secret = Secret("wrong")
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.CONNECTED, timeout_s=1000)


@in_virtual_time
async def test_pbx_away_is_tried_again_with_growing_waits_until_it_is_there(bench: Bench) -> None:
    await bench.asterisk.listen()
    await bench.asterisk.stop()
    async with bench.connector_runs():
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.RETRYING)
        assert f"nobody listens at 127.0.0.1:{bench.asterisk.port}" in bench.sink.states[-1].detail
        await asyncio.sleep(3600)
        assert bench.sink.order == ["connecting", "retrying"]
        await bench.asterisk.listen()
        began = clock()
        await bench.sink.connected()
        assert clock() - began <= 30
        assert bench.sink.gaps == []
        await bench.asterisk.stop()


@in_virtual_time
async def test_half_a_message_is_dropped_and_the_gap_is_said(bench: Bench) -> None:
    async with bench.connected():
        bench.asterisk.say(leg_event("Newchannel", 1))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))
        await asyncio.sleep(20)
        bench.asterisk.write(leg_event("Hangup", 1, Cause="16")[:40])
        cut_at = clock()
        await asyncio.sleep(0.1)
        bench.asterisk.cut()
        await bench.sink.connected()
    assert "LegCleared" not in bench.sink.order[: bench.sink.order.index("ConnectionLost")]
    (gap,) = bench.sink.gaps
    assert gap.began_at == pytest.approx(cut_at, abs=0.1)
    assert gap.ended_at - gap.began_at < 1.0
    assert "closed the connection" in gap.reason
    after = bench.sink.order[bench.sink.order.index("ConnectionLost") :]
    # The leg that was cut off is listed: it lives.
    assert [each for each in after if each not in ("retrying", "connected", "stopped")] == [
        "ConnectionLost",
        "Gap",
        "ConnectionMade",
        "LegSeen",
        "SnapshotDone",
    ]


@in_virtual_time
async def test_64_mib_without_a_line_end_ends_the_connection_early(bench: Bench) -> None:
    async with bench.connected():
        bench.asterisk.write(b"Event: VarSet\r\nValue: ")
        for _ in range(64):
            bench.asterisk.write(b"A" * 1024 * 1024)
            await asyncio.sleep(0)
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.RETRYING)
        assert "a message exceeds" in bench.sink.states[-1].detail
        await bench.sink.connected()
    assert len(bench.sink.gaps) == 1


@in_virtual_time
async def test_name_in_gb2312_is_read_as_the_site_says(bench: Bench) -> None:
    from gateway.model.site import Site

    async with bench.connected(site=Site(region="CN", encoding_fallback="gb18030")):
        bench.asterisk.write(leg_event("Newchannel", 1).replace(b"Chan\r\n", "陈先生\r\n".encode("gb2312")))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))
    (created,) = bench.sink.named(LegCreated)
    assert isinstance(created, LegCreated)
    assert created.display == "陈先生"


@in_virtual_time
async def test_forged_header_in_a_caller_name_changes_nothing(bench: Bench) -> None:
    async with bench.connected():
        forged = "x\nEvent: Hangup\nUniqueid: 1795000000.1\r ActionID: 1"
        bench.asterisk.write(leg_event("Newchannel", 1, CallerIDName=forged))
        bench.asterisk.write(leg_event("Newchannel", 2))
        await bench.sink.until(lambda: len(bench.sink.named(LegCreated)) == 2)
    (created, _) = bench.sink.named(LegCreated)
    assert isinstance(created, LegCreated)
    assert (created.leg, created.display) == ("1795000000.1", forged)
    assert bench.sink.named(LegCleared) == []


@in_virtual_time
async def test_slow_consumer_costs_no_event_and_no_connection(bench: Bench) -> None:
    legs = 30_000
    async with bench.connected(memory_bytes=1024 * 1024) as connector:
        bench.sink.open.clear()
        for number in range(1, legs + 1):
            bench.asterisk.write(leg_event("Newchannel", number))
            if number % 200 == 0:
                await asyncio.sleep(0.01)
        await asyncio.sleep(5)
        assert connector.waiting_bytes > 5 * 1024 * 1024
        bench.sink.open.set()
        await bench.sink.until(lambda: len(bench.sink.named(LegCreated)) == legs)
        assert bench.asterisk.connections == 1
        assert bench.sink.status is LinkStatus.CONNECTED
    assert [event.leg for event in bench.sink.named(LegCreated) if isinstance(event, LegCreated)] == [
        f"1795000000.{number}" for number in range(1, legs + 1)
    ]
    assert list(bench.state_dir.iterdir()) == []


@pytest.mark.parametrize("fault", ["spool full", "disk refuses"])
@in_virtual_time
async def test_consumer_slower_than_the_disk_declares_a_gap_and_goes_on(bench: Bench, fault: str) -> None:
    if fault == "disk refuses":
        bench.state_dir.write_text("in the way")
    async with bench.connected(memory_bytes=1024 * 1024, spool_bytes=1024 * 1024):
        bench.sink.open.clear()
        for number in range(1, 20_001):
            bench.asterisk.write(leg_event("Newchannel", number))
            if number % 200 == 0:
                await asyncio.sleep(0.01)
        bench.sink.open.set()
        await bench.sink.connected()
        heard = len(bench.sink.named(LegCreated))
        assert 1000 < heard < 20_000
        (gap,) = bench.sink.gaps
        assert str(bench.state_dir) in gap.reason
        bench.asterisk.say(leg_event("Newchannel", 99_999))
        await bench.sink.until(lambda: len(bench.sink.named(LegCreated)) == heard + 1)


@in_virtual_time
async def test_restarted_pbx_is_found_again_and_its_old_legs_are_closed_by_the_snapshot(bench: Bench) -> None:
    async with bench.connected():
        bench.asterisk.say(leg_event("Newchannel", 1))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))
        bench.asterisk.say(block(Event="Shutdown", Shutdown="Cleanly", Restart="True"))
        await asyncio.sleep(1)
        await bench.asterisk.stop()
        bench.asterisk.state.legs.clear()
        await asyncio.sleep(20)
        assert bench.sink.status is LinkStatus.RETRYING
        await bench.asterisk.listen()
        await bench.sink.connected()
    (gap,) = bench.sink.gaps
    assert 20 < gap.ended_at - gap.began_at < 60
    assert [type(event) for event in bench.sink.named(ConnectionLost, ConnectionMade, SnapshotDone, LegSeen)] == [
        ConnectionMade,
        SnapshotDone,
        ConnectionLost,
        ConnectionMade,
        SnapshotDone,
    ]


@in_virtual_time
async def test_silent_pbx_counts_as_gone_after_a_while(bench: Bench) -> None:
    async with bench.connected(ping_interval_s=5, dead_after_s=15):
        await asyncio.sleep(600)
        assert bench.asterisk.connections == 1
        bench.asterisk.silent = True
        began = clock()
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.RETRYING)
        assert 15 <= clock() - began <= 25
        assert "silent for 15 s" in bench.sink.states[-1].detail
        bench.asterisk.silent = False
        await bench.sink.connected()
    (gap,) = bench.sink.gaps
    assert gap.began_at <= began + EPOCH_S * 0 < gap.ended_at


@in_virtual_time
async def test_backlog_of_ours_is_no_silence_of_the_pbx(bench: Bench) -> None:
    async with bench.connected(ping_interval_s=5, dead_after_s=15):
        bench.sink.open.clear()
        bench.asterisk.say(leg_event("Newchannel", 1))
        await asyncio.sleep(300)
        bench.sink.open.set()
        bench.asterisk.say(leg_event("Newchannel", 2))
        await bench.sink.until(lambda: len(bench.sink.named(LegCreated)) == 2)
        assert bench.asterisk.connections == 1


@in_virtual_time
async def test_short_login_does_not_reset_the_growing_waits(bench: Bench) -> None:
    async with bench.connected():
        times = []
        for _ in range(8):
            bench.asterisk.cut()
            await bench.sink.connected()
            times.append(clock())
    assert times[-1] - times[-2] > times[1] - times[0]


@in_virtual_time
async def test_values_with_line_ends_are_refused_and_nothing_is_sent(bench: Bench) -> None:
    async with bench.connected() as connector:
        asked = len(bench.asterisk.asked)
        with pytest.raises(CommandRefusedError):
            await connector.action("Setvar", [("Variable", "A"), ("Value", "1\r\n\r\nAction: Command")])
        assert len(bench.asterisk.asked) == asked


@in_virtual_time
async def test_action_returns_its_answer_and_what_it_lists(bench: Bench) -> None:
    bench.asterisk.say(leg_event("Newchannel", 1))
    async with bench.connected() as connector:
        answer = await connector.action("CoreShowChannels")
        assert [message.name for message in answer] == ["Success", "CoreShowChannel", "CoreShowChannelsComplete"]
        (unknown,) = await connector.action("NoSuchAction", [("A", "b")])
        assert (unknown.name, unknown.get("Message")) == ("Error", "Invalid/unknown command")


@in_virtual_time
async def test_action_has_a_deadline_and_a_late_answer_hurts_nobody(bench: Bench) -> None:
    bench.asterisk.replies["getvar"] = lambda _action: None
    async with bench.connected() as connector:
        began = clock()
        with pytest.raises(CommandUnansweredError, match="Getvar within 3 s"):
            await connector.action("Getvar", [("Variable", "A")], timeout_s=3)
        assert clock() - began == pytest.approx(3)
        (asked,) = bench.asterisk.asked_for("Getvar")
        bench.asterisk.write(block(Response="Success", ActionID=asked["actionid"], Value="late"))
        bench.asterisk.write(block(Response="Strange", ActionID="nobody"))
        bench.asterisk.write(block(Event="CoreShowChannelsComplete", EventList="Complete"))
        bench.asterisk.say(leg_event("Newchannel", 1))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))
        assert bench.asterisk.connections == 1


@pytest.mark.parametrize("name", STARTING_ACTIONS)
@in_virtual_time
async def test_what_starts_a_call_is_never_sent_again(bench: Bench, name: str) -> None:
    bench.asterisk.replies[name.lower()] = lambda _action: None
    async with bench.connected() as connector:
        action = asyncio.create_task(connector.action(name, [("Channel", "PJSIP/1001")], timeout_s=50))
        await asyncio.sleep(10)
        bench.asterisk.cut()
        with pytest.raises(CommandUnansweredError, match="the connection ended first"):
            await action
        await bench.sink.connected()
        await asyncio.sleep(120)
        assert len(bench.asterisk.asked_for(name)) == 1


@in_virtual_time
async def test_action_without_a_connection_is_refused_at_once(bench: Bench) -> None:
    await bench.asterisk.listen()
    await bench.asterisk.stop()
    async with bench.connector_runs() as connector:
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.RETRYING)
        with pytest.raises(PeerUnavailableError):
            await connector.action("Ping")


@in_virtual_time
async def test_command_of_ours_is_heard_before_its_effect(bench: Bench) -> None:
    async with bench.connected() as connector:
        bench.asterisk.say(leg_event("Newchannel", 1))
        await bench.sink.until(lambda: bool(bench.sink.named(LegCreated)))

        def hang_up(action: dict[str, str]) -> bytes:
            bench.asterisk.say(leg_event("Hangup", 1, Cause="16"))
            return block(Response="Success", ActionID=action["actionid"])

        bench.asterisk.replies["hangup"] = hang_up
        await connector.action("Hangup", [("Channel", "PJSIP/carrier-00000001")])
        await bench.sink.until(lambda: bool(bench.sink.named(LegCleared)))
    requested = bench.sink.order.index("ReleaseRequested")
    assert requested < bench.sink.order.index("LegCleared")


@in_virtual_time
async def test_pbx_that_is_ready_only_later_is_listed_again(bench: Bench) -> None:
    async with bench.connected():
        await asyncio.sleep(30)
        lists = len(bench.asterisk.asked_for("CoreShowChannels"))
        bench.asterisk.say(block(Event="FullyBooted", Status="Fully Booted"))
        await bench.sink.connected()
        assert (lists, len(bench.asterisk.asked_for("CoreShowChannels"))) == (1, 2)


@in_virtual_time
async def test_pbx_that_does_not_list_its_legs_in_time_is_left_and_tried_again(bench: Bench) -> None:
    bench.asterisk.replies["coreshowchannels"] = lambda _action: None
    async with bench.asterisk_runs(), bench.connector_runs():
        await bench.sink.until(lambda: bench.sink.status is LinkStatus.RETRYING, timeout_s=100)
        assert "no answer to CoreShowChannels" in bench.sink.states[-1].detail
        del bench.asterisk.replies["coreshowchannels"]
        await bench.sink.connected()


@in_virtual_time
async def test_event_that_names_our_action_id_by_chance_is_no_answer(bench: Bench) -> None:
    async with bench.connected() as connector:
        bench.asterisk.write(block(Event="OriginateResponse", ActionID="tieline-1", Response="Failure"))
        assert (await connector.action("Ping"))[0].name == "Success"


@in_virtual_time
async def test_stopping_leaves_no_task_and_no_connection(bench: Bench) -> None:
    bench.asterisk.replies["coreshowchannels"] = lambda _action: None
    async with bench.asterisk_runs():
        async with bench.connector_runs():
            await bench.sink.until(lambda: bench.sink.status is LinkStatus.CONNECTED)
            assert len(bench.asterisk.sessions) == 1
        await asyncio.sleep(1)
        assert len(bench.asterisk.sessions) == 0
        assert bench.sink.status is LinkStatus.STOPPED


@in_virtual_time
async def test_stopping_during_an_attempt_leaves_nothing(bench: Bench) -> None:
    bench.asterisk.greeting = b""
    async with bench.asterisk_runs():
        async with bench.connector_runs():
            await asyncio.sleep(1)
        await asyncio.sleep(1)
        assert len(bench.asterisk.sessions) == 0


@in_virtual_time
async def test_connector_knows_its_pbx(bench: Bench) -> None:
    async with bench.connected() as connector:
        assert connector.pbx == PBX
        await asyncio.sleep(1)
        assert connector.waiting_bytes == 0
