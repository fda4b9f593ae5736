"""Calls with baresip, which says back what it hears: by each codec, transport and address family, checked by correlation."""

import asyncio
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest
from rig.leg import Answer, Reject
from rig.phone import Phone
from support.baresip import Baresip, baresip, in_uri
from support.certificates import Certificates
from support.correlation import babble, likeness, pcm, samples_of
from support.sip_workers import HOST, SipWorker, trunk

from connectors.sip import wire
from connectors.sip.wire import CallState, DigitsBy, Protocol

pytestmark = pytest.mark.live
SAID = babble(1.2, 7)
MOST = 0.5
"""Of what was said; what is missing was late on a machine that had something else to do. Of another sound it is 0."""
LATER = 25
"""Frames for which the echo is listened to after the last word."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate of our own, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    asked = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*asked, "-out", folder / "c.pem", "-keyout", folder / "k.pem"], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "c.pem").read_text() + (folder / "k.pem").read_text())
    return str(both)


async def echo(worker: SipWorker, call: wire.CallNumber) -> float:
    """Say something in a call, and tell how much of it comes back."""
    await worker.ask(wire.OpenMedia(call=call))
    said, heard = pcm(SAID), b""
    for number in range(len(said) // wire.FRAME_BYTES + LATER):
        heard += (await worker.frame()).sound
        sound = said[number * wire.FRAME_BYTES :][: wire.FRAME_BYTES]
        if sound:
            worker.media.send(wire.encode_frame(wire.Frame(wire.FrameKind.AUDIO, call, number, sound)))
    await worker.ask(wire.CloseMedia(call=call))
    return likeness(SAID, samples_of(heard))


def own_address() -> str:
    """Return an address of this machine that is not of the loopback: PJSIP offers no other to ICE. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))
        return str(asked.getsockname()[0])


async def configure(worker: SipWorker, peer: Baresip, protocol: Protocol, certificate: str, srtp: wire.Srtp, **more: Any) -> None:
    """Have a trunk to it, by one transport and no other."""
    host, port = in_uri(peer.host), peer.port + (protocol is Protocol.TLS)
    way = "" if protocol is Protocol.UDP else f";transport={protocol}"
    account = wire.SipAccount(
        name="trunk",
        identity=f"sip:tieline@{host}",
        registrar=None,
        target=f"sip:{host}:{port}{way}",
        keepalive_s=0,
        srtp=srtp,
    )
    files = {"certificate": certificate, "key": certificate, "authorities": certificate} if protocol is Protocol.TLS else {}
    transport = wire.Transport(protocol=protocol, address=peer.host, port=worker.port, verify_peer=False, **files)
    guard = wire.Guard(allow=(peer.host,), requests_per_s=100, burst=100, max_failures=3, lockout_s=60)
    await worker.configure(account, transports=(transport,), guard=guard, **more)


WAYS = {
    "ulaw-udp": ("PCMU/8000", Protocol.UDP, HOST, False),
    "alaw-tcp-srtp": ("PCMA/8000", Protocol.TCP, HOST, True),
    "g722-udp6": ("G722/16000", Protocol.UDP, "::1", False),
    "opus-tls-srtp": ("opus/48000", Protocol.TLS, HOST, True),
    "alaw-tls6": ("PCMA/8000", Protocol.TLS, "::1", False),
}


@pytest.mark.parametrize("way", WAYS)
async def test_what_is_said_comes_back(worker: SipWorker, tmp_path: Path, certificate: str, way: str) -> None:
    codec, protocol, host, encrypted = WAYS[way]
    account = {"audio_codecs": f"{codec}/{2 if codec.startswith('opus') else 1}"} | (
        {"mediaenc": "srtp-mand"} if encrypted else {}
    )
    async with baresip(tmp_path, host=host, certificate=certificate, **account) as peer:
        srtp = wire.Srtp.REQUIRED if encrypted else wire.Srtp.OFF
        await configure(worker, peer, protocol, certificate, srtp, codecs=(codec,))
        call = await worker.place("1001")
        media = await worker.until(wire.MediaChanged, call=call, active=True)
        assert (media.codec, media.encrypted) == (codec, encrypted)
        assert await echo(worker, call) >= MOST
        await peer.command("hangup")
        ended = await worker.changed(call, CallState.ENDED)
        assert (ended.code, ended.by_peer) == (200, True)
        # And the other way round.
        way_in = "" if protocol is Protocol.UDP else f";transport={protocol}"
        await peer.command("dial", f"sip:8000@{in_uri(host)}:{worker.port}{way_in}")
        info = await worker.answered()
        await peer.event("CALL_ESTABLISHED")
        assert (info.local, info.remote) == ("8000", "1001")
        assert await echo(worker, info.call) >= MOST
        await worker.ask(wire.HangUp(call=info.call))
        await peer.event("CALL_CLOSED")


async def test_ice_finds_a_way(worker: SipWorker, tmp_path: Path) -> None:
    async with baresip(tmp_path, host=own_address(), medianat="ice") as peer:
        await configure(worker, peer, Protocol.UDP, "", wire.Srtp.OFF, ice=True)
        call = await worker.place("1001")
        await worker.until(wire.MediaChanged, call=call, active=True)
        assert await echo(worker, call) >= MOST
        await worker.ask(wire.HangUp(call=call))
    assert peer.log.count("a=candidate") >= 2


async def test_keys_and_holding_go_both_ways(worker: SipWorker, tmp_path: Path) -> None:
    async with baresip(tmp_path) as peer:
        await configure(worker, peer, Protocol.UDP, "", wire.Srtp.OFF)
        call = await worker.place("1001")
        await worker.until(wire.MediaChanged, call=call, active=True)
        for by in DigitsBy:
            await worker.ask(wire.SendDigits(call=call, digits="7", by=by))
            assert (await peer.event("CALL_DTMF_START"))["param"] == "7"
        await peer.command("sndcode", "5")
        heard = await worker.until(wire.DigitHeard, call=call)
        assert (heard.digit, heard.by) == ("5", DigitsBy.RTP)
        await peer.command("hold")
        assert (await worker.until(wire.HoldChanged, call=call)).held
        await peer.command("resume")
        assert not (await worker.until(wire.HoldChanged, call=call)).held
        await worker.ask(wire.Hold(call=call))
        await peer.log_says("a=recvonly")
        await worker.ask(wire.Retrieve(call=call))
        # That sound comes back is shown with the other peers: this one is silent after any hold.
        await worker.until(wire.HoldChanged, call=call, held=False)


@pytest.mark.parametrize(("behaviour", "code"), [(Answer(0.1), 200), (Reject(486), 486)])
async def test_baresip_calls_whom_it_is_referred_to_and_says_what_came_of_it(
    worker: SipWorker, tmp_path: Path, behaviour: Answer | Reject, code: int
) -> None:
    async with baresip(tmp_path) as peer:
        phone = await Phone("1002", (HOST, peer.port), HOST).open()
        phone.behaviour = behaviour
        await configure(worker, peer, Protocol.UDP, "", wire.Srtp.OFF)
        call = await worker.place("1001")
        await worker.ask(wire.Refer(call=call, to=f"sip:1002@{HOST}:{phone.port}"))
        progress = await worker.until(wire.TransferProgress, call=call, final=True)
        assert progress.code == code
        leg = await phone.next_leg()
        assert leg.peer_number == "1001"
        if code == 200:
            assert (await worker.changed(call, CallState.ENDED)).code == 200
            await leg.hang_up()
        else:
            await worker.ask(wire.HangUp(call=call))
        await phone.close()


@pytest.mark.parametrize("trusted", [True, False])
async def test_certificate_of_a_peer_is_looked_at(worker: SipWorker, tmp_path: Path, trusted: bool) -> None:
    folder = tmp_path / "certificates"
    folder.mkdir()
    made = await asyncio.to_thread(Certificates, folder)
    async with baresip(tmp_path, certificate=str(made.server)) as peer:
        authority = str(made.ca if trusted else made.stranger)
        transport = wire.Transport(protocol=Protocol.TLS, address=HOST, port=worker.port, authorities=authority)
        account = trunk(peer.port, target=f"sip:{HOST}:{peer.port + 1};transport=tls")
        await worker.configure(account, transports=(transport,))
        call = (await worker.ask(wire.Place(account="trunk", to="1001", reference="r"))).call
        assert call is not None
        if trusted:
            await worker.changed(call, CallState.CONNECTED)
        else:
            assert (await worker.changed(call, CallState.ENDED)).code == 503
            assert "INVITE" not in peer.log
