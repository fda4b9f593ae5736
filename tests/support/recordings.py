"""Recordings of made-up calls, and sound to put into them."""

import math
import struct
from typing import Any

import msgspec

from gateway.model.ids import DEFAULT_TENANT, CallId, LegId, PbxName, call_id
from gateway.model.recordings import Recording, Sound, recording_id
from gateway.recordings.sounds import wav_header

PBX = PbxName("head-office")
BEGAN_AT = 1_795_000_000.0


def call_of(number: int) -> CallId:
    """Return the id of one call."""
    return call_id(PBX, LegId(f"leg-{number}"), BEGAN_AT + number)


def recording_of(number: int = 1, **changes: Any) -> Recording:
    """Return a call's recording, expected unless something else is said."""
    file = changes.pop("file", f"q-{number}.wav")
    made = Recording(
        id=recording_id(call_of(number), file),
        tenant=DEFAULT_TENANT,
        pbx=PBX,
        call_id=call_of(number),
        file=file,
        began_at=BEGAN_AT + number,
    )
    return msgspec.structs.replace(made, **changes)


SOUND = Sound(media_type="audio/wav", encoding="pcm16", rate_hz=8_000, channels=1, data_at=44, data_bytes=16_000, duration_s=1.0)


def tone(seconds: float, hertz: int = 400, *, rate_hz: int = 8_000) -> bytes:
    """Return 16-bit sound without a header."""
    samples = (int(8_000 * math.sin(2 * math.pi * hertz * i / rate_hz)) for i in range(round(seconds * rate_hz)))
    return b"".join(struct.pack("<h", sample) for sample in samples)


def wav(seconds: float, hertz: int = 400) -> bytes:
    """Return a whole WAV file."""
    data = tone(seconds, hertz)
    return wav_header(rate_hz=8_000, channels=1, data_bytes=len(data)) + data


def coded_wav(codec: int, data: bytes, *, bits: int = 8, block: int = 1, bytes_a_second: int = 8_000) -> bytes:
    """Return a WAV file of another encoding, with a fact chunk of odd length before the sound."""
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, codec, 1, 8_000, bytes_a_second, block, bits)
    fact = struct.pack("<4sI", b"fact", 3) + b"abc\0"
    body = b"WAVE" + form + fact + struct.pack("<4sI", b"data", len(data)) + data + b"\0" * (len(data) % 2)
    return struct.pack("<4sI", b"RIFF", len(body)) + body
