import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st
from support.virtual_time import in_virtual_time

from connectors._kit.voice import HEARD_DIGITS, Heard, Said
from gateway.ports.media import FRAME_BYTES, FRAME_S, HEARD_FRAMES, SAID_FRAMES, SILENCE


def frame(number: int) -> bytes:
    return number.to_bytes(2, "little") * (FRAME_BYTES // 2)


class Wire:
    """Where frames go, and when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, bytes]] = []

    def send(self, sound: bytes) -> None:
        self.sent.append((round(asyncio.get_running_loop().time(), 6), sound))

    @property
    def spoken(self) -> list[int]:
        return [int.from_bytes(sound[:2], "little") for _, sound in self.sent if sound != SILENCE]

    @property
    def gaps(self) -> list[float]:
        times = [at for at, _ in self.sent]
        return [round(after - before, 6) for before, after in itertools.pairwise(times)]


@asynccontextmanager
async def speaking(*, ahead: int = 0, unbroken: bool = False) -> AsyncIterator[tuple[Said, Wire]]:
    wire = Wire()
    said = Said(wire.send, ahead=ahead, unbroken=unbroken)
    pace = asyncio.create_task(said.run())
    await asyncio.sleep(0)
    yield said, wire
    said.end()
    await pace


@given(st.lists(st.integers(1, 5 * FRAME_BYTES), max_size=12))
def test_frames_do_not_depend_on_how_sound_was_cut(sizes: list[int]) -> None:
    sound = bytes(at * 7 % 251 for at in range(sum(sizes)))

    async def heard() -> bytes:
        ear, at = Heard(), 0
        taken = b""
        for size in sizes:
            ear.put_sound(sound[at : at + size])
            at += size
            while len(taken) + FRAME_BYTES <= at:
                one = await ear.frame()
                assert one is not None
                assert len(one) == FRAME_BYTES
                taken += one
        return taken

    assert asyncio.run(heard()) == sound[: len(sound) - len(sound) % FRAME_BYTES]


async def test_of_what_nobody_takes_the_oldest_is_dropped_and_counted() -> None:
    ear = Heard()
    for number in range(HEARD_FRAMES + 3):
        ear.put_sound(frame(number))
    assert ear.dropped == 3
    assert await ear.frame() == frame(3)


async def test_keys_and_frames_wait_apart_and_can_be_taken_after_the_end() -> None:
    ear = Heard()
    waiting = asyncio.create_task(ear.digit())
    await asyncio.sleep(0)
    ear.put_sound(frame(1))
    for digit in "12":
        ear.put_digit(digit)
    ear.end()
    ear.put_digit("3")
    ear.put_sound(frame(2))
    assert [await waiting, await ear.digit(), await ear.digit()] == ["1", "2", None]
    assert [await ear.frame(), await ear.frame()] == [frame(1), None]


async def test_who_stops_waiting_loses_nothing() -> None:
    ear = Heard()
    waiting = asyncio.create_task(ear.frame())
    await asyncio.sleep(0)
    waiting.cancel()
    ear.put_sound(frame(5))
    await asyncio.wait([waiting])
    assert await ear.frame() == frame(5)


async def test_a_caller_who_leans_on_a_key_fills_no_memory() -> None:
    ear = Heard()
    for _ in range(HEARD_DIGITS + 10):
        ear.put_digit("1")
    ear.end()
    taken = 0
    while await ear.digit() is not None:
        taken += 1
    assert taken == HEARD_DIGITS


@in_virtual_time
async def test_frames_leave_every_20_ms_and_silence_where_nothing_is_said() -> None:
    async with speaking(unbroken=True) as (said, wire):
        await asyncio.sleep(0.1)
        await said.say(frame(1) + frame(2))
        await said.said()
        await asyncio.sleep(0.1)
    assert wire.spoken == [1, 2]
    assert len(wire.sent) >= 11
    assert all(0.019 <= gap <= 0.021 for gap in wire.gaps[1:])


@in_virtual_time
async def test_where_the_pbx_makes_silence_none_is_sent() -> None:
    async with speaking() as (said, wire):
        await asyncio.sleep(1.0)
        await said.say(frame(1))
        await said.said()
        await asyncio.sleep(1.0)
    assert wire.spoken == [1]
    assert len(wire.sent) == 1


@in_virtual_time
async def test_a_last_frame_that_is_not_whole_ends_in_silence() -> None:
    async with speaking() as (said, wire):
        await said.say(b"\1\2")
        await said.said()
    assert wire.sent[0][1] == b"\1\2" + SILENCE[2:]


@in_virtual_time
async def test_who_says_more_than_a_second_waits() -> None:
    async with speaking() as (said, _):
        loop = asyncio.get_running_loop()
        await said.say(b"".join(frame(1) for _ in range(SAID_FRAMES + 25)))
        assert 0.45 <= loop.time() <= 0.55
        await said.said()
        assert 1.45 <= loop.time() <= 1.55


@in_virtual_time
async def test_frames_ahead_of_their_time_are_a_store_against_delays() -> None:
    async with speaking(ahead=4) as (said, wire):
        await asyncio.sleep(1.0)
        sound = b"".join(frame(number) for number in range(1, 21))
        await said.say(sound)
        await asyncio.sleep(0)
        await said.said()
        # All is heard only when the PBX has played what it was given before its time.
        assert asyncio.get_running_loop().time() >= 1.0 + 20 * FRAME_S - 0.001
    at_once = [at for at, _ in wire.sent if at <= 1.001]
    assert 4 <= len(at_once) <= 6
    assert wire.spoken == list(range(1, 21))


@in_virtual_time
async def test_clearing_forgets_what_waits_and_lets_nobody_wait_on() -> None:
    async with speaking() as (said, wire):
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(said.say(b"".join(frame(1) for _ in range(500))))
            tasks.create_task(said.said())
            await asyncio.sleep(0.2)
            said.clear()
            cleared = len(wire.sent)
        await asyncio.sleep(0.2)
        assert len(wire.sent) == cleared
        await said.say(frame(9))
        await said.said()
    assert wire.spoken[-1] == 9


@in_virtual_time
async def test_who_is_late_catches_up_without_a_burst() -> None:
    loop = asyncio.get_running_loop()
    async with speaking() as (said, wire):
        await said.say(b"".join(frame(1) for _ in range(SAID_FRAMES)))
        await asyncio.sleep(0.1)
        loop.jump(0.3)  # type: ignore[attr-defined]  # of the virtual clock: the process did not run for so long
        await said.said()
    assert len(wire.sent) == SAID_FRAMES
    late = [at for at, _ in wire.sent if at > 0.35]
    assert sum(1 for at in late if at <= late[0] + 0.001) <= 2
    assert all(gap >= 0.019 for gap in [b - a for a, b in itertools.pairwise(late[1:])])


@in_virtual_time
async def test_a_pbx_without_room_is_sent_nothing() -> None:
    async with speaking() as (said, wire):
        said.pause(True)
        await said.say(frame(1))
        await asyncio.sleep(0.5)
        assert wire.sent == []
        said.pause(False)
        await said.said()
    assert wire.spoken == [1]


@in_virtual_time
async def test_at_the_end_nobody_waits() -> None:
    said = Said(Wire().send)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(said.say(b"".join(frame(1) for _ in range(500))))
        tasks.create_task(said.said())
        await asyncio.sleep(0.1)
        said.end()
    await said.say(frame(1))
    await said.said()
