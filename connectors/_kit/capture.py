"""Read a capture folder: what a PBX sent and what we sent it, in the order of time.

A folder holds ``wire.<protocol>`` (bytes from the PBX, unchanged), ``chunks.jsonl`` (``[seconds, offset, length]`` of each read),
``sent.jsonl`` (``{"t": seconds, "sent": text}``), ``parts.json`` where the connection was cut (``{offset, length, connected,
disconnected}`` of each connection) and ``site.json``. Each may be ``.gz``; all but the wire may be missing. Seconds are since the
epoch, or since the start of the recording, as whoever recorded it wrote them.
"""

import gzip
import re
from collections.abc import Iterator
from heapq import merge
from pathlib import Path
from typing import BinaryIO, Final, TypeVar, assert_never, cast

import msgspec

from gateway.model.errors import CaptureError
from gateway.model.site import Site, site_from

READ_BYTES: Final = 64 * 1024
"""Bytes of one read where nobody wrote down how they came."""
MAX_GREETING_BYTES: Final = 256
"""Bytes that a greeting pattern may match, its look-ahead included."""

_TO_THE_END: Final = 1 << 62

T = TypeVar("T")


class Opened(msgspec.Struct, frozen=True):
    """A connection was made; a new decoder reads what follows."""

    at: float | None


class Received(msgspec.Struct, frozen=True):
    at: float | None
    data: bytes


class Sent(msgspec.Struct, frozen=True):
    """What we sent: one action or command."""

    at: float | None
    data: bytes


class Closed(msgspec.Struct, frozen=True):
    """A connection was lost, perhaps in the middle of a message. The end of the recording is none."""

    at: float | None


CaptureItem = Opened | Received | Sent | Closed


class _Part(msgspec.Struct):
    offset: int
    length: int
    connected: float | None = None
    disconnected: float | None = None


class _Chunk(msgspec.Struct, array_like=True):
    at: float
    offset: int
    length: int | None = None


class _SentLine(msgspec.Struct):
    t: float
    sent: str


def find_file(folder: Path, name: str) -> Path | None:
    """Return where ``name`` or ``name.gz`` is in the folder; None when it is missing."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def read_site(folder: Path) -> Site:
    """Return the folder's site, or the default site when it has none.

    Raises:
        CaptureError: ``site.json`` is no site.
    """
    path = find_file(folder, "site.json")
    if path is None:
        return Site()
    try:
        with _open(path) as file:
            return site_from(msgspec.json.decode(file.read()))
    except (msgspec.MsgspecError, OSError, EOFError) as error:
        raise CaptureError(f"{path}: {error}") from error


def read_capture(folder: Path, wire_name: str, greeting: re.Pattern[bytes]) -> Iterator[CaptureItem]:
    """Yield what happened in a recording, in the order of time.

    Args:
        folder: The capture folder.
        wire_name: The name of its wire file without ``.gz``, such as ``wire.ami``.
        greeting: What the PBX says first. Where no ``parts.json`` says so, each match begins a connection.

    Raises:
        CaptureError: There is no wire file, or a file beside it does not fit it.
    """
    wire = find_file(folder, wire_name)
    if wire is None:
        raise CaptureError(f"{folder}: no {wire_name} and no {wire_name}.gz; is it a capture folder?")
    try:
        chunks = _read_chunks(folder)
        parts = _read_parts(folder) or _find_parts(wire, greeting)
        sent = [
            Sent(line.t if chunks is not None else None, _sent_bytes(line.sent))
            for line in _lines(folder, "sent.jsonl", _SentLine)
        ]
        with _open(wire) as file:
            if chunks is None:
                yield from _untimed(file, parts, sent)
            else:
                yield from merge(sent, _timed(file, parts, chunks, sent[0].at if sent else None), key=_order)
    except (msgspec.MsgspecError, OSError, EOFError) as error:
        raise CaptureError(f"{folder}: {error}") from error


def _order(item: CaptureItem) -> tuple[float, int]:
    at = cast(float, item.at)  # only recordings with times are merged
    match item:
        case Opened() | Closed():
            return at, 0
        case Sent():
            return at, 1
        case Received():
            return at, 2
        case _:
            assert_never(item)


def _open(path: Path) -> BinaryIO:
    return cast(BinaryIO, gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


def _lines(folder: Path, name: str, of: type[T]) -> Iterator[T]:
    path = find_file(folder, name)
    if path is None:
        return
    decoder = msgspec.json.Decoder(of)
    with _open(path) as file:
        for line in file:
            # A recorder that was killed leaves half a line at the end.
            if line.endswith(b"\n") or line.rstrip().endswith((b"]", b"}")):
                yield decoder.decode(line)


def _read_chunks(folder: Path) -> Iterator[tuple[float, int, int]] | None:
    if find_file(folder, "chunks.jsonl") is None:
        return None
    return _chunks(_lines(folder, "chunks.jsonl", _Chunk))


def _chunks(lines: Iterator[_Chunk]) -> Iterator[tuple[float, int, int]]:
    position = 0
    for line in lines:
        if line.length is None:
            # Some recorders write how many bytes there were after each read instead of where it began.
            yield line.at, position, line.offset - position
            position = line.offset
        else:
            yield line.at, line.offset, line.length
            position = line.offset + line.length


def _read_parts(folder: Path) -> list[_Part]:
    path = find_file(folder, "parts.json")
    if path is None:
        return []
    with _open(path) as file:
        parts = msgspec.json.decode(file.read(), type=list[_Part])
    if parts:
        # A recorder that was killed has not written how long its last connection became.
        parts[-1].length = _TO_THE_END
    return parts


def _find_parts(wire: Path, greeting: re.Pattern[bytes]) -> list[_Part]:
    offsets: list[int] = []
    with _open(wire) as file:
        held, at = b"", 0
        while block := file.read(READ_BYTES):
            held += block
            for match in greeting.finditer(held):
                if not offsets or at + match.start() > offsets[-1]:
                    offsets.append(at + match.start())
            at += max(len(held) - MAX_GREETING_BYTES, 0)
            held = held[-MAX_GREETING_BYTES:]
        length = at + len(held)
    starts = offsets if offsets[:1] == [0] else [0, *offsets]
    return [_Part(start, end - start) for start, end in zip(starts, [*starts[1:], length], strict=True)]


def _sent_bytes(text: str) -> bytes:
    # Recorders write bytes as Latin-1, so that any byte survives; by hand one writes text.
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode()


def _untimed(file: BinaryIO, parts: list[_Part], sent: list[Sent]) -> Iterator[CaptureItem]:
    for index, part in enumerate(parts):
        if index > 0:
            yield Closed(None)
        yield Opened(None)
        if index == 0:
            # Nothing says when they were sent, but a cause comes before its effect.
            yield from sent
        left = part.length
        while left > 0 and (data := file.read(min(READ_BYTES, left))):
            left -= len(data)
            yield Received(None, data)


def _timed(
    file: BinaryIO, parts: list[_Part], chunks: Iterator[tuple[float, int, int]], first_sent_at: float | None
) -> Iterator[Opened | Received | Closed]:
    position, at, left = 0, 0.0, 0
    for index, part in enumerate(parts):
        if position != part.offset:
            raise CaptureError(
                f"parts.json: the connection at {part.offset} begins elsewhere than the one before ends ({position})"
            )
        end = part.offset + part.length
        if left == 0:
            at, left = _next_chunk(chunks, position, end, at)
        if index > 0:
            lost_at = parts[index - 1].disconnected
            yield Closed(at if lost_at is None else lost_at)
        elif part.connected is None and first_sent_at is not None:
            part.connected = min(at, first_sent_at)
        yield Opened(at if part.connected is None else part.connected)
        while position < end:
            if left == 0:
                at, left = _next_chunk(chunks, position, end, at)
            data = file.read(min(left, end - position))
            if not data:
                return
            left -= len(data)
            position += len(data)
            yield Received(at, data)


def _next_chunk(chunks: Iterator[tuple[float, int, int]], position: int, end: int, last_at: float) -> tuple[float, int]:
    """Return when the bytes at ``position`` came, and how many with them."""
    # What was read but not written down came at the last time that we know.
    at, offset, length = next(chunks, (last_at, position, min(end - position, READ_BYTES)))
    if offset != position:
        raise CaptureError(f"chunks.jsonl: a read at {offset} where {position} is next")
    return at, length
