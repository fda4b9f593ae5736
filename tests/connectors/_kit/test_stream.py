import asyncio
from typing import Any

import pytest

from connectors._kit.stream import Where, open_stream
from connectors._kit.tls import TlsSettings
from gateway.model.errors import PeerProtocolError, PeerUnavailableError


def where(port: int, **changed: Any) -> Where:
    given = {
        "host": "127.0.0.1",
        "tls": None,
        "timeout_s": 5.0,
        "if_nobody_listens": "is it running?",
        "if_no_tls": "take it out",
    }
    return Where(**{**given, "port": port, **changed})


def test_an_address_is_written_as_people_do() -> None:
    assert where(5038).address == "127.0.0.1:5038"
    assert where(5038, host="::1").address == "[::1]:5038"


async def test_an_open_stream_is_returned() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        reader, writer = await open_stream(where(server.sockets[0].getsockname()[1]))
        assert await reader.read() == b"hello"
        writer.close()
        await writer.wait_closed()


async def test_nobody_listening_is_told_with_what_to_look_at() -> None:
    with pytest.raises(PeerUnavailableError, match=r"127\.0\.0\.1:1: is it running\?"):
        await open_stream(where(1))


async def test_a_name_that_does_not_exist_is_told() -> None:
    with pytest.raises(PeerUnavailableError, match="not known here"):
        await open_stream(where(5038, host="no such name.invalid"))


async def test_a_peer_without_tls_is_told_with_the_cure() -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Content-Type: auth/request\n\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with server:
        with pytest.raises(PeerProtocolError, match="take it out"):
            await open_stream(where(server.sockets[0].getsockname()[1], tls=TlsSettings(verify=False)))
