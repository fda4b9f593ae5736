"""Sends a recording's sound, or the part of it that a player asks for."""

import re
from contextlib import aclosing
from typing import Final

import structlog
from aiohttp import hdrs, web

from gateway.api.guard import SECURITY_HEADERS
from gateway.api.problems import ApiError
from gateway.model.errors import RecordingMissingError, StorageError
from gateway.ports.recordings import Audio

_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

_log = structlog.get_logger()


def chosen(request: web.Request, audio: Audio) -> tuple[int, int, int]:
    """Read which bytes are asked for (RFC 9110, 14.2): return the status, the first byte and the number of bytes that are sent.

    What is no single range is answered with all.

    Raises:
        ApiError: 416: it has no such bytes.
    """
    text = request.headers.get(hdrs.RANGE)
    if_range = request.headers.get(hdrs.IF_RANGE)
    match = None if text is None else _RANGE.fullmatch(text.replace(" ", ""))
    if match is None or match[0] == "bytes=-" or (if_range is not None and if_range != f'"{audio.tag}"'):
        return 200, 0, audio.size
    if match[1] == "":
        length = min(int(match[2]), audio.size)
        start = audio.size - length
    else:
        start = int(match[1])
        end = audio.size if match[2] == "" else min(int(match[2]) + 1, audio.size)
        if match[2] != "" and int(match[2]) < start:
            return 200, 0, audio.size
        length = end - start
    if length <= 0:
        headers = {str(hdrs.CONTENT_RANGE): f"bytes */{audio.size}"}
        raise ApiError(416, "range-outside", "Outside of it", f"It has {audio.size} bytes.", headers=headers)
    return 206, start, length


async def sent(request: web.Request, audio: Audio, status: int, start: int, length: int) -> web.StreamResponse:
    """Send a part of a sound. An answer that cannot be ended is cut, so that nobody takes it for whole.

    Raises:
        ApiError: 503: the storage does not give its first bytes.
    """
    headers = {
        **SECURITY_HEADERS,
        hdrs.CONTENT_TYPE: audio.media_type,
        hdrs.CONTENT_LENGTH: str(length),
        hdrs.CONTENT_DISPOSITION: f'inline; filename="{audio.file_name}"',
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: f'"{audio.tag}"',
        hdrs.CACHE_CONTROL: "private, no-store",
    }
    if status == 206:
        headers[hdrs.CONTENT_RANGE] = f"bytes {start}-{start + length - 1}/{audio.size}"
    response = web.StreamResponse(status=status, headers=headers)
    try:
        async with aclosing(audio.read(start, length)) as chunks:
            # What fails before the first bytes is told as a problem.
            first = await anext(chunks, b"")
            await response.prepare(request)
            await response.write(first)
            async for data in chunks:
                await response.write(data)
        await response.write_eof()
    except (RecordingMissingError, StorageError) as error:
        if not response.prepared:
            raise storage_fails(str(error)) from error
        _log.warning("recording_cut", path=request.path, reason=str(error))
        _cut(request)
    except ConnectionError:
        _cut(request)  # whoever listened has gone
    return response


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


def storage_fails(detail: str) -> ApiError:
    """The place where recordings are kept does not do what it should."""
    return ApiError(503, "storage-unavailable", "The recordings' storage does not answer", f"{detail}.")
