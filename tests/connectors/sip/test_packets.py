import asyncio
import os
import socket
import stat
from pathlib import Path

import pytest

from connectors.sip.packets import PacketLink, connect_to, listen_at
from gateway.model.errors import PeerUnavailableError

SIZE = 1000
"""Bytes of a packet here: a kernel's buffer holds a few hundred of them."""


class Ends:
    """The two ends of a connection, ours as a link."""

    def __init__(self, *, max_waiting: int = 100, drops_oldest: bool = False) -> None:
        ours, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.far.setblocking(False)
        self.taken: list[bytes] = []
        self.reasons: list[str] = []
        self.link = PacketLink(
            ours,
            max_bytes=SIZE,
            max_waiting=max_waiting,
            drops_oldest=drops_oldest,
            take=self.taken.append,
            ended=self.reasons.append,
        )

    def send(self, count: int) -> None:
        for number in range(count):
            self.link.send(number.to_bytes(4, "big") + bytes(SIZE - 4))

    async def received(self) -> list[int]:
        numbers: list[int] = []
        while True:
            try:
                packet = self.far.recv(SIZE + 1)
            except BlockingIOError:
                if not self.link.waiting:
                    return numbers
                await asyncio.sleep(0)
                continue
            numbers.append(int.from_bytes(packet[:4], "big"))

    async def turn(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    def close(self) -> None:
        self.link.close()
        self.far.close()


@pytest.fixture
def deep_folder(tmp_path: Path) -> Path:
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    folder.mkdir(parents=True)
    return folder


async def test_what_waits_is_sent_in_order_when_there_is_room() -> None:
    ends = Ends(max_waiting=10_000)
    ends.send(3000)
    assert ends.link.waiting > 0
    assert await ends.received() == list(range(3000))
    ends.close()


async def test_media_drops_its_oldest_and_counts() -> None:
    ends = Ends(max_waiting=10, drops_oldest=True)
    ends.send(3000)
    dropped = ends.link.dropped
    assert dropped > 0
    received = await ends.received()
    assert len(received) == 3000 - dropped
    assert received[-10:] == list(range(2990, 3000))
    assert ends.reasons == []
    ends.close()


async def test_a_peer_that_takes_no_orders_is_given_up() -> None:
    ends = Ends(max_waiting=10)
    ends.send(3000)
    assert ends.reasons == ["it takes nothing: 10 messages wait"]
    ends.link.send(b"lost")
    ends.close()


async def test_packets_keep_their_bounds() -> None:
    ends = Ends()
    for packet in (b"a", b"bc", b"d" * SIZE):
        ends.far.send(packet)
    await ends.turn()
    assert ends.taken == [b"a", b"bc", b"d" * SIZE]
    ends.far.send(b"e" * (SIZE + 1))
    await ends.turn()
    assert ends.reasons == [f"it sent more than {SIZE} bytes at once"]
    ends.close()


async def test_while_paused_nothing_is_taken_and_nothing_is_lost() -> None:
    ends = Ends()
    ends.link.pause()
    ends.far.send(b"later")
    await ends.turn()
    assert ends.taken == []
    ends.link.resume()
    await ends.turn()
    assert ends.taken == [b"later"]
    ends.close()


async def test_the_end_of_the_other_side_is_told_once() -> None:
    ends = Ends()
    ends.far.close()
    await ends.turn()
    ends.link.send(b"to nobody")
    assert ends.reasons == ["it closed the connection"]
    ends.close()


async def test_a_folder_with_a_long_name_will_do(deep_folder: Path) -> None:
    path = deep_folder / "trunk-1.sock"
    with listen_at(path) as listening:
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
        with connect_to(path) as ours:
            far, _ = listening.accept()
            with far:
                ours.send(b"hello")
                assert far.recv(100) == b"hello"
    # What a process left behind is in nobody's way.
    listen_at(path).close()


async def test_where_nobody_listens_is_said(tmp_path: Path) -> None:
    with pytest.raises(PeerUnavailableError, match=r"trunk-1\.sock"):
        connect_to(tmp_path / "trunk-1.sock")
    listen_at(tmp_path / "left.sock").close()
    with pytest.raises(PeerUnavailableError, match=r"left\.sock"):
        connect_to(tmp_path / "left.sock")
