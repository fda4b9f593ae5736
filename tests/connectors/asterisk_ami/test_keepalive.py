import asyncio

import pytest
from support.ami_bench import Bench
from support.fake_asterisk import block
from support.virtual_time import clock, in_virtual_time

from gateway.ports.connector import LinkStatus


@in_virtual_time
async def test_pbx_is_asked_regularly(bench: Bench) -> None:
    async with bench.connected(ping_interval_s=5):
        await asyncio.sleep(60)
    assert 12 <= len(bench.asterisk.asked_for("Ping")) <= 14


@pytest.mark.parametrize(("ahead_s", "words"), [(37.5, "37.5 s ahead of ours"), (-3600.0, "3600.0 s behind ours")])
@in_virtual_time
async def test_wrong_clock_of_the_pbx_raises_an_alarm_until_it_is_right(bench: Bench, ahead_s: float, words: str) -> None:
    async with bench.connected():
        await asyncio.sleep(30)
        assert "clock" not in bench.sink.states[-1].detail
        bench.asterisk.clock = lambda: clock() + ahead_s
        await bench.sink.until(lambda: words in bench.sink.states[-1].detail)
        assert bench.sink.status is LinkStatus.CONNECTED
        assert "NTP" in bench.sink.states[-1].detail
        bench.asterisk.clock = clock
        await bench.sink.until(lambda: "clock" not in bench.sink.states[-1].detail)


@pytest.mark.parametrize("stamp", ["", "soon", "1e999", "nan"])
@in_virtual_time
async def test_odd_time_in_an_answer_hurts_nobody(bench: Bench, stamp: str) -> None:
    bench.asterisk.replies["ping"] = lambda action: block(Response="Success", ActionID=action["actionid"], Timestamp=stamp)
    async with bench.connected():
        await asyncio.sleep(30)
        assert bench.asterisk.connections == 1


@in_virtual_time
async def test_pbx_that_only_says_events_lives(bench: Bench) -> None:
    bench.asterisk.replies["ping"] = lambda _action: None
    async with bench.connected(ping_interval_s=5, dead_after_s=15):
        for _ in range(30):
            await asyncio.sleep(4)
            bench.asterisk.say(block(Event="DeviceStateChange", Device="PJSIP/1001", State="INUSE"))
        assert bench.asterisk.connections == 1


@in_virtual_time
async def test_answer_that_comes_late_is_no_clock_that_is_behind(bench: Bench) -> None:
    async def answer_late(data: bytes) -> None:
        await asyncio.sleep(4)
        bench.asterisk.say(data)

    late: list[asyncio.Task[None]] = []

    def answer(action: dict[str, str]) -> None:
        answer = block(Response="Success", ActionID=action["actionid"], Ping="Pong", Timestamp=f"{clock():f}")
        late.append(asyncio.create_task(answer_late(answer)))

    bench.asterisk.replies["ping"] = answer
    async with bench.connected(ping_interval_s=5, clock_limit_s=1):
        await asyncio.sleep(60)
        assert not [state.detail for state in bench.sink.states if "clock" in state.detail]
    await asyncio.gather(*late)
