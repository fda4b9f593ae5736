"""ESL framing: messages are a matter of the bytes alone, and any bytes are parsed or refused."""

from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.esl_captures import wire_of
from support.replaying import freeswitch_captures, name_of

from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder, encode_command
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.frames import encode_event
from connectors.freeswitch_esl.protocol.message import EslMessage, Form
from gateway.model.errors import CommandRefusedError, PeerProtocolError
from gateway.model.site import Site

MAX_BYTES: Final = 60_000
"""Of a capture: byte by byte is slow, and what follows repeats what came before."""
CAPTURES: Final = [folder for folder in freeswitch_captures() if not folder.name.startswith("flood")]
GREETING: Final = b"Content-Type: auth/request\n\n"

Told = tuple[str, str, bytes, bytes, tuple[tuple[str, str], ...], str]

fragments = st.sampled_from(
    [
        b"Content-Length: ",
        b"Content-Length: 3\n",
        b"Content-Length: 40\nContent-Type: text/event-plain\n\n",
        b"Content-Type: text/event-plain\n\n",
        b"Content-Type: text/event-json\n\n",
        b"Content-Type: text/event-xml\n\n",
        b"Content-Type: api/response\n\n",
        b"Content-Type: command/reply\n",
        b"Event-Name: CHANNEL_ANSWER\n",
        b"Event-Name: CUSTOM\nEvent-Subclass: callcenter%3A%3Ainfo\n",
        b"Unique-ID: a%0AUnique-ID: b\n",
        b'{"Event-Name":"DTMF","x":["a",1,null]}',
        b"<event><headers><Event-Name>DTMF</Event-Name></headers></event>",
        b"\n",
        b"\n\n",
        b"%",
        b"_undef_",
        "陈".encode(),
        "陈".encode("gb2312"),
        b"\x00",
    ]
)
wires = st.lists(fragments | st.binary(max_size=6), max_size=40).map(b"".join)
fallbacks = st.sampled_from([None, "gb18030", "latin-1"])
wanteds = st.sampled_from([None, frozenset({"DTMF"}), WANTED])


def told(message: EslMessage) -> Told:
    return (message.kind, message.name, message.head, message.raw, tuple(message.headers()), message.body)


def feed(pieces: Iterable[bytes], wanted: frozenset[str] | None, fallback: str | None) -> tuple[list[Told], int, int, bool]:
    """Return the messages, what was skipped and passed over, and whether the peer was refused."""
    decoder = EslDecoder(wanted, fallback)
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
def beginning_of(folder: Path) -> bytes:
    return wire_of(folder)[:MAX_BYTES]


@pytest.mark.parametrize("folder", CAPTURES, ids=name_of)
def test_recorded_messages_do_not_depend_on_how_bytes_were_cut(folder: Path) -> None:
    data = beginning_of(folder)
    whole = feed([data], WANTED, "gb18030")
    assert not whole[3]
    for step in (1, 7, 1000):
        assert feed((data[start : start + step] for start in range(0, len(data), step)), WANTED, "gb18030") == whole


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_recorded_messages_do_not_depend_on_random_cuts(data: st.DataObject) -> None:
    wire = beginning_of(data.draw(st.sampled_from(CAPTURES)))
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
    data = GREETING * greeted + wire
    whole = feed([data], wanted, fallback)
    assert feed(cut(data, places), wanted, fallback) == whole
    assert feed([bytes([byte]) for byte in data], wanted, fallback) == whole


@given(
    headers=st.dictionaries(
        st.from_regex(r"[A-Z][A-Za-z-]{0,12}", fullmatch=True), st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
    ),
    body=st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30),
    form=st.sampled_from([Form.PLAIN, Form.JSON]),
)
@settings(max_examples=300, deadline=None)
def test_an_event_is_read_as_it_was_written(headers: dict[str, str], body: str | None, form: Form) -> None:
    given_headers = {"Event-Name": "A"} | {
        key: value for key, value in headers.items() if key not in ("Event-Name", "Content-Length")
    }
    (_, message) = EslDecoder().receive_data(GREETING + encode_event(list(given_headers.items()), body, form))
    for key, value in given_headers.items():
        # What FreeSWITCH calls undefined is nothing, whoever wrote it.
        assert message.get(key) == ("" if value == "_undef_" else value)
    assert message.body == (body or "")


@given(
    name=st.text(min_size=1, max_size=20),
    argument=st.text(max_size=20),
    headers=st.lists(st.tuples(st.text(max_size=8), st.text(max_size=30)), max_size=4),
    body=st.none() | st.text(max_size=30),
)
@settings(max_examples=300, deadline=None)
def test_a_command_is_one_command_or_refused(name: str, argument: str, headers: list[tuple[str, str]], body: str | None) -> None:
    try:
        data = encode_command(name, argument, headers, body)
    except CommandRefusedError:
        return
    head, _, rest = data.partition(b"\n\n")
    assert b"\r" not in head
    assert rest == (b"" if body is None else body.encode())


@given(wire=wires)
@settings(max_examples=200, deadline=None)
def test_whatever_a_client_says_is_read_or_refused(wire: bytes) -> None:
    decoder = EslCommandDecoder()
    try:
        for byte in wire + b"\n\n":
            decoder.receive_data(bytes([byte]))
    except PeerProtocolError:
        return


@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_lost_and_doubled_events_hurt_no_mapper(data: st.DataObject) -> None:
    wire = wire_of(data.draw(st.sampled_from(CAPTURES)))
    messages = EslDecoder(WANTED).receive_data(wire)
    kept = data.draw(st.lists(st.integers(min_value=0, max_value=2), min_size=len(messages), max_size=len(messages)))
    mapper = EslMapper(Site(region="CN", extensions=r"^1\d{3}$"))
    mapper.connection_made(0.0)
    for message, times in zip(messages, kept, strict=True):
        for _ in range(times):
            mapper.receive(message, 1.0)
