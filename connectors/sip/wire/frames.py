"""One packet of sound to or from a SIP worker: a header and 20 ms."""

import struct
from enum import IntEnum
from typing import Final

import msgspec

from connectors.sip.wire.values import PROTOCOL, CallNumber
from gateway.model.errors import PeerProtocolError

FRAME_BYTES: Final = 320
"""Of one media frame: 20 ms of 8 kHz, 16-bit, mono, little-endian."""
PLAYOUT_FRAMES: Final = 10
"""Frames that a worker keeps for a call that plays slower than it is sent: 200 ms; then the oldest is dropped."""


class FrameKind(IntEnum):
    AUDIO = 0
    """``FRAME_BYTES`` of sound, both ways. A shorter one is refused."""
    CLEAR = 1
    """To the worker: forget what waits to be played (barge-in). It overtakes nothing: frames after it are played."""


HEADER: Final = struct.Struct("!BxxxII")
"""Kind, call number, sequence. The sequence counts a call's frames of one direction, modulo 2**32: a gap is what was dropped."""
MAX_FRAME_BYTES: Final = HEADER.size + FRAME_BYTES


class Frame(msgspec.Struct, frozen=True):
    kind: FrameKind
    call: CallNumber
    sequence: int
    sound: bytes = b""


def encode_frame(frame: Frame) -> bytes:
    """Return a media frame as one packet."""
    return HEADER.pack(frame.kind, frame.call, frame.sequence) + frame.sound


def decode_frame(packet: bytes) -> Frame:
    """Read one packet of a media connection.

    Raises:
        PeerProtocolError: It is no frame, or its sound is not of 20 ms.
    """
    if len(packet) < HEADER.size:
        raise PeerProtocolError(f"a media frame of {len(packet)} bytes has no header")
    kind, call, sequence = HEADER.unpack_from(packet)
    expected = FRAME_BYTES if kind == FrameKind.AUDIO else 0
    if kind > FrameKind.CLEAR or len(packet) != HEADER.size + expected:
        raise PeerProtocolError(f"a media frame of kind {kind} and {len(packet)} bytes is none of protocol {PROTOCOL}")
    return Frame(FrameKind(kind), CallNumber(call), sequence, packet[HEADER.size :])
