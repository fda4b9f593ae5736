"""What a file of sound holds, by its name and first bytes: without I/O.

Sources: RFC 2361 (WAVE codec registry), Asterisk's ``formats/format_*.c`` for the names and frames of its headerless files. An
Asterisk writes a WAV's sizes into the header when it closes the file, so a header that does not fit its file is one that is
still written, or was when the PBX went down.
"""

from collections.abc import Iterator
from pathlib import PurePosixPath
from struct import Struct
from typing import Final

from gateway.model.errors import RecordingUnusableError
from gateway.model.recordings import Sound

HEAD_BYTES: Final = 64 * 1024
"""Of a file that are looked at: a WAV's chunks before the sound are far smaller."""
WAV_HEADER_BYTES: Final = 44

_RIFF: Final = Struct("<4sI4s")
_CHUNK: Final = Struct("<4sI")
_FORMAT: Final = Struct("<HHIIHH")
_HEADER: Final = Struct("<4sI4s4sIHHIIHH4sI")
_PCM, _ALAW, _ULAW, _GSM, _EXTENSIBLE = 0x0001, 0x0006, 0x0007, 0x0031, 0xFFFE
_EXTENSIBLE_CODEC_AT: Final = 24
"""Where the format chunk of WAVE_FORMAT_EXTENSIBLE names the codec."""

_RAW: Final[dict[str, tuple[str, str, int, int]]] = {
    **dict.fromkeys((".ulaw", ".ul", ".mu", ".pcm", ".ulw"), ("audio/basic", "ulaw", 8_000, 8_000)),
    **dict.fromkeys((".alaw", ".al", ".alw"), ("audio/x-alaw-basic", "alaw", 8_000, 8_000)),
    **{f".sln{'' if khz == 8 else khz}": ("audio/x-sln", "pcm16", hertz, hertz * 2) for khz, hertz in (
        (8, 8_000), (12, 12_000), (16, 16_000), (24, 24_000), (32, 32_000), (44, 44_100), (48, 48_000), (96, 96_000),
    )},
    ".raw": ("audio/x-sln", "pcm16", 8_000, 16_000),
    ".g722": ("audio/G722", "g722", 16_000, 8_000),
}  # fmt: skip
"""Headerless: media type, encoding, samples a second, bytes a second."""
_GSM_FRAME_BYTES: Final = 33
_GSM_BYTES_A_SECOND: Final = 1_650
_GSM_MARK: Final = 0xD0


def look_at(name: str, head: bytes, size: int) -> Sound:
    """Return what a file holds.

    Args:
        name: By which the PBX wrote it; its ending says how to read it.
        head: Its first bytes, :data:`HEAD_BYTES` or all.
        size: Of the whole file, in bytes.

    Raises:
        RecordingUnusableError: It is no sound that we know.
    """
    suffix = PurePosixPath(name).suffix.lower()
    if suffix in (".wav", ".wav49", ".wav16"):
        return _wav(name, head, size)
    if suffix in _RAW:
        media_type, encoding, rate, bytes_a_second = _RAW[suffix]
        empty = "it is empty" if size == 0 else None
        return Sound(
            media_type=media_type, encoding=encoding, rate_hz=rate, channels=1,
            data_bytes=size, duration_s=size / bytes_a_second, unfinished=empty,
        )  # fmt: skip
    if suffix == ".gsm":
        return _gsm(name, head, size)
    if suffix == ".mp3":
        return _known(name, "audio/mpeg", "mp3", size, head[:3] == b"ID3" or (head[:1] == b"\xff" and head[1:2] >= b"\xe0"))
    if suffix in (".ogg", ".opus"):
        return _known(name, "audio/ogg", "ogg", size, head[:4] == b"OggS")
    raise RecordingUnusableError(f"{name!r} is of no kind that we know: record as .wav (or ulaw, alaw, sln, gsm, g722, mp3, ogg)")


def wav_header(*, rate_hz: int, channels: int, data_bytes: int) -> bytes:
    """Return the :data:`WAV_HEADER_BYTES` bytes before 16-bit sound of this length in bytes."""
    frame = 2 * channels
    return _HEADER.pack(
        b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", 16, _PCM, channels, rate_hz, rate_hz * frame, frame, 16, b"data", data_bytes
    )  # fmt: skip


def _known(name: str, media_type: str, encoding: str, size: int, fits: bool) -> Sound:
    if size and not fits:
        raise RecordingUnusableError(f"{name!r} does not begin as its name says")
    return Sound(media_type=media_type, encoding=encoding, data_bytes=size, unfinished=None if size else "it is empty")


def _gsm(name: str, head: bytes, size: int) -> Sound:
    if size and head[0] & 0xF0 != _GSM_MARK:
        raise RecordingUnusableError(f"{name!r} does not begin as its name says")
    whole = size > 0 and size % _GSM_FRAME_BYTES == 0
    return Sound(
        media_type="audio/x-gsm", encoding="gsm", rate_hz=8_000, channels=1, data_bytes=size,
        duration_s=size / _GSM_BYTES_A_SECOND, unfinished=None if whole else "it ends within a frame" if size else "it is empty",
    )  # fmt: skip


def _wav(name: str, head: bytes, size: int) -> Sound:
    if size < _RIFF.size + _CHUNK.size:
        return Sound(media_type="audio/wav", encoding="other", unfinished="it has no whole header yet")
    mark, riff_bytes, kind = _RIFF.unpack_from(head)
    if mark != b"RIFF" or kind != b"WAVE":
        raise RecordingUnusableError(f"{name!r} is no WAV file, though its name says so")
    codec, channels, rate, bytes_a_second, bits = 0, 0, 0, 0, 0
    for chunk, data_at, data_bytes in _chunks(head):
        if chunk == b"fmt ":
            if data_at + _FORMAT.size > len(head):
                break
            if data_bytes < _FORMAT.size:
                raise RecordingUnusableError(f"{name!r} has a format that cannot be read")
            codec, channels, rate, bytes_a_second, _, bits = _FORMAT.unpack_from(head, data_at)
            if codec == _EXTENSIBLE and data_bytes > _EXTENSIBLE_CODEC_AT + 1:
                codec = int.from_bytes(head[data_at + _EXTENSIBLE_CODEC_AT : data_at + _EXTENSIBLE_CODEC_AT + 2], "little")
        elif chunk == b"data":
            if channels == 0 or rate == 0 or bytes_a_second == 0:
                raise RecordingUnusableError(f"{name!r} does not say what its sound is before it comes")
            there = size - data_at
            unfinished = None
            # Some writers leave out the byte that makes a length even.
            if not -1 <= riff_bytes + _CHUNK.size - size <= 1 or data_bytes > there:
                unfinished = f"its header speaks of {riff_bytes + _CHUNK.size} bytes, and it has {size}"
                data_bytes = there
            return Sound(
                media_type="audio/wav", encoding=_encoding(codec, bits), rate_hz=rate, channels=channels, data_at=data_at,
                data_bytes=data_bytes, duration_s=data_bytes / bytes_a_second, unfinished=unfinished,
            )  # fmt: skip
    if size > len(head):
        raise RecordingUnusableError(f"{name!r} has no sound in its first {len(head)} bytes")
    return Sound(media_type="audio/wav", encoding="other", unfinished="it has no sound yet")


def _chunks(head: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each chunk, where its bytes begin, and how many they are by its own account."""
    at = _RIFF.size
    while at + _CHUNK.size <= len(head):
        chunk, length = _CHUNK.unpack_from(head, at)
        yield chunk, at + _CHUNK.size, length
        at += _CHUNK.size + length + length % 2


def _encoding(codec: int, bits: int) -> str:
    known = {(_PCM, 16): "pcm16", (_PCM, 8): "pcm8", (_ULAW, 8): "ulaw", (_ALAW, 8): "alaw"}
    return "gsm" if codec == _GSM else known.get((codec, bits), "other")
