import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

import pytest
from support.virtual_time import in_virtual_time
from support.waiting import until

from connectors.freeswitch_media.sound import LOST_S, MAX_DATAGRAM_BYTES, SoundSocket

HOST = "127.0.0.1"


class Peer(asyncio.DatagramProtocol):
    """A socket that sends us what a test says."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.heard.append(data)


@asynccontextmanager
async def peer(sound: SoundSocket, host: str = HOST) -> AsyncIterator[Peer]:
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(Peer, local_addr=(host, 0), remote_addr=sound.address)
    try:
        yield made
    finally:
        made.transport.close()
        await asyncio.sleep(0)


class World:
    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.lost = 0

    def lose(self) -> None:
        self.lost += 1


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[SoundSocket, World]]:
    world = World()
    sound = await SoundSocket.open(HOST, HOST, world.lose)
    sound.heard = world.heard.append
    try:
        yield sound, world
    finally:
        sound.close()
        await asyncio.sleep(0)


@in_virtual_time
async def test_the_first_who_sends_is_answered_and_nobody_else_is_heard() -> None:
    async with listening() as (sound, world), peer(sound) as first, peer(sound) as second:
        sound.send(b"to nobody yet")
        first.transport.sendto(b"ab")
        await sound.began
        second.transport.sendto(b"cd")
        first.transport.sendto(b"ef")
        await until(lambda: len(world.heard) == 2)
        assert world.heard == [b"ab", b"ef"]
        sound.send(b"back")
        await until(lambda: first.heard == [b"back"])
        assert second.heard == []


@in_virtual_time
async def test_who_sends_from_another_host_is_not_heard() -> None:
    async with listening() as (sound, world), peer(sound, "127.0.0.2") as stranger, peer(sound) as freeswitch:
        stranger.transport.sendto(b"ab")
        freeswitch.transport.sendto(b"cd")
        await sound.began
        await until(lambda: bool(world.heard))
        assert world.heard == [b"cd"]


@in_virtual_time
async def test_what_is_no_sound_is_passed_over() -> None:
    async with listening() as (sound, world), peer(sound) as freeswitch:
        for data in (b"abc", bytes(MAX_DATAGRAM_BYTES + 2), b"ab"):
            freeswitch.transport.sendto(data)
        await until(lambda: bool(world.heard))
        assert world.heard == [b"ab"]


@in_virtual_time
async def test_when_no_more_comes_it_is_told_once() -> None:
    async with listening() as (sound, world), peer(sound) as freeswitch:
        freeswitch.transport.sendto(b"ab")
        await sound.began
        began = asyncio.get_running_loop().time()
        await asyncio.sleep(LOST_S / 2)
        freeswitch.transport.sendto(b"ab")
        await until(lambda: world.lost == 1, timeout_s=2 * LOST_S)
        assert asyncio.get_running_loop().time() - began == pytest.approx(1.5 * LOST_S, abs=1.1)
        await asyncio.sleep(3 * LOST_S)
        assert world.lost == 1


@in_virtual_time
async def test_where_nothing_ever_came_nothing_is_lost() -> None:
    async with listening() as (_, world):
        await asyncio.sleep(3 * LOST_S)
        assert world.lost == 0


@in_virtual_time
async def test_a_system_that_takes_no_more_is_sent_no_more() -> None:
    async with listening() as (sound, _), peer(sound) as freeswitch:
        freeswitch.transport.sendto(b"ab")
        await sound.began
        sound.pause_writing()
        sound.send(b"too late")
        sound.resume_writing()
        sound.send(b"in time")
        await until(lambda: bool(freeswitch.heard))
        assert (freeswitch.heard, sound.unsent) == ([b"in time"], 1)


@in_virtual_time
async def test_what_is_closed_sends_nothing() -> None:
    async with listening() as (sound, _), peer(sound) as freeswitch:
        freeswitch.transport.sendto(b"ab")
        await sound.began
        sound.close()
        sound.send(b"late")
        await asyncio.sleep(0.1)
        assert freeswitch.heard == []
