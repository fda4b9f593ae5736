import gzip
import json
import re
from pathlib import Path
from typing import Any, Final

import pytest
from support.replaying import asterisk_captures, name_of

from connectors._kit.capture import (
    READ_BYTES,
    CaptureItem,
    Closed,
    Opened,
    Received,
    Sent,
    find_file,
    read_capture,
    read_site,
)
from gateway.model.errors import CaptureError
from gateway.model.site import Site

GREETING: Final = re.compile(rb"Asterisk Call Manager/[0-9.]+\r\n(?=Response: |Event: )")
HELLO: Final = b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\n\r\n"


def write(folder: Path, **files: bytes | list[Any]) -> Path:
    """Write a capture; keyword ``chunks_jsonl`` is file ``chunks.jsonl``."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        if isinstance(content, list):
            separator = "\n" if name.endswith("jsonl") else ","
            text = separator.join(json.dumps(line) for line in content)
            content = (text + "\n" if name.endswith("jsonl") else f"[{text}]").encode()
        (folder / name.replace("_", ".", 1)).write_bytes(content)
    return folder


def items(folder: Path) -> list[CaptureItem]:
    return list(read_capture(folder, "wire.ami", GREETING))


@pytest.mark.parametrize("folder", asterisk_captures(), ids=name_of)
def test_recordings_come_whole_and_in_the_order_of_time(folder: Path) -> None:
    found = items(folder)
    times = [item.at for item in found if item.at is not None]
    assert len(times) == len(found)
    assert times == sorted(times)
    wire = find_file(folder, "wire.ami")
    assert wire is not None
    whole = gzip.decompress(wire.read_bytes()) if wire.suffix == ".gz" else wire.read_bytes()
    assert b"".join(item.data for item in found if isinstance(item, Received)) == whole
    assert isinstance(found[0], Opened)
    assert (
        len([item for item in found if isinstance(item, Opened)]) == len([item for item in found if isinstance(item, Closed)]) + 1
    )
    assert read_site(folder).trunks


def test_what_was_sent_comes_before_its_effect(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        wire_ami=b"abcdef",
        chunks_jsonl=[[10.0, 0, 3], [12.0, 3, 3]],
        sent_jsonl=[{"t": 9.0, "sent": "one"}, {"t": 12.0, "sent": "two"}, {"t": 13.0, "sent": "thr\u00e9e"}],
    )
    assert items(folder) == [
        Opened(9.0),
        Sent(9.0, b"one"),
        Received(10.0, b"abc"),
        Sent(12.0, b"two"),
        Received(12.0, b"def"),
        Sent(13.0, b"thr\xe9e"),
    ]


def test_cut_connection_is_told_as_parts_say(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        wire_ami=b"abcdef",
        chunks_jsonl=[[10.0, 0, 2], [11.0, 2, 2], [20.0, 4, 2]],
        parts_json=[
            {"offset": 0, "length": 3, "connected": 9.5, "disconnected": 12.0},
            {"offset": 3, "length": 3, "connected": 11.0, "disconnected": 21.0},
        ],
    )
    assert items(folder) == [
        Opened(9.5),
        Received(10.0, b"ab"),
        Received(11.0, b"c"),
        Closed(12.0),
        Opened(11.0),
        Received(11.0, b"d"),
        Received(20.0, b"ef"),
    ]


def test_second_greeting_is_another_connection_where_nothing_says_so(tmp_path: Path) -> None:
    wire = HELLO + b"Event: Hangup\r\nUniq" + HELLO + b"Event: Hangup\r\n\r\n"
    second = wire.rindex(b"Asterisk")
    folder = write(tmp_path, wire_ami=wire, chunks_jsonl=[[1.0, 0, second - 3], [2.0, second - 3, len(wire) - second + 3]])
    found = items(folder)
    assert [type(item) for item in found] == [Opened, Received, Received, Closed, Opened, Received]
    assert found[-1] == Received(2.0, wire[second:])
    (folder / "chunks.jsonl").unlink()
    assert items(folder) == [
        Opened(None),
        Received(None, wire[:second]),
        Closed(None),
        Opened(None),
        Received(None, wire[second:]),
    ]


def test_greeting_is_found_wherever_the_file_is_read_in_pieces(tmp_path: Path) -> None:
    for ahead in (-40, -20, -1, 0, 1):
        filler = b"x" * (READ_BYTES - len(HELLO) + ahead)
        folder = write(tmp_path, wire_ami=HELLO + filler + HELLO)
        assert [type(item) for item in items(folder)].count(Opened) == 2


def test_greeting_in_a_callers_name_is_no_connection(tmp_path: Path) -> None:
    folder = write(tmp_path, wire_ami=HELLO + b"Event: X\r\nCallerIDName: Asterisk Call Manager/11.0.0\r\nUniqueid: 1.1\r\n\r\n")
    assert [type(item) for item in items(folder)] == [Opened, Received]


def test_without_times_all_that_was_sent_comes_first(tmp_path: Path) -> None:
    folder = write(tmp_path, wire_ami=HELLO, sent_jsonl=[{"t": 5.0, "sent": "Action: Login\r\n\r\n"}])
    assert items(folder) == [Opened(None), Sent(None, b"Action: Login\r\n\r\n"), Received(None, HELLO)]


def test_packed_files_read_alike(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", wire_ami=HELLO, chunks_jsonl=[[1.0, 0, len(HELLO)]], sent_jsonl=[{"t": 0.5, "sent": "x"}])
    packed = tmp_path / "packed"
    packed.mkdir()
    for file in plain.iterdir():
        (packed / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert items(packed) == items(plain)


def test_recorder_that_was_killed_leaves_what_can_be_read(tmp_path: Path) -> None:
    folder = write(
        tmp_path, wire_ami=b"abcdefgh", chunks_jsonl=b"[1.0, 0, 3]\n[2.0, 3, 3]\n[3.0, 6", sent_jsonl=b'{"t": 1.5, "se'
    )
    assert items(folder) == [Opened(1.0), Received(1.0, b"abc"), Received(2.0, b"def"), Received(2.0, b"gh")]
    folder = write(tmp_path, wire_ami=b"abcd", chunks_jsonl=[[1.0, 0, 3], [2.0, 3, 30]], sent_jsonl=b"")
    assert items(folder) == [Opened(1.0), Received(1.0, b"abc"), Received(2.0, b"d")]


def test_text_beyond_latin_1_in_what_was_sent_is_utf8(tmp_path: Path) -> None:
    folder = write(tmp_path, wire_ami=b"", sent_jsonl='{"t": 1, "sent": "陈"}\n'.encode())
    assert Sent(None, "陈".encode()) in items(folder)


def test_chunks_may_say_how_many_bytes_there_were_after_each(tmp_path: Path) -> None:
    folder = write(tmp_path, wire_ami=b"abcdef", chunks_jsonl=b"[1.0, 2]\n[2.0, 6]\n")
    assert [item for item in items(folder) if isinstance(item, Received)] == [Received(1.0, b"ab"), Received(2.0, b"cdef")]


def test_folder_that_is_no_capture_is_said(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"no wire\.ami"):
        items(tmp_path)


@pytest.mark.parametrize(
    "files",
    [
        {"chunks_jsonl": [[1.0, 5, 3]]},
        {"chunks_jsonl": b"[1.0]\n"},
        {"chunks_jsonl": b"nonsense}\n"},
        {"parts_json": b"{}"},
        {"parts_json": [{"offset": 2, "length": 4}], "chunks_jsonl": [[1.0, 0, 6]]},
        {"sent_jsonl": b'{"when": 1}\n'},
        {"wire_ami": b"", "chunks_jsonl.gz": b"no gzip"},
    ],
)
def test_files_that_do_not_fit_are_said(tmp_path: Path, files: dict[str, Any]) -> None:
    folder = write(tmp_path, **{"wire_ami": b"abcdef", **files})
    with pytest.raises(CaptureError):
        items(folder)


def test_site_is_read_or_the_default(tmp_path: Path) -> None:
    assert read_site(tmp_path) == Site()
    assert read_site(write(tmp_path, site_json=b'{"region": "HK"}')).region == "HK"
    with pytest.raises(CaptureError, match=r"site\.json"):
        read_site(write(tmp_path, site_json=b'{"region": 5}'))
