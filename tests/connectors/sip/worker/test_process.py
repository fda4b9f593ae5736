import asyncio

import pytest
from rig.phone import Phone
from support.sip_workers import PATIENCE_S, RefusedError, SipWorker, trunk

from connectors.sip import wire

pytestmark = pytest.mark.live


async def test_worker_says_what_it_is_and_beats(worker: SipWorker, phone: Phone) -> None:
    with pytest.raises(RefusedError, match="configured already"):
        await worker.configure(trunk(phone.port))
    beat = await worker.until(wire.Heartbeat)
    assert beat.calls == 0
    assert beat.rss_bytes > 10_000_000
    await worker.ask(wire.Stop())
    async with asyncio.timeout(PATIENCE_S):
        assert await worker.process.wait() == 0


async def test_worker_that_was_never_configured_ends_when_it_is_told(worker: SipWorker) -> None:
    with pytest.raises(RefusedError, match="call 1 is over"):
        await worker.ask(wire.HangUp(call=wire.CallNumber(1)))
    await worker.ask(wire.Stop())
    async with asyncio.timeout(PATIENCE_S):
        assert await worker.process.wait() == 0


async def test_next_gateway_finds_the_calls_of_one_that_was_killed(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    info = await worker.answered()
    await leg.until_up()
    worker.leave()
    late = await phone.dial("8000")
    await late.until_ended()
    assert late.code == 503
    hello = await worker.attach()
    assert (hello.fingerprint, hello.draining) == ("as configured", False)
    listed = (await worker.until(wire.CallListed)).info
    assert (listed.call, listed.sip_call_id, listed.state) == (info.call, leg.call_id, wire.CallState.CONNECTED)
    await worker.until(wire.Listed)
    assert (await worker.until(wire.AccountChanged)).state is wire.AccountState.USABLE
    await worker.ask(wire.HangUp(call=info.call))
    await leg.until_ended()


@pytest.mark.slow
async def test_worker_that_nobody_comes_back_to_ends_its_calls_and_itself(worker: SipWorker, phone: Phone) -> None:
    leg = await phone.dial("8000")
    await worker.answered()
    await leg.until_up()
    worker.leave()
    await leg.until_ended()
    assert leg.ended_by == "pbx"
    async with asyncio.timeout(PATIENCE_S):
        assert await worker.process.wait() == 0
