import struct
from hashlib import sha256

import pytest
from rig.rtp import _ulaw

from gateway.recordings.g711 import to_linear

EVERY_BYTE = bytes(range(256))


@pytest.mark.parametrize(
    ("encoding", "digest"),
    [
        # Of what CPython 3.11's audioop.ulaw2lin and alaw2lin, which are Sun's g711.c, make of the same bytes.
        ("ulaw", "3dab54339e520bb2c924826e3b72a917a2b612e9fd12fc867500f1d983a75827"),
        ("alaw", "e04788d110e58ff8c70c93b8480190d973e3b67876b6119abbaec766cc75c174"),
    ],
)
def test_every_byte_is_decoded_as_by_the_reference(encoding: str, digest: str) -> None:
    assert sha256(to_linear(encoding, EVERY_BYTE)).hexdigest() == digest


@pytest.mark.parametrize(("byte", "ulaw", "alaw"), [(0x00, -32124, -5504), (0x80, 32124, 5504), (0xFF, 0, 848), (0xD5, 716, 8)])
def test_known_values(byte: int, ulaw: int, alaw: int) -> None:
    assert struct.unpack("<h", to_linear("ulaw", bytes([byte]))) == (ulaw,)
    assert struct.unpack("<h", to_linear("alaw", bytes([byte]))) == (alaw,)


def test_what_a_telephone_encodes_comes_back_nearly() -> None:
    for sample in range(-32_000, 32_000, 617):
        (decoded,) = struct.unpack("<h", to_linear("ulaw", bytes([_ulaw(sample)])))
        assert abs(decoded - sample) <= max(8, abs(sample) // 16)


def test_nothing_is_nothing() -> None:
    assert to_linear("alaw", b"") == b""
