"""A recorded FreeSWITCH, heard again: a capture folder's bytes through the same decoder and mapping as live traffic."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connectors._kit.capture import Closed, Opened, Received, Sent, read_capture, read_site
from connectors.freeswitch_esl.mapping import WANTED, EslMapper
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from gateway.model.events import PbxEvent
from gateway.model.site import Site

WIRE: Final = "wire.esl"
GREETING: Final = re.compile(rb"Content-Type: auth/request\n\n(?=Content-)")


def events_of(folder: Path, site: Site) -> Iterator[PbxEvent]:
    """Yield what the recorded PBX said. Where the recording has no times and the PBX sent none, every ``at`` is 0.

    Raises:
        CaptureError: The folder is not a capture, or its files do not fit each other.
        PeerProtocolError: The bytes are not ESL.
    """
    mapper = EslMapper(site)
    decoder = EslDecoder(WANTED, site.encoding_fallback)
    for item in read_capture(folder, WIRE, GREETING):
        at = item.at or 0.0
        match item:
            case Opened():
                decoder = EslDecoder(WANTED, site.encoding_fallback)
                yield from mapper.connection_made(at)
            case Received(data=data):
                for message in decoder.receive_data(data):
                    yield from mapper.receive(message, at)
            case Sent(data=data):
                # Recorders write a command without the empty line that ends it.
                for command in EslCommandDecoder().receive_data(data + b"\n\n"):
                    yield from mapper.sent(command, at)
            case Closed():
                yield from mapper.connection_lost(at)


def site_of(folder: Path) -> Site:
    """Return what the folder says of its site's numbers."""
    return read_site(folder)
