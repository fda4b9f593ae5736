import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random
from typing import BinaryIO, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.virtual_time import in_virtual_time

from connectors._kit.drain import TAKE_BYTES, Direction, Drain, Piece, SpoolError

MEMORY_BYTES: Final = 1000
SPOOL_BYTES: Final = 10_000_000


def received(number: int, size: int = 100) -> Piece:
    return Piece(float(number), Direction.RECEIVED, number.to_bytes(4, "big") * (size // 4))


def full_disk() -> BinaryIO:
    """Return a file on which there is never room: the kernel's own."""
    return os.fdopen(os.open("/dev/full", os.O_RDWR), "r+b", buffering=0)


class Watched:
    """A drain, and when its spool was in use."""

    def __init__(self, folder: Path, memory_bytes: int = MEMORY_BYTES, spool_bytes: int = SPOOL_BYTES) -> None:
        self.spooling: list[bool] = []
        self.drain = Drain(folder, memory_bytes, spool_bytes, self.spooling.append)

    async def all(self) -> AsyncIterator[Piece]:
        while pieces := await self.drain.take():
            for piece in pieces:
                yield piece


@in_virtual_time
async def test_what_fits_in_memory_never_sees_the_disk(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "state")
    pieces = [received(number) for number in range(10)]
    for piece in pieces:
        await watched.drain.put(piece)
    assert watched.drain.waiting_bytes == 1000
    watched.drain.finish()
    assert [piece async for piece in watched.all()] == pieces
    assert not (tmp_path / "state").exists()
    assert watched.spooling == []


@in_virtual_time
async def test_what_memory_cannot_hold_waits_on_disk_in_order(tmp_path: Path) -> None:
    watched = Watched(tmp_path / "state")
    pieces = [received(number) for number in range(500)]
    for piece in pieces:
        await watched.drain.put(piece)
    assert watched.drain.waiting_bytes >= 50_000
    watched.drain.finish()
    assert [piece async for piece in watched.all()] == pieces
    assert watched.spooling == [True, False]
    assert watched.drain.waiting_bytes == 0
    # A crash would have left nothing either: the file never had a name.
    assert list((tmp_path / "state").iterdir()) == []


@in_virtual_time
async def test_order_is_kept_while_one_puts_and_the_other_takes(tmp_path: Path) -> None:
    watched = Watched(tmp_path, memory_bytes=400)
    random = Random(7)
    pieces = [Piece(float(n), Direction(n % 2), random.randbytes(random.randrange(1, 900))) for n in range(400)]
    taken: list[Piece] = []

    async def put() -> None:
        for piece in pieces:
            await watched.drain.put(piece)
            if random.random() < 0.3:
                await asyncio.sleep(random.random())
        watched.drain.finish()

    async def take() -> None:
        async for piece in watched.all():
            taken.append(piece)
            if random.random() < 0.3:
                await asyncio.sleep(random.random())

    await asyncio.gather(put(), take())
    assert taken == pieces
    assert watched.spooling.count(True) == watched.spooling.count(False) > 1


@in_virtual_time
async def test_piece_longer_than_what_is_read_at_once_comes_back_whole(tmp_path: Path) -> None:
    watched = Watched(tmp_path, memory_bytes=0)
    pieces = [received(1, 8), received(2, TAKE_BYTES * 2), received(3, 8), received(4, TAKE_BYTES - 40), received(5, 60)]
    for piece in pieces:
        await watched.drain.put(piece)
    watched.drain.finish()
    assert [piece async for piece in watched.all()] == pieces


@in_virtual_time
async def test_full_spool_refuses_and_gives_back_what_it_holds(tmp_path: Path) -> None:
    watched = Watched(tmp_path, spool_bytes=2000)
    kept = 0

    async def fill() -> None:
        nonlocal kept
        while True:
            await watched.drain.put(received(kept))
            kept += 1

    with pytest.raises(SpoolError, match="2000"):
        await fill()
    watched.drain.finish()
    assert [piece async for piece in watched.all()] == [received(number) for number in range(kept)]


@in_virtual_time
async def test_disk_that_refuses_is_said_and_memory_is_kept(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("in the way")
    watched = Watched(tmp_path / "state")
    for number in range(10):
        await watched.drain.put(received(number))
    with pytest.raises(SpoolError, match="state"):
        await watched.drain.put(received(10))
    watched.drain.finish()
    assert len([piece async for piece in watched.all()]) == 10
    assert watched.spooling == []


@in_virtual_time
async def test_disk_that_is_full_is_said() -> None:
    watched = Watched(Path("/dev"), memory_bytes=0)
    watched.drain._spool = full_disk()
    with pytest.raises(SpoolError, match="No space left"):
        await watched.drain.put(received(1))
    watched.drain.close()


@in_virtual_time
async def test_take_that_is_cancelled_loses_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path, memory_bytes=0)
    taking = asyncio.create_task(watched.drain.take())
    await asyncio.sleep(1)
    taking.cancel()
    await asyncio.wait([taking])
    await watched.drain.put(received(1))
    taking = asyncio.create_task(watched.drain.take())
    await asyncio.sleep(0)
    taking.cancel()
    await asyncio.wait([taking])
    assert await watched.drain.take() == [received(1)]
    watched.drain.close()


@in_virtual_time
async def test_put_that_is_cancelled_while_the_disk_writes_ends_the_drain(tmp_path: Path) -> None:
    watched = Watched(tmp_path, memory_bytes=0)
    await watched.drain.put(received(1))
    putting = asyncio.create_task(watched.drain.put(received(2)))
    await asyncio.sleep(0)
    putting.cancel()
    await asyncio.wait([putting])
    await watched.drain.put(received(3))
    assert [piece async for piece in watched.all()] == [received(1)]


@in_virtual_time
async def test_put_after_the_end_does_nothing(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.drain.finish()
    await watched.drain.put(received(1))
    assert await watched.drain.take() == []


@in_virtual_time
async def test_close_lets_go_of_what_waits(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    for number in range(100):
        await watched.drain.put(received(number))
    watched.drain.close()
    assert watched.drain.waiting_bytes == 0
    assert watched.spooling == [True, False]


@given(sizes=st.lists(st.integers(min_value=0, max_value=700), max_size=60), memory=st.integers(min_value=0, max_value=3000))
@settings(max_examples=40, deadline=None)
def test_any_pieces_come_out_as_they_went_in(sizes: list[int], memory: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.getbasetemp() / "spool"

    @in_virtual_time
    async def run() -> None:
        watched = Watched(folder, memory_bytes=memory)
        pieces = [Piece(float(n), Direction.RECEIVED, bytes([n]) * size) for n, size in enumerate(sizes)]
        for piece in pieces:
            await watched.drain.put(piece)
        watched.drain.finish()
        assert [piece async for piece in watched.all()] == pieces

    run()
