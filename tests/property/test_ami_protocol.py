"""AMI framing: messages are a matter of the bytes alone, and any bytes are parsed or refused."""

import gzip
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.replaying import asterisk_captures, name_of

from connectors._kit.capture import find_file
from connectors.asterisk_ami.mapping import WANTED
from connectors.asterisk_ami.protocol import AmiDecoder, AmiMessage, decode_action, encode_action
from gateway.model.errors import CommandRefusedError, PeerProtocolError

MAX_BYTES: Final = 40_000
"""Of a capture: byte by byte is slow, and what follows repeats what came before."""
CAPTURES: Final = [folder for folder in asterisk_captures() if not folder.name.startswith("flood")]

Told = tuple[str, str, tuple[tuple[str, str], ...], bytes]

fragments = st.sampled_from(
    [
        b"Event: ",
        b"Event:",
        b"Response: ",
        b"Response: Follows\r\n",
        b"Asterisk Call Manager/11.0.0\r\n",
        b"Hangup",
        b"VarSet",
        b"Uniqueid: 1.1",
        b"--END COMMAND--",
        b"\r\n",
        b"\r\n\r\n",
        b"\r",
        b"\n",
        b": ",
        b":",
        b" ",
        "陈".encode(),
        "陈".encode("gb2312"),
        b"\x00",
    ]
)
wires = st.lists(fragments | st.binary(max_size=6), max_size=40).map(b"".join)
fallbacks = st.sampled_from([None, "gb18030", "latin-1"])
wanteds = st.sampled_from([None, frozenset({"Hangup"}), WANTED])


def told(message: AmiMessage) -> Told:
    return (message.kind, message.name, tuple(message.headers()), message.raw)


def feed(pieces: Iterable[bytes], wanted: frozenset[str] | None, fallback: str | None) -> tuple[list[Told], int, int, bool]:
    """Return the messages, what was skipped and passed over, and whether the peer was refused."""
    decoder = AmiDecoder(wanted, fallback)
    messages: list[Told] = []
    try:
        for piece in pieces:
            messages += map(told, decoder.receive_data(piece))
        messages += map(told, decoder.receive_data(b""))
    except PeerProtocolError:
        return messages, decoder.skipped, decoder.malformed, True
    return messages, decoder.skipped, decoder.malformed, False


def cut(data: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(borders)]


@cache
def wire_of(folder: Path) -> bytes:
    path = find_file(folder, "wire.ami")
    assert path is not None
    data = path.read_bytes()
    return (gzip.decompress(data) if path.suffix == ".gz" else data)[:MAX_BYTES]


@pytest.mark.parametrize("folder", CAPTURES, ids=name_of)
def test_recorded_messages_do_not_depend_on_how_bytes_were_cut(folder: Path) -> None:
    data = wire_of(folder)
    whole = feed([data], WANTED, "gb18030")
    assert len(whole[0]) > 1
    assert not whole[3]
    for step in (1, 7, 1000):
        assert feed((data[start : start + step] for start in range(0, len(data), step)), WANTED, "gb18030") == whole


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_recorded_messages_do_not_depend_on_random_cuts(data: st.DataObject) -> None:
    wire = wire_of(data.draw(st.sampled_from(CAPTURES)))
    places = data.draw(st.lists(st.integers(min_value=0), max_size=50))
    wanted, fallback = data.draw(wanteds), data.draw(fallbacks)
    assert feed(cut(wire, places), wanted, fallback) == feed([wire], wanted, fallback)


@given(
    wire=wires, places=st.lists(st.integers(min_value=0), max_size=10), wanted=wanteds, fallback=fallbacks, greeted=st.booleans()
)
@settings(max_examples=400, deadline=None)
def test_any_bytes_are_parsed_or_refused_however_cut(
    wire: bytes, places: list[int], wanted: frozenset[str] | None, fallback: str | None, greeted: bool
) -> None:
    data = b"Asterisk Call Manager/11.0.0\r\n" * greeted + wire
    whole = feed([data], wanted, fallback)
    assert feed(cut(data, places), wanted, fallback) == whole
    assert feed([bytes([byte]) for byte in data], wanted, fallback) == whole


@given(wire=wires, fallback=fallbacks)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
def test_headers_agree_with_each_other(wire: bytes, fallback: str | None) -> None:
    decoder = AmiDecoder(None, fallback)
    for message in decoder.receive_data(b"Asterisk Call Manager/11.0.0\r\n" + wire + b"\r\n\r\n"):
        headers = message.headers()
        for key in {key for key, _ in headers}:
            assert message.get(key) == message.get_all(key)[0]
        # No value ever holds a line's end, so none can forge a header.
        assert not any("\r\n" in key or "\r\n" in value for key, value in headers)


@given(
    name=st.text(max_size=20),
    headers=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=30)), max_size=6),
    action_id=st.text(max_size=10),
)
@settings(max_examples=300, deadline=None)
def test_action_is_read_back_as_it_was_meant_or_refused(name: str, headers: list[tuple[str, str]], action_id: str) -> None:
    try:
        data = encode_action(name, headers, action_id)
    except CommandRefusedError:
        return
    assert data.count(b"\r\n\r\n") == 1
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n") == len(headers) + 3
    read_name, read_headers = decode_action(data)
    if not any(key.lower() == "action" for key, _ in headers):
        assert read_name == name.strip()
        assert read_headers == [("ActionID", action_id), *headers]
