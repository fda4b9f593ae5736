"""AudioSocket, without I/O: bytes in, packets out.

A packet is one byte of kind, two of length (big-endian), and so many bytes. Asterisk sends its UUID first, then sound of 8 kHz
as it comes, a packet for each key, and one without content when the caller has hung up.

Source: docs.asterisk.org, "AudioSocket" (channel driver and application); Asterisk's ``res_audiosocket.c`` for kinds 0x03 and
0x11 to 0x18.
"""

import struct
from enum import IntEnum
from typing import Final

import msgspec

from gateway.model.errors import PeerProtocolError

HEADER_BYTES: Final = 3
MAX_PAYLOAD_BYTES: Final = 8 * 1024
"""Half a second of sound; Asterisk sends 20 ms, and whoever sends more is none."""


class Kind(IntEnum):
    HANG_UP = 0x00
    ID = 0x01
    DIGIT = 0x03
    SOUND = 0x10
    ERROR = 0xFF


FASTER_SOUND: Final = range(0x11, 0x19)
"""Kinds of sound of 12 to 192 kHz."""


class Packet(msgspec.Struct, frozen=True):
    kind: int
    payload: bytes


class AudioSocketReader:
    """Cuts what comes into packets."""

    def __init__(self) -> None:
        self._rest = b""

    def receive_data(self, data: bytes) -> list[Packet]:
        """Take bytes from the peer and return the packets that they completed.

        Raises:
            PeerProtocolError: A packet says that it has more than ``MAX_PAYLOAD_BYTES``. Do not use self again.
        """
        data = self._rest + data
        packets: list[Packet] = []
        at = 0
        while len(data) - at >= HEADER_BYTES:
            kind, length = data[at], data[at + 1] << 8 | data[at + 2]
            if length > MAX_PAYLOAD_BYTES:
                raise PeerProtocolError(f"a packet of kind 0x{kind:02x} with {length} bytes: this is no AudioSocket")
            end = at + HEADER_BYTES + length
            if end > len(data):
                break
            packets.append(Packet(kind, data[at + HEADER_BYTES : end]))
            at = end
        self._rest = data[at:]
        return packets


def packet(kind: Kind, payload: bytes = b"") -> bytes:
    """Return a packet's bytes."""
    return struct.pack("!BH", kind, len(payload)) + payload


def id_of(payload: bytes) -> str:
    """Return the UUID of a packet of kind ``ID`` as 32 hexadecimal digits.

    Raises:
        PeerProtocolError: It is none.
    """
    if len(payload) != 16:
        raise PeerProtocolError(f"an id of {len(payload)} bytes instead of 16")
    return payload.hex()


def digit_of(payload: bytes) -> str:
    """Return the key of a packet of kind ``DIGIT``.

    Raises:
        PeerProtocolError: It is none.
    """
    digit = payload.decode("ascii", "replace").upper()
    if len(digit) != 1 or digit not in "0123456789*#ABCD":
        raise PeerProtocolError("a key that is none of 0-9 * # A-D")
    return digit
