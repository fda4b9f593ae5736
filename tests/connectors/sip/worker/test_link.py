import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sip import wire
from connectors.sip.packets import connect_to, listen_at
from connectors.sip.worker import link
from connectors.sip.worker.link import Link

FRAME = wire.encode_frame(wire.Frame(wire.FrameKind.AUDIO, wire.CallNumber(1), 0, bytes(wire.FRAME_BYTES)))


class Worker:
    """A link, and what its listener was told."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "w.sock"
        self.poller = select.epoll()
        self.link = Link(listen_at(self.path), self.poller, self)
        self.told: list[object] = []

    def attached(self) -> None:
        self.told.append("attached")

    def left(self) -> None:
        self.told.append("left")

    def ordered(self, order: wire.Order) -> None:
        self.told.append(order)

    def framed(self, frame: wire.Frame) -> None:
        self.told.append(frame)

    def connect(self, kind: wire.Attachment) -> socket.socket:
        connection = connect_to(self.path)
        connection.settimeout(5)
        connection.send(wire.encode(wire.Attach(protocol=wire.PROTOCOL, kind=kind)))
        self.turn()
        return connection

    def turn(self) -> None:
        """Do all that there is to do."""
        while ready := self.poller.poll(0):
            for fd, _ in ready:
                self.link.ready(fd)
        self.link.flush()


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(tmp_path)
    yield worker
    worker.link.close()
    worker.poller.close()


def test_orders_and_frames_come_in_and_reports_go_out(worker: Worker) -> None:
    with worker.connect(wire.Attachment.CONTROL) as control, worker.connect(wire.Attachment.MEDIA) as media:
        control.send(wire.encode(wire.Drain(request=7)))
        media.send(FRAME)
        worker.link.say(wire.Drained())
        worker.link.send_frame(FRAME)
        worker.turn()
        assert worker.told == ["attached", wire.Drain(request=7), wire.decode_frame(FRAME)]
        assert wire.decode_report(control.recv(1000)) == wire.Drained()
        assert media.recv(1000) == FRAME


def test_what_cannot_be_read_is_noted_and_the_connection_stays(worker: Worker) -> None:
    with worker.connect(wire.Attachment.CONTROL) as control, worker.connect(wire.Attachment.MEDIA) as media:
        control.send(b"\xc1")
        media.send(b"short")
        control.send(wire.encode(wire.Stop()))
        worker.turn()
        assert worker.told == ["attached", wire.Stop()]
        noted = [wire.decode_report(control.recv(1000)) for _ in range(2)]
        assert {report.event for report in noted if isinstance(report, wire.Noted)} == {"order_not_read", "frame_not_read"}


def test_who_connects_last_has_it_and_who_goes_is_seen_to_go(worker: Worker) -> None:
    with worker.connect(wire.Attachment.CONTROL) as first, worker.connect(wire.Attachment.CONTROL) as second:
        assert first.recv(10) == b""
        worker.link.say(wire.Drained())
        worker.turn()
        assert second.recv(1000)
    worker.turn()
    assert worker.told == ["attached", "attached", "left"]
    assert not worker.link.is_attached
    worker.link.say(wire.Drained())
    with worker.connect(wire.Attachment.CONTROL) as third:
        worker.turn()
        third.setblocking(False)
        with pytest.raises(BlockingIOError):
            third.recv(10)


def test_who_says_nothing_sensible_first_is_sent_away(worker: Worker) -> None:
    with connect_to(worker.path) as stranger:
        stranger.settimeout(5)
        stranger.send(b"GET / HTTP/1.1")
        worker.turn()
        assert stranger.recv(10) == b""


def test_media_that_nobody_reads_loses_its_oldest(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "MAX_WAITING_FRAMES", 10)
    with worker.connect(wire.Attachment.MEDIA) as media:
        media.settimeout(0.2)
        sent = 0
        while worker.link.dropped_frames < 5:
            worker.link.send_frame(wire.encode_frame(wire.Frame(wire.FrameKind.CLEAR, wire.CallNumber(1), sent)))
            sent += 1
        got: list[int] = []
        while len(got) < sent - 5:
            got.append(wire.decode_frame(media.recv(1000)).sequence)
            worker.link.flush()
        assert got[-10:] == list(range(sent - 10, sent))
        assert sorted(set(range(sent)) - set(got)) == list(range(got[-11] + 1, sent - 10))


def test_gateway_that_reads_no_reports_is_taken_for_gone(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "MAX_WAITING_REPORTS", 10)
    with worker.connect(wire.Attachment.CONTROL):
        for _ in range(100_000):
            worker.link.say(wire.Drained())
            worker.link.flush()
            if not worker.link.is_attached:
                break
        assert worker.told == ["attached", "left"]


def test_what_a_peer_wrote_that_is_no_text_crosses_all_the_same(worker: Worker) -> None:
    with worker.connect(wire.Attachment.CONTROL) as control:
        info = wire.CallInfo(
            call=wire.CallNumber(1),
            reference="",
            sip_call_id="a",
            account="",
            incoming=True,
            state=wire.CallState.OFFERED,
            local="8000",
            remote="\udcf0",
            remote_name="Li",
            source="",
            headers=(("X-A", "b\udcff"),),
            began_at=1.0,
        )
        worker.link.say(wire.CallArrived(info=info))
        worker.turn()
        arrived = wire.decode_report(control.recv(1000))
        assert isinstance(arrived, wire.CallArrived)
        assert (arrived.info.remote, arrived.info.remote_name, arrived.info.headers) == ("\ufffd", "Li", (("X-A", "b\ufffd"),))
