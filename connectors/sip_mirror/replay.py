"""A recorded PBX, heard again: a capture folder's messages through the same decoder and mapping as live traffic."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from connectors._kit.capture import Closed, Opened, Received, Sent, read_capture
from connectors.sip_mirror.mapping import MirrorMapper
from connectors.sip_mirror.mapping.parties import SETTLED_S
from connectors.sip_mirror.protocol.dialog_info import number_of
from connectors.sip_mirror.protocol.message import SipDecoder, parameter, parse
from connectors.sip_mirror.protocol.subscription import MAILBOX
from gateway.model.events import PbxEvent
from gateway.model.site import Site

WIRE: Final = "wire.sip"
NO_GREETING: Final = re.compile(rb"(?!)")
"""A PBX says nothing first: only ``parts.json`` tells where a connection begins."""


def events_of(folder: Path, site: Site) -> Iterator[PbxEvent]:
    """Yield what the recorded PBX said. Where the recording has no times, every ``at`` is 0.

    Raises:
        CaptureError: The folder is not a capture, or its files do not fit each other.
        PeerProtocolError: The bytes are not SIP.
    """
    for _, events in said_in(folder):
        yield from events


def said_in(folder: Path) -> Iterator[tuple[str, list[PbxEvent]]]:
    """Yield each message of a recording by its name, with the events that it brought."""
    mapper = MirrorMapper(_extensions_of(folder))
    decoder = SipDecoder()
    heard = 0.0
    for item in read_capture(folder, WIRE, NO_GREETING):
        at = heard = item.at or 0.0
        match item:
            case Opened():
                decoder = SipDecoder()
                yield "", mapper.connection_made(at)
            case Received(data=data):
                yield "(settled)", mapper.wake(at)
                for message in decoder.receive_data(data):
                    yield message.method if not message.code else message.text, mapper.receive(message, at)
            case Sent(data=data):
                yield "our SUBSCRIBE", mapper.sent(parse(data), at)
            case Closed():
                yield "(connection lost)", mapper.connection_lost(at)
    # What was open when the recording ended is settled as the next second would have done it.
    yield "(settled)", mapper.wake(heard + SETTLED_S)


def _extensions_of(folder: Path) -> set[str]:
    """Return whom the recording asks for: the first to be told of is not all of the snapshot."""
    sent = [parse(item.data) for item in read_capture(folder, WIRE, NO_GREETING) if isinstance(item, Sent)]
    return {
        number_of(message.uri)
        for message in sent
        if not parameter(message.get("to"), "tag") and message.get("event") != MAILBOX.event
    }
