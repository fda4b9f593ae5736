import asyncio
from collections.abc import Awaitable, Callable

import pytest
from support.certificates import Certificates
from support.lamps import LampPbx, notify
from support.virtual_time import clock, in_virtual_time

from connectors._kit.tls import TlsSettings
from connectors.sip_mirror.link import open_link
from connectors.sip_mirror.protocol.message import SipMessage
from connectors.sip_mirror.settings import MirrorSettings, Transport
from gateway.model.errors import PeerProtocolError, PeerUnavailableError, TielineError

NOTIFY = notify("x", 1).raw


def settings(port: int, transport: Transport = Transport.UDP, tls: TlsSettings | None = None) -> MirrorSettings:
    return MirrorSettings(host="127.0.0.1", port=port, extensions=("1001",), transport=transport, tls=tls)


def message_of(item: tuple[float, SipMessage] | TielineError) -> SipMessage:
    assert isinstance(item, tuple)
    return item[1]


@in_virtual_time
async def test_by_udp_what_cannot_be_read_costs_itself_alone() -> None:
    async with LampPbx() as pbx:
        link = await open_link(settings(pbx.port), clock)
        for data in (b"garbage", b"\r\n\r\n", b"\0\0\0\0", NOTIFY):
            pbx.send(data, link.local)
        assert message_of(await link.receive()).raw == NOTIFY
        await link.close()


@in_virtual_time
async def test_by_udp_a_stranger_is_not_heard() -> None:
    async with LampPbx() as pbx, LampPbx() as stranger:
        link = await open_link(settings(pbx.port), clock)
        stranger.send(NOTIFY.replace(b"Call-ID: x", b"Call-ID: evil"), link.local)
        pbx.send(NOTIFY, link.local)
        assert message_of(await link.receive()).call_id == "x"
        await link.close()


@in_virtual_time
async def test_by_udp_nobody_listening_is_told_when_something_is_sent() -> None:
    async with LampPbx() as pbx:
        port = pbx.port
    link = await open_link(settings(port), clock)
    link.send(NOTIFY)
    failure = await link.receive()
    assert isinstance(failure, PeerUnavailableError)
    assert str(failure) == f"nobody listens at 127.0.0.1:{port}: does the PBX listen there by UDP?"
    await link.close()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def served(
    says: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], certificates: Certificates | None = None
) -> asyncio.Server:
    context = None if certificates is None else certificates.server_context()
    return await asyncio.start_server(says, "127.0.0.1", 0, ssl=context)


@pytest.mark.parametrize("transport", [Transport.TCP, Transport.TLS])
async def test_by_tcp_and_tls_messages_are_cut_out_of_the_stream(transport: Transport, certificates: Certificates) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(await reader.readexactly(len(NOTIFY)) * 2)
        writer.close()

    encrypted = transport is Transport.TLS
    server = await served(echo, certificates if encrypted else None)
    port = server.sockets[0].getsockname()[1]
    tls = TlsSettings(ca_file=str(certificates.ca)) if encrypted else None
    link = await open_link(settings(port, transport, tls), lambda: 7.0)
    link.send(NOTIFY)
    received = [await link.receive() for _ in range(2)]
    assert [(item[0], item[1].raw) for item in received if isinstance(item, tuple)] == [(7.0, NOTIFY)] * 2
    assert str(await link.receive()) == "the PBX closed the connection"
    await link.close()
    server.close()
    await server.wait_closed()


async def test_by_tcp_what_is_no_sip_ends_the_connection() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example ready\r\n\r\n")
        writer.close()

    server = await served(talk)
    link = await open_link(settings(server.sockets[0].getsockname()[1], Transport.TCP), lambda: 7.0)
    assert isinstance(await link.receive(), PeerProtocolError)
    await link.close()
    server.close()
    await server.wait_closed()
