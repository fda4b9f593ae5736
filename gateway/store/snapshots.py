"""A call as bytes: what the store keeps so that a later process can go on with it.

MessagePack with field names, so that a version that adds a field with a default reads what earlier ones wrote, and the other
way round. A change that this does not cover gets a new number and a reader for the old one.
"""

from typing import Final

import msgspec

from gateway.model.calls import Call
from gateway.model.errors import StoreSchemaError
from gateway.ports.connector import Gap

SNAPSHOT_VERSION: Final = 1

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(Call)
_gaps_decoder: Final = msgspec.msgpack.Decoder(tuple[Gap, ...])


def encode_call(call: Call) -> bytes:
    """Return the call as the current version writes it."""
    return _encoder.encode(call)


def decode_call(version: int, data: bytes) -> Call:
    """Read what :func:`encode_call` of this version wrote.

    Raises:
        StoreSchemaError: It is of a version that this program does not know, or is damaged.
    """
    if version != SNAPSHOT_VERSION:
        raise StoreSchemaError(f"a call was written in form {version}, this version reads form {SNAPSHOT_VERSION}")
    try:
        return _decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"a call in the store cannot be read: {error}") from error


def encode_gaps(gaps: tuple[Gap, ...]) -> bytes:
    """Return the gaps as they are stored."""
    return _encoder.encode(gaps)


def decode_gaps(data: bytes) -> tuple[Gap, ...]:
    """Read what :func:`encode_gaps` wrote.

    Raises:
        StoreSchemaError: It is damaged.
    """
    try:
        return _gaps_decoder.decode(data)
    except msgspec.MsgspecError as error:
        raise StoreSchemaError(f"the gaps of a PBX in the store cannot be read: {error}") from error
