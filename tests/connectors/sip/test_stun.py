from ipaddress import IPv4Address
from pathlib import Path
from random import Random

import pytest
from rig.asterisk import free_udp_port
from rig.leg import Ring
from rig.phone import Phone
from support.sip_workers import sip_worker
from support.stun_server import stun_server

from connectors.sip.configuring import configure
from connectors.sip.settings import AccountSettings, ListenSettings, SipSettings
from connectors.sip.stun import mapped_address, public_address, request
from connectors.sip.wire import Place
from gateway.model.errors import PeerUnavailableError

HOST = "127.0.0.1"
OUTSIDE = "203.0.113.5"
TRANSACTION = b"twelve bytes"
# Software's name, of five bytes, before the address.
ANSWER = (
    bytes.fromhex("0101001c 2112a442")
    + TRANSACTION
    + bytes.fromhex("80220005")
    + b"proxy\0\0\0"
    + bytes.fromhex("00200008 0001 2eb6 ea12d547 00000000")
)


def test_an_answer_to_our_request_alone_tells_the_address() -> None:
    assert request(TRANSACTION) == bytes.fromhex("00010000 2112a442") + TRANSACTION
    assert mapped_address(ANSWER, TRANSACTION) == OUTSIDE
    assert mapped_address(ANSWER, b"other bytes.") is None
    assert mapped_address(bytes.fromhex("0111") + ANSWER[2:], TRANSACTION) is None


def test_what_is_no_answer_is_none() -> None:
    random = Random(8489)
    for end in range(len(ANSWER) - 4):
        assert mapped_address(ANSWER[:end], TRANSACTION) is None
    for _ in range(2000):
        damaged = bytearray(ANSWER)
        damaged[random.randrange(20, len(damaged))] = random.randrange(256)
        found = mapped_address(bytes(damaged), TRANSACTION)
        assert found is None or str(IPv4Address(found)) == found


async def test_the_first_that_answers_is_believed() -> None:
    nobody = f"{HOST}:{free_udp_port(HOST)}"
    async with stun_server(OUTSIDE) as server:
        assert await public_address((nobody, f"{HOST}:{server.port}")) == OUTSIDE
        assert server.asked == 1
    with pytest.raises(PeerUnavailableError, match=f"no answer from {nobody}"):
        await public_address((nobody,))


async def test_a_peer_is_told_the_address_outside(tmp_path: Path) -> None:
    async with stun_server(OUTSIDE) as server, sip_worker(tmp_path) as worker:
        phone = await Phone("1001", worker.address, HOST).open()
        phone.behaviour = Ring()
        settings = SipSettings(
            accounts=(AccountSettings(host=HOST, port=phone.port, options_s=0),),
            listen=ListenSettings(address=HOST, port=worker.port, stun=(f"{HOST}:{server.port}",)),
        )
        await worker.ask(await configure(settings, 1))
        await worker.ask(Place(account="trunk", to="1001", reference="r"))
        leg = await phone.next_leg()
        assert leg.invite is not None
        assert f"@{OUTSIDE}:{worker.port}" in leg.invite.first("contact")
        assert f"c=IN IP4 {OUTSIDE}" in leg.invite.body
        # It was asked once, and not for the call.
        assert server.asked == 1
        await phone.close()
