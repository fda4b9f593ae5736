"""Calls by each transport and address family, with SIPp as the far end; encrypted sound between two workers."""

import asyncio
import subprocess
from pathlib import Path
from typing import Final

import pytest
from support.sip_workers import HOST, SipWorker, free_port, sip_worker, trunk

from connectors.sip import wire

pytestmark = pytest.mark.live
BOTH: Final = (wire.Protocol.UDP, wire.Protocol.TCP)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate of our own, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    pair = str(folder / "certificate.pem"), str(folder / "key.pem")
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*asked, "-out", pair[0], "-keyout", pair[1]], check=True, capture_output=True)
    return pair


async def call_by_sipp(folder: Path, worker: SipWorker, host: str, far: int, *transport: str) -> int:
    """Have SIPp call, be answered, and hang up; 0 when all went as it should."""
    target = f"[{host}]" if ":" in host else host
    process = await asyncio.create_subprocess_exec(
        "sipp", "-sn", "uac", f"{target}:{worker.port}", "-i", target, "-p", str(far), "-m", "1", "-d", "100", "-nostdin",
        "-timeout", "15", *transport, cwd=folder, stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        info = await worker.answered()
        ended = await worker.changed(info.call, wire.CallState.ENDED)
        assert (ended.code, ended.by_peer) == (200, True)
        return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("host", "way", "protocols"),
    [
        pytest.param(HOST, "u1", BOTH, id="udp"),
        pytest.param(HOST, "t1", BOTH, id="tcp"),
        pytest.param("::1", "u1", BOTH, id="udp6"),
        pytest.param("::1", "t1", BOTH, id="tcp6"),
        # SIPp's Contact says nothing of TCP, so that by the letter it is to be asked by UDP.
        pytest.param(HOST, "t1", (wire.Protocol.TCP,), id="tcp-alone"),
        pytest.param("::1", "t1", (wire.Protocol.TCP,), id="tcp6-alone"),
    ],
)
async def test_call_comes_in_by(
    worker: SipWorker, tmp_path: Path, host: str, way: str, protocols: tuple[wire.Protocol, ...]
) -> None:
    far = free_port()
    target = f"sip:[{host}]:{far}" if ":" in host else f"sip:{host}:{far}"
    account = wire.SipAccount(name="trunk", identity="sip:tieline@pbx", registrar=None, target=target, keepalive_s=0)
    transports = tuple(wire.Transport(protocol=one, address=host, port=worker.port) for one in protocols)
    guard = wire.Guard(allow=(host,), requests_per_s=100, burst=100, max_failures=3, lockout_s=60)
    await worker.configure(account, transports=transports, guard=guard)
    assert await call_by_sipp(tmp_path, worker, host, far, "-t", way) == 0


async def test_two_workers_talk_by_tls_with_encrypted_sound(
    worker: SipWorker, tmp_path: Path, certificate: tuple[str, str]
) -> None:
    def tls(port: int) -> tuple[wire.Transport, ...]:
        paths = {"certificate": certificate[0], "key": certificate[1], "authorities": certificate[0]}
        return (wire.Transport(protocol=wire.Protocol.TLS, address=HOST, port=port, verify_peer=False, **paths),)

    async with sip_worker(tmp_path) as other:
        for one, far in ((worker, other), (other, worker)):
            account = wire.SipAccount(
                name="trunk",
                identity=f"sip:tieline@{HOST}",
                registrar=None,
                target=f"sip:{HOST}:{far.port};transport=tls",
                keepalive_s=0,
                srtp=wire.Srtp.REQUIRED,
            )
            await one.configure(account, transports=tls(one.port))
        placing = asyncio.create_task(worker.place("8000"))
        info = await other.answered()
        call = await placing
        for one in (worker, other):
            media = await one.until(wire.MediaChanged, active=True)
            assert media.encrypted
        await worker.ask(wire.OpenMedia(call=call))
        assert (await worker.frame()).sequence == 0
        await other.ask(wire.HangUp(call=info.call))
        assert (await worker.changed(call, wire.CallState.ENDED)).by_peer


async def test_peer_without_encryption_is_refused_where_it_is_required(worker: SipWorker, tmp_path: Path) -> None:
    async with sip_worker(tmp_path) as plain:
        await plain.configure(trunk(worker.port))
        await worker.configure(trunk(plain.port, srtp=wire.Srtp.REQUIRED))
        call = (await plain.ask(wire.Place(account="trunk", to="8000", reference="r"))).call
        assert call is not None
        assert (await plain.changed(call, wire.CallState.ENDED)).code == 488
