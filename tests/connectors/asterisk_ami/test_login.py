import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from support.ami_bench import Bench
from support.certificates import Certificates
from support.fake_asterisk import refuse
from support.virtual_time import in_virtual_time

from connectors._kit.tls import TlsSettings
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return Certificates(tmp_path_factory.mktemp("certificates"))


async def refusal(bench: Bench, status: LinkStatus, **changed: Any) -> str:
    """Run a connector until it has this status; return what it says to the operator."""
    async with bench.connector_runs(**changed):
        await bench.sink.until(lambda: bench.sink.status not in (None, LinkStatus.CONNECTING))
        assert bench.sink.status is status
        return bench.sink.states[-1].detail


@asynccontextmanager
async def listener(says: bytes) -> AsyncIterator[int]:
    """Be something else than an Asterisk."""
    writers: list[asyncio.StreamWriter] = []

    def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        writer.write(says)

    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in writers:
            writer.transport.abort()


@pytest.mark.parametrize(
    "greeting", [b"SSH-2.0-OpenSSH_9.2p1\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"Content-Type: auth/request\n\n"]
)
@in_virtual_time
async def test_what_is_no_asterisk_is_named_by_its_greeting(bench: Bench, greeting: bytes) -> None:
    async with listener(greeting) as port:
        detail = await refusal(bench, LinkStatus.RETRYING, port=port)
    assert "not an Asterisk Manager Interface" in detail
    assert greeting[:12].decode() in detail


@in_virtual_time
async def test_who_says_nothing_is_given_up_after_a_while(bench: Bench) -> None:
    async with listener(b"") as port:
        detail = await refusal(bench, LinkStatus.RETRYING, port=port, connect_timeout_s=7)
    assert "says nothing for 7 s" in detail
    assert "one without TLS?" in detail


@in_virtual_time
async def test_unknown_name_is_said(bench: Bench) -> None:
    assert "'pbx.invalid' is not known here" in await refusal(bench, LinkStatus.RETRYING, host="pbx.invalid", port=5038)


@in_virtual_time
async def test_pbx_that_refuses_md5_says_so(bench: Bench) -> None:
    bench.asterisk.replies["challenge"] = refuse("Must specify AuthType")
    async with bench.asterisk_runs():
        assert "Must specify AuthType" in await refusal(bench, LinkStatus.REFUSED)


@in_virtual_time
async def test_secret_that_cannot_be_sent_is_a_matter_of_configuration(bench: Bench) -> None:
    async with bench.asterisk_runs():
        detail = await refusal(bench, LinkStatus.REFUSED, secret=Secret("one\ntwo"), login="plain")
    assert "`secret`" in detail
    assert "one" not in detail
    assert bench.asterisk.asked_for("Login") == []


@in_virtual_time
async def test_login_without_an_answer_is_given_up(bench: Bench) -> None:
    bench.asterisk.replies["login"] = lambda _action: None
    async with bench.asterisk_runs():
        assert "does not answer the login" in await refusal(bench, LinkStatus.RETRYING, login_timeout_s=5)


@in_virtual_time
async def test_connection_that_closes_before_the_greeting_is_said(bench: Bench) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    detail = await refusal(bench, LinkStatus.RETRYING, port=server.sockets[0].getsockname()[1])
    server.close()
    assert "before it said a word" in detail


@in_virtual_time
async def test_tls_with_our_own_authority_and_our_certificate(bench: Bench, certificates: Certificates) -> None:
    tls = TlsSettings(ca_file=str(certificates.ca), certificate_file=str(certificates.client))
    async with bench.connected(server_tls=certificates.server_context(asks_for_client=True), tls=tls) as connector:
        assert (await connector.action("Ping"))[0].name == "Success"


@in_virtual_time
async def test_tls_knows_the_pbx_by_another_name(bench: Bench, certificates: Certificates) -> None:
    tls = TlsSettings(ca_file=str(certificates.ca), server_name="pbx.example")
    async with bench.connected(server_tls=certificates.server_context(), tls=tls):
        assert bench.sink.status is LinkStatus.CONNECTED


@pytest.mark.parametrize(
    "tls_of",
    [
        lambda _: TlsSettings(),
        lambda certificates: TlsSettings(ca_file=str(certificates.stranger)),
        lambda certificates: TlsSettings(ca_file=str(certificates.ca), server_name="other.example"),
    ],
    ids=["system's", "another authority", "another name"],
)
@in_virtual_time
async def test_certificate_that_is_not_trusted_is_refused_with_its_cure(
    bench: Bench, certificates: Certificates, tls_of: Callable[[Certificates], TlsSettings]
) -> None:
    async with bench.asterisk_runs(certificates.server_context()):
        detail = await refusal(bench, LinkStatus.REFUSED, tls=tls_of(certificates))
    assert "not trusted" in detail
    assert "`tls.ca_file`" in detail
    assert bench.asterisk.asked == []


@in_virtual_time
async def test_certificate_may_go_unverified_when_told_so(bench: Bench, certificates: Certificates) -> None:
    async with bench.connected(server_tls=certificates.server_context(), tls=TlsSettings(verify=False)):
        assert bench.sink.status is LinkStatus.CONNECTED


@in_virtual_time
async def test_missing_client_certificate_is_no_silent_failure(bench: Bench, certificates: Certificates) -> None:
    async with bench.asterisk_runs(certificates.server_context(asks_for_client=True)):
        detail = await refusal(bench, LinkStatus.RETRYING, tls=TlsSettings(ca_file=str(certificates.ca)))
    assert "certificate" in detail


@pytest.mark.parametrize("file", ["missing.pem", "no_certificate.pem"])
@in_virtual_time
async def test_certificate_file_that_cannot_be_used_is_named(bench: Bench, tmp_path: Path, file: str) -> None:
    (tmp_path / "no_certificate.pem").write_text("nothing of that kind")
    async with bench.asterisk_runs():
        detail = await refusal(bench, LinkStatus.REFUSED, tls=TlsSettings(ca_file=str(tmp_path / file)))
    assert file in detail


@in_virtual_time
async def test_tls_on_a_plain_port_is_said(bench: Bench, certificates: Certificates) -> None:
    async with bench.asterisk_runs():
        detail = await refusal(bench, LinkStatus.RETRYING, tls=TlsSettings(ca_file=str(certificates.ca)))
    assert "speaks no TLS" in detail


@in_virtual_time
async def test_plain_on_a_tls_port_is_said(bench: Bench, certificates: Certificates) -> None:
    async with bench.asterisk_runs(certificates.server_context()):
        detail = await refusal(bench, LinkStatus.RETRYING)
    assert "TLS" in detail
