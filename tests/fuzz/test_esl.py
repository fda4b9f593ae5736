"""Runs the ESL fuzz target on mutations of real recordings: the same ones each time, so that a failure comes back."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest
from fuzz.esl_target import heard, one_input
from support.esl_captures import FREESWITCH, wire_of

from connectors.freeswitch_esl.protocol.frames import encode_event

INPUTS: Final = 1200
PIECE_BYTES: Final = 20_000
SEEDS: Final = (
    "encodings_plain",
    "encodings_json",
    "attended_transfer_sip_replaces_plain",
    "ivr_queue_agent_plain",
    "resync_midcall",
    "outbound_async_full",
)
TOKENS: Final = (
    b"\n",
    b"\n\n",
    b": ",
    b"%0A",
    b"%0AHangup-Cause: FORGED",
    b"\nContent-Length: 0\n",
    b"\nContent-Length: 7\n\n",
    b"Content-Length: 99999999\n",
    b"Content-Type: text/event-json\n",
    b"Content-Type: text/event-xml\n",
    b"ARRAY::a|:b",
    b"_undef_",
    b"%",
    b"%ff",
    b"\x00",
    b"\xff",
    b"\xb3\xc2",
    b"99999999999999999999",
    b'{"row_count":1,"rows":[{"uuid":"a"}]}',
    b'{"rows":[[],null,{"uuid":{}}]}',
    b"<event><headers><Event-Name>DTMF</Event-Name></headers></event>",
)
GREETING: Final = b"Content-Type: auth/request\n\n"

Mutation = Callable[[Random, bytearray], None]


def flip(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] = random.randrange(256)


def insert(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data))
    data[place:place] = random.choice(TOKENS)


def overwrite(random: Random, data: bytearray) -> None:
    token, place = random.choice(TOKENS), random.randrange(len(data))
    data[place : place + len(token)] = token


def remove(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data))
    del data[place : place + random.randrange(1, 60)]


def repeat(random: Random, data: bytearray) -> None:
    start, place = random.randrange(len(data)), random.randrange(len(data))
    data[place:place] = data[start : start + random.randrange(1, 2000)]


def lie_about_a_length(random: Random, data: bytearray) -> None:
    places = [place for place in range(len(data)) if data.startswith(b"Content-Length: ", place)]
    if places:
        start = random.choice(places) + len(b"Content-Length: ")
        end = data.find(b"\n", start)
        data[start : end if end > 0 else len(data)] = str(random.choice((0, 1, 30, 700, 5000, 1 << 25))).encode()


def call_it_something_else(random: Random, data: bytearray) -> None:
    kinds = (b"text/event-json", b"text/event-xml\x20", b"api/response\x20\x20\x20", b"text/event-plain")
    data[:] = bytes(data).replace(b"text/event-plain", random.choice(kinds), random.randrange(1, 9))


MUTATIONS: Final[tuple[Mutation, ...]] = (flip, insert, overwrite, remove, repeat, lie_about_a_length, call_it_something_else)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_recordings_are_heard_alike_or_refused(seed: str, tmp_path: Path) -> None:
    wire = wire_of(FREESWITCH / seed)
    random = Random(seed)
    for _ in range(INPUTS // len(SEEDS)):
        start = wire.find(b"Content-Length: ", random.randrange(max(len(wire) - PIECE_BYTES, 1)))
        data = bytearray(GREETING + wire[max(start, 0) : max(start, 0) + PIECE_BYTES])
        for _ in range(random.randrange(1, 8)):
            random.choice(MUTATIONS)(random, data)
        given = bytes([random.randrange(256)]) + bytes(data)
        try:
            one_input(given)
        except Exception:
            (tmp_path / "input").write_bytes(given)  # pytest keeps it
            raise


def test_what_is_mutated_is_mostly_heard() -> None:
    """Mutations that leave nothing to read would prove nothing."""
    random, told = Random(1), 0
    wire = GREETING + wire_of(FREESWITCH / "ivr_queue_agent_plain")[:PIECE_BYTES]
    for mutation in MUTATIONS:
        data = bytearray(wire)
        mutation(random, data)
        told += len(heard(bytes(data), 4096)[0])
    assert told > len(MUTATIONS) * 2


@pytest.mark.parametrize(
    "forged", ["x\nHangup-Cause: FORGED", "x\r\nUnique-ID: FORGED\n\nEvent-Name: DTMF", "%0AUnique-ID: FORGED"]
)
def test_what_a_caller_calls_himself_stays_a_name(forged: str) -> None:
    event = encode_event([("Event-Name", "CHANNEL_CREATE"), ("Caller-Caller-ID-Name", forged), ("Unique-ID", "a")])
    for step in range(1, 40):
        one_input(bytes([step]) + GREETING + event)
    (_, (_, name, _, raw)), refused = heard(GREETING + event, 7)
    assert (name, raw.count(b"\n"), refused) == ("CHANNEL_CREATE", 5, False)


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01" + GREETING + b"\n" * 2000, b"\x08Content-Type: command/reply\n" * 9000])
def test_odd_inputs_are_parsed_or_refused(data: bytes) -> None:
    one_input(data)
