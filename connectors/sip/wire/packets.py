"""Messages to and from a SIP worker as packets: MessagePack, a message a packet."""

from enum import StrEnum
from typing import Final, TypeVar

import msgspec

from connectors.sip.wire.orders import Order
from connectors.sip.wire.reports import Report
from connectors.sip.wire.values import PROTOCOL
from gateway.model.errors import PeerProtocolError

MAX_MESSAGE_BYTES: Final = 64 * 1024
"""Of one control message: the longest is a configuration with a hundred accounts."""


class Attachment(StrEnum):
    CONTROL = "control"
    MEDIA = "media"


class Attach(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """The first packet of a connection, from the gateway."""

    protocol: int
    kind: Attachment


_T = TypeVar("_T")
_encoder: Final = msgspec.msgpack.Encoder()
_attach: Final = msgspec.msgpack.Decoder(Attach)
_orders: Final[msgspec.msgpack.Decoder[Order]] = msgspec.msgpack.Decoder(Order)
_reports: Final[msgspec.msgpack.Decoder[Report]] = msgspec.msgpack.Decoder(Report)


def encode(message: Attach | Order | Report) -> bytes:
    """Return a message as one packet.

    Raises:
        PeerProtocolError: It exceeds ``MAX_MESSAGE_BYTES``.
    """
    packet = _encoder.encode(message)
    if len(packet) > MAX_MESSAGE_BYTES:
        raise PeerProtocolError(f"a {type(message).__name__} of {len(packet)} bytes is too long for a SIP worker's socket")
    return packet


def numbered(order: Order, request: int) -> Order:
    """Return the order with its number."""
    return msgspec.structs.replace(order, request=request)


def decode_attach(packet: bytes) -> Attach:
    """Read the first packet of a connection.

    Raises:
        PeerProtocolError: It is none.
    """
    return _decoded(_attach, packet)


def decode_order(packet: bytes) -> Order:
    """Read what the gateway sent.

    Raises:
        PeerProtocolError: It is no order of this protocol.
    """
    return _decoded(_orders, packet)


def decode_report(packet: bytes) -> Report:
    """Read what a worker sent.

    Raises:
        PeerProtocolError: It is no report of this protocol.
    """
    return _decoded(_reports, packet)


def _decoded(decoder: msgspec.msgpack.Decoder[_T], packet: bytes) -> _T:
    try:
        return decoder.decode(packet)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PeerProtocolError(f"a packet of {len(packet)} bytes that is no message of protocol {PROTOCOL}: {error}") from error
