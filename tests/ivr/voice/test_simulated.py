import asyncio

from support.virtual_time import in_virtual_time

from gateway.ports.media import FRAME_BYTES, FRAME_S, SILENCE, SessionEndedBy
from ivr.voice.simulated import AHEAD_S, SimulatedCaller

SECOND = b"\x01" * FRAME_BYTES * 50


@in_virtual_time
async def test_he_speaks_at_the_pace_of_a_line() -> None:
    caller, loop = SimulatedCaller("s1"), asyncio.get_running_loop()
    began = loop.time()
    speaking = asyncio.create_task(caller.speak(SECOND[: FRAME_BYTES * 2]))
    await asyncio.sleep(0)
    assert [await caller.frame() for _ in range(3)] == [SECOND[:FRAME_BYTES], SECOND[:FRAME_BYTES], SILENCE]
    assert round(loop.time() - began, 3) == round(3 * FRAME_S, 3)
    assert await speaking <= loop.time()


@in_virtual_time
async def test_he_hears_one_sound_after_the_other_unless_he_is_spared_the_rest() -> None:
    caller, loop = SimulatedCaller("s1"), asyncio.get_running_loop()
    began = loop.time()
    await caller.say(SECOND)
    await caller.say(SECOND)
    assert loop.time() - began == 2.0 - AHEAD_S
    assert [at - began for at, _ in caller.heard] == [0.0, 1.0]
    await caller.said()
    assert loop.time() == caller.hears_until == began + 2.0
    await caller.say(SECOND)
    waiting = asyncio.create_task(caller.said())
    await asyncio.sleep(0.2)
    await caller.clear()
    await waiting
    assert loop.time() - began == 2.2


@in_virtual_time
async def test_it_ends_for_both() -> None:
    caller = SimulatedCaller("s1")
    key = asyncio.create_task(caller.digit())
    await caller.transfer("5000", {"summary": "x"})
    assert caller.sent_to == "5000"
    assert caller.ended is not None
    assert caller.ended.by is SessionEndedBy.TRANSFER
    assert await key is None
    assert await caller.frame() is None
    for other, by in ((SimulatedCaller("s2"), SessionEndedBy.APPLICATION), (SimulatedCaller("s3"), SessionEndedBy.CALLER)):
        await other.hang_up() if by is SessionEndedBy.APPLICATION else other.leave()
        assert other.ended is not None
        assert other.ended.by is by
