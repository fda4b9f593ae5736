"""Messages of a real Asterisk, mutated: they are read or refused, and nothing else."""

from pathlib import Path
from random import Random

import pytest
from support.replaying import PBX, lamp_captures, site_of

from connectors._kit.capture import Received, Sent, read_capture
from connectors.sip_mirror.mapping import MirrorMapper
from connectors.sip_mirror.protocol.message import SipDecoder, parse
from connectors.sip_mirror.protocol.requests import Identity
from connectors.sip_mirror.protocol.watch import Watch
from connectors.sip_mirror.replay import NO_GREETING, WIRE
from gateway.model.board import Board
from gateway.model.errors import PeerProtocolError, PeerRefusedError, PeerUnavailableError

ROUNDS = 40
"""Mutated replays of each capture; it takes some seconds."""
EXTENSIONS = ("1001", "1002", "1003")
ID = Identity(
    domain="127.0.0.1",
    user="1005",
    auth_user="1005",
    secret=None,
    via="SIP/2.0/UDP 127.0.0.1:40000",
    contact="<sip:1005@127.0.0.1:40000>",
    agent="Tieline",
    reliable=False,
)


def mutated(data: bytes, chance: Random) -> bytes:
    """Return the message with some bytes lost, doubled or other ones."""
    new = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, length = chance.randrange(len(new)), chance.randint(1, 12)
        match chance.randrange(4):
            case 0:
                del new[at : at + length]
            case 1:
                new[at:at] = new[at : at + length]
            case 2:
                new[at] = chance.randrange(256)
            case _:
                new[at:at] = chance.choice(
                    [b"\r\n", b"<", b">", b'"', b"99999999999", b"&a;", b"\xff\xfe", b";tag=", b"terminated"]
                )
        if not new:
            new += b"x"
    return bytes(new)


@pytest.mark.parametrize("folder", lamp_captures(), ids=lambda folder: folder.name)
def test_mutated_messages_are_read_or_refused(folder: Path) -> None:
    chance, items = Random(folder.name), list(read_capture(folder, WIRE, NO_GREETING))
    for _ in range(ROUNDS):
        mapper, board = MirrorMapper(EXTENSIONS), Board(PBX, site_of(folder))
        watch = Watch(EXTENSIONS, ID, 600, 5.0, 15.0, lambda: f"id{chance.getrandbits(64)}")
        watch.begin(0.0)
        events = mapper.connection_made(0.0)
        for item in items:
            at = getattr(item, "at", None) or 0.0
            if isinstance(item, Sent):
                events += mapper.sent(parse(item.data), at)
            elif isinstance(item, Received):
                data = mutated(item.data, chance) if chance.random() < 0.5 else item.data
                try:
                    message = parse(data)
                    events += mapper.receive(message, at)
                    watch.received(message, 0.0)
                    SipDecoder().receive_data(data)
                except (PeerProtocolError, PeerRefusedError, PeerUnavailableError):
                    continue
        events += mapper.connection_lost(1e10)
        for event in events:
            board.apply(event)
