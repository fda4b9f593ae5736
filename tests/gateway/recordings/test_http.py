import asyncio
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from support.certificates import Certificates
from support.recording_servers import basic, http_server
from support.virtual_time import in_virtual_time

from gateway.model.errors import (
    PeerError,
    PeerProtocolError,
    PeerRefusedError,
    PeerUnavailableError,
    RecordingForbiddenError,
    RecordingMissingError,
)
from gateway.model.secret import Secret
from gateway.recordings.http import HttpSource
from gateway.recordings.settings import HttpSettings

NAME = PurePosixPath("a.wav")


async def size(settings: HttpSettings) -> int:
    source = HttpSource(settings, timeout_s=10.0)
    try:
        return (await source.look(NAME)).size
    finally:
        await source.close()


@pytest.mark.parametrize(
    ("allowed", "who"),
    [
        (lambda header: header == "Bearer s3cret", {"token": Secret("s3cret")}),
        (lambda header: header == basic("tie", "pass:wörd"), {"username": "tie", "password": Secret("pass:wörd")}),
    ],
)
async def test_it_says_who_asks(monitor: Path, allowed: Callable[[str], bool], who: dict[str, Any]) -> None:
    (monitor / NAME).write_bytes(b"abc")
    async with http_server(monitor, allowed=allowed) as url:
        assert await size(HttpSettings(url=url, **who)) == 3
        with pytest.raises(PeerRefusedError, match=r"refuses us \(401\): correct token") as caught:
            await size(HttpSettings(url=url))
    assert "s3cret" not in str(caught.value)


async def test_an_own_authority_is_trusted_and_no_other(monitor: Path, certificates: Certificates) -> None:
    (monitor / NAME).write_bytes(b"abc")
    async with http_server(monitor, tls=certificates.server_context()) as url:
        assert await size(HttpSettings(url=url, ca_file=str(certificates.ca))) == 3
        for ca_file in (None, str(certificates.stranger)):
            with pytest.raises(PeerRefusedError, match=r"certificate is not trusted.*set ca_file"):
                await size(HttpSettings(url=url, ca_file=ca_file))
        with pytest.raises(PeerRefusedError, match="ca_file /none cannot be read"):
            await size(HttpSettings(url=url, ca_file="/none"))


@pytest.mark.parametrize(
    ("head", "error"),
    [
        ("404 Not Found", RecordingMissingError),
        ("410 Gone", RecordingMissingError),
        ("403 Forbidden", RecordingForbiddenError),
        ("401 Unauthorized", PeerRefusedError),
        ("405 Method Not Allowed", PeerRefusedError),
        ("500 Internal Server Error", PeerUnavailableError),
        ("302 Found\r\nLocation: http://127.0.0.1:1/", PeerUnavailableError),
        ("200 OK\r\nConnection: close", PeerProtocolError),
        ("nonsense", PeerUnavailableError),
    ],
)
async def test_what_a_server_answers_is_told_in_our_words(head: str, error: type[PeerError]) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = "" if head.startswith("200") else "\r\nContent-Length: 0"
        writer.write(f"HTTP/1.1 {head}{length}\r\n\r\n".encode())
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    with pytest.raises(error, match=f"127.0.0.1:{port}/monitor"):
        await size(HttpSettings(url=f"http://127.0.0.1:{port}/monitor/"))
    listening.close()
    await listening.wait_closed()


@in_virtual_time
async def test_who_does_not_answer_is_not_waited_for_longer_than_said() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    with pytest.raises(PeerUnavailableError, match="no answer within 10 s"):
        await size(HttpSettings(url=url))
    listening.close()
    await listening.wait_closed()
    await asyncio.sleep(0.1)


async def test_nobody_listens() -> None:
    with pytest.raises(PeerUnavailableError, match=r"127\.0\.0\.1:1"):
        await size(HttpSettings(url="http://127.0.0.1:1"))
