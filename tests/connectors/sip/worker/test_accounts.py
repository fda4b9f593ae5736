"""Registrations, at a registrar that checks digests by itself, and trunks that are asked whether they are there."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Callable
from typing import Final

import pytest
from rig import sip
from rig.phone import Phone
from support.sip_workers import HOST, SipWorker, trunk

from connectors.sip import wire
from connectors.sip.wire import AccountState
from connectors.sip.worker.accounts import host_of

pytestmark = pytest.mark.live
HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


class Registrar(asyncio.DatagramProtocol):
    """Asks for a digest of one kind and takes one password."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm
        self.left = asyncio.Event()
        self.transport: asyncio.DatagramTransport

    async def open(self) -> int:
        loop = asyncio.get_running_loop()
        self.transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(HOST, 0))
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = sip.parse(data)
        if request is None:
            return
        extra = sip.Headers()
        given = request.first("authorization")
        if not given:
            code = 401
            extra.add("WWW-Authenticate", f'Digest realm="pbx", nonce="n1", algorithm={self.algorithm}, qop="auth"')
        elif not self.is_right(given):
            code = 403
        else:
            code = 200
            if request.first("expires") == "0" or ";expires=0" in request.first("contact"):
                self.left.set()
            else:
                extra.add("Expires", "300")
        self.transport.sendto(sip.respond(request, code, "r", request.first("contact"), extra), addr)

    def is_right(self, given: str) -> bool:
        said = dict(re.findall(r'(\w+)="?([^",]+)', given))
        digest = HASHES[self.algorithm]
        secret = digest(b"tieline:pbx:right")
        asked = digest(f"REGISTER:{said['uri']}".encode())
        right = digest(f"{secret}:n1:{said['nc']}:{said['cnonce']}:auth:{asked}".encode())
        return bool(said["response"] == right)


@pytest.fixture(params=list(HASHES))
async def registrar(request: pytest.FixtureRequest) -> AsyncIterator[Registrar]:
    registrar = Registrar(request.param)
    yield registrar
    registrar.transport.close()


def registered(port: int, password: str) -> wire.SipAccount:
    return trunk(port, registrar=f"sip:{HOST}:{port}", user="tieline", password=password)


async def test_account_registers_with_digest_and_leaves_when_it_drains(worker: SipWorker, registrar: Registrar) -> None:
    await worker.configure(registered(await registrar.open(), "right"))
    usable = await worker.until(wire.AccountChanged, state=AccountState.USABLE)
    assert (usable.account, usable.code) == ("trunk", 200)
    await worker.ask(wire.Drain())
    async with asyncio.timeout(10):
        await registrar.left.wait()


async def test_password_that_is_wrong_is_told(worker: SipWorker, registrar: Registrar) -> None:
    await worker.configure(registered(await registrar.open(), "wrong"))
    refused = await worker.until(wire.AccountChanged, state=AccountState.REFUSED)
    assert refused.code in (401, 403)


async def test_trunk_is_usable_when_it_answers_options(worker: SipWorker) -> None:
    phone = await Phone("1001", worker.address, HOST).open()
    await worker.configure(trunk(phone.port, keepalive_s=5))
    assert (await worker.until(wire.AccountChanged, state=AccountState.TRYING)).code == 0
    assert (await worker.until(wire.AccountChanged, state=AccountState.USABLE)).code == 200
    await phone.close()


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("sip:PBX.example:5060;transport=tcp", "pbx.example"),
        ("sip:[2001:db8::1]:5060", "2001:db8::1"),
        ("sips:a@b", "b"),
        ("", ""),
    ],
)
def test_host_of_a_uri(uri: str, host: str) -> None:
    assert host_of(uri) == host
