"""Runs the AMI fuzz target on mutations of real recordings: the same ones each time, so that a failure comes back."""

import gzip
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

import pytest
from fuzz.ami_target import one_input
from support.replaying import CAPTURES

from connectors._kit.capture import find_file

INPUTS: Final = 1500
PIECE_BYTES: Final = 12_000
SEEDS: Final = ("16/charsets", "22/attended_transfer", "22/queue_local_members", "22/login_actions", "22-site2/midcall_connect")
TOKENS: Final = (
    b"\r\n",
    b"\r\n\r\n",
    b": ",
    b"Event: ",
    b"Response: ",
    b"\x00",
    b"\xff",
    b"-",
    b";1",
    b"99999999999999999999",
    b"1e999",
)
GREETING: Final = b"Asterisk Call Manager/11.0.0\r\n"

Mutation = Callable[[Random, bytearray], None]


def flip(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] = random.randrange(256)


def insert(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data))
    data[place:place] = random.choice(TOKENS)


def remove(random: Random, data: bytearray) -> None:
    place = random.randrange(len(data))
    del data[place : place + random.randrange(1, 60)]


def repeat(random: Random, data: bytearray) -> None:
    start, place = random.randrange(len(data)), random.randrange(len(data))
    data[place:place] = data[start : start + random.randrange(1, 2000)]


def swap(random: Random, data: bytearray) -> None:
    frames = bytes(data).split(b"\r\n\r\n")
    first, second = random.randrange(len(frames)), random.randrange(len(frames))
    frames[first], frames[second] = frames[second], frames[first]
    data[:] = b"\r\n\r\n".join(frames)


def empty_a_value(random: Random, data: bytearray) -> None:
    lines = bytes(data).split(b"\r\n")
    place = random.randrange(len(lines))
    lines[place] = lines[place].partition(b":")[0] + b":"
    data[:] = b"\r\n".join(lines)


MUTATIONS: Final[tuple[Mutation, ...]] = (flip, insert, remove, repeat, swap, empty_a_value)


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_recordings_are_parsed_or_refused(seed: str, tmp_path: Path) -> None:
    path = find_file(CAPTURES / "asterisk" / Path(seed), "wire.ami")
    assert path is not None
    wire = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    random = Random(seed)
    for _ in range(INPUTS // len(SEEDS)):
        start = random.randrange(max(len(wire) - PIECE_BYTES, 1))
        data = bytearray(GREETING + wire[start : start + PIECE_BYTES])
        for _ in range(random.randrange(1, 8)):
            random.choice(MUTATIONS)(random, data)
        given = bytes([random.randrange(256)]) + bytes(data)
        try:
            one_input(given)
        except Exception:
            (tmp_path / "input").write_bytes(given)  # pytest keeps it
            raise


@pytest.mark.parametrize("data", [b"", b"\x00", b"\x01Asterisk Call Manager/1\r\n" + b"\r\n" * 2000])
def test_odd_inputs_are_parsed_or_refused(data: bytes) -> None:
    one_input(data)
