import gzip
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.freeswitch_media.protocol import (
    DISCONNECT,
    EVENT,
    MAX_CONTENT_BYTES,
    MAX_CONTEXT,
    MAX_HEAD_BYTES,
    REPLY,
    Frame,
    FrameReader,
    export,
    unicast,
)
from gateway.model.errors import CommandRefusedError, PeerProtocolError

CAPTURES: Final = Path(__file__).parents[2] / "captures" / "freeswitch" / "1.10.12"
WIRE: Final = gzip.decompress((CAPTURES / "outbound_async_full" / "wire.esl.gz").read_bytes())
LEG: Final = "a28a08a3-48a4-42fc-9cb6-8bc27a30d546"


def read(*pieces: bytes) -> list[Frame]:
    reader = FrameReader()
    return [frame for piece in pieces for frame in reader.receive_data(piece)]


def test_a_real_one_is_read_to_its_end() -> None:
    frames = read(WIRE)
    facts = frames[0]
    assert (facts.kind, facts.get("Unique-ID"), facts.get("Reply-Text").strip()) == (REPLY, LEG, "+OK")
    assert (facts.get("Channel-Read-Codec-Name"), facts.get("Channel-Read-Codec-Rate")) == ("PCMU", "8000")
    assert facts.variables()["vip_note"] == "外呼脚本 中文"
    assert frames[2].get("Reply-Text") == "+OK Events Enabled"
    keys = [frame.get("DTMF-Digit") for frame in frames if frame.get("Event-Name") == "DTMF"]
    assert keys == ["1", "2", "#"]
    names = [frame.get("Event-Name") for frame in frames if frame.kind == EVENT]
    assert "CHANNEL_UNPARK" in names
    assert "CHANNEL_HANGUP" in names
    assert frames[-1].kind == DISCONNECT
    assert {frame.get("Unique-ID") for frame in frames if frame.kind == EVENT} == {LEG}


@given(cuts=st.lists(st.integers(0, 40_000), max_size=30))
def test_frames_do_not_depend_on_how_bytes_were_cut(cuts: list[int]) -> None:
    wire = WIRE[:40_000]
    places = [0, *sorted(cuts), len(wire)]
    assert read(*(wire[begin:end] for begin, end in pairwise(places))) == read(wire)


def test_byte_by_byte_it_is_the_same() -> None:
    wire = WIRE[-1_500:]
    wire = wire[wire.index(b"Content-Type") :]
    assert read(*(wire[at : at + 1] for at in range(len(wire)))) == read(wire)


@given(st.binary(max_size=400))
def test_garbage_is_read_or_refused_and_nothing_else(data: bytes) -> None:
    with suppress(PeerProtocolError):
        read(data)


def test_a_callers_name_forges_nothing() -> None:
    event = b"Event-Name: DTMF\nUnique-ID: a\nCaller-Caller-ID-Name: x%0ADTMF-Digit%3A%209\nDTMF-Digit: 1\nDTMF-Digit: 2\n\n"
    (frame,) = read(b"Content-Length: %d\nContent-Type: text/event-plain\n\n" % len(event) + event)
    assert frame.get("DTMF-Digit") == "1"
    assert frame.get("Caller-Caller-ID-Name") == "x\nDTMF-Digit: 9"
    assert frame.variables() == {}


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"A: " + b"x" * MAX_HEAD_BYTES,
        b"A: " + b"x" * MAX_HEAD_BYTES + b"\n\n",
        b"Content-Length: %d\n\n" % (MAX_CONTENT_BYTES + 1),
        b"Content-Length: -1\n\n",
        b"Content-Length: \xd9\xa1\n\n",
        b"Content-Length: 99999999999999999999\n\n",
    ],
    ids=["http", "endless", "long", "content", "negative", "not ascii", "huge"],
)
def test_what_is_no_event_socket_is_refused(data: bytes) -> None:
    with pytest.raises(PeerProtocolError, match="this is no event socket"):
        read(data)


def test_undefined_is_nothing() -> None:
    assert read(b"Content-Type: command/reply\nReply-Text: _undef_\n\n")[0].get("Reply-Text") == ""


def test_unicast_is_asked_for_as_switch_ivr_reads_it() -> None:
    assert unicast("192.0.2.20", ("192.0.2.5", 40_000)) == (
        b"sendmsg\ncall-command: unicast\nlocal-ip: 192.0.2.20\nlocal-port: 0\n"
        b"remote-ip: 192.0.2.5\nremote-port: 40000\ntransport: udp\n\n"
    )


@given(st.text(), st.text(st.characters()))
def test_what_a_caller_said_is_one_argument_that_nothing_expands(name: str, value: str) -> None:
    try:
        (told,) = export({name: value})
    except CommandRefusedError:
        return
    head, _, argument = told.removesuffix(b"\n\n").rpartition(b"execute-app-arg: ")
    assert head == b"sendmsg\ncall-command: execute\nexecute-app-name: export\nEvent-UUID: tieline-context\n"
    key, _, text = argument.partition(b"=")
    assert key == f"tieline_{name.lower()}".encode()
    assert not set(text) & set(b"\r\n\0$\\{}")


def test_a_context_has_its_limits() -> None:
    assert export({}) == []
    with pytest.raises(CommandRefusedError, match="no name"):
        export({"intent=x": "y"})
    with pytest.raises(CommandRefusedError, match="at most"):
        export({f"n{number}": "" for number in range(MAX_CONTEXT + 1)})
