import re
from pathlib import Path

import pytest

from connectors._kit.capture import Closed, Opened, Received, Sent, read_capture, read_site
from connectors._kit.capture_writer import CaptureWriter
from gateway.model.errors import CaptureError
from gateway.model.site import Site

SITE = Site(region="HK", trunks=("PJSIP/carrier",), mask_digits=("ivr-account",))
NEVER = re.compile(rb"(?!)")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "recording"
    writer = CaptureWriter(folder, "wire.ami", SITE)
    writer.opened(1.0)
    writer.received(1.5, 3, b"abc")
    writer.sent(2.0, "Action: Ping ü\r\n\r\n".encode())
    writer.received(2.5, 3, b"d")
    writer.received(3.0, 2, b"efgh")
    writer.closed(3.0, b"")
    writer.close()
    assert list(read_capture(folder, "wire.ami", NEVER)) == [
        Opened(1.5),
        Received(1.5, b"abc"),
        Sent(2.0, "Action: Ping ü\r\n\r\n".encode()),
        Received(2.5, b"def"),
        Received(3.0, b"gh"),
    ]
    assert read_site(folder) == SITE
    assert not (folder / "parts.json").exists()


def test_cut_connection_makes_parts(tmp_path: Path) -> None:
    writer = CaptureWriter(tmp_path, "wire.ami", SITE)
    writer.opened(1.0)
    writer.received(1.5, 4, b"ab")
    writer.closed(2.0, b"cd")
    writer.opened(5.0)
    writer.received(5.5, 2, b"ef")
    writer.close()
    assert list(read_capture(tmp_path, "wire.ami", NEVER)) == [
        Opened(1.0),
        Received(1.5, b"abcd"),
        Closed(2.0),
        Opened(5.0),
        Received(5.5, b"ef"),
    ]


def test_nothing_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "wire.ami").write_text("somebody's")
    with pytest.raises(CaptureError, match="not empty"):
        CaptureWriter(tmp_path, "wire.ami", SITE)
    assert (tmp_path / "wire.ami").read_text() == "somebody's"


def test_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CaptureError, match="cannot be written"):
        CaptureWriter(tmp_path / "file" / "recording", "wire.ami", SITE)
