import asyncio

import pytest
from support.ami_bench import Bench
from support.fake_asterisk import leg_event
from support.virtual_time import EPOCH_S, clock, in_virtual_time

from gateway.model.events import ConnectionLost


@in_virtual_time
async def test_gap_begins_with_what_was_lost_though_the_last_bytes_came_late(bench: Bench) -> None:
    async with bench.connected():
        await asyncio.sleep(10)
        bench.asterisk.say(leg_event("Newchannel", 1, Timestamp=f"{clock():f}"))
        await asyncio.sleep(10)
        stalled_at = clock()
        await asyncio.sleep(4)
        bench.asterisk.say(leg_event("Newchannel", 2, Timestamp=f"{stalled_at + 0.1:f}"))
        await asyncio.sleep(0.1)
        bench.asterisk.cut()
        await bench.sink.connected()
    (gap,) = bench.sink.gaps
    assert gap.began_at == pytest.approx(stalled_at + 0.1, abs=0.2)
    (lost,) = bench.sink.named(ConnectionLost)
    assert lost.at == gap.began_at


@in_virtual_time
async def test_gap_after_a_good_connection_is_over_at_once_where_the_pbx_is_there(bench: Bench) -> None:
    async with bench.connected(retry_min_s=10):
        await asyncio.sleep(60)
        bench.asterisk.cut()
        await bench.sink.connected()
        assert clock() - EPOCH_S < 61
        # The next one was none for long: we may be what it cannot stand.
        bench.asterisk.cut()
        await bench.sink.connected()
        assert clock() - EPOCH_S > 64
    assert len(bench.sink.gaps) == 2
