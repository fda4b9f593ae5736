"""Names of things that cross module borders, and how a call gets its own.

A PBX's ids are its own strings, kept as they came. A call's id is ours, and the same in live traffic and in every replay:
it is made from the first event's time and the first leg, never from chance.
"""

from hashlib import blake2b
from typing import Final, NewType

PbxName = NewType("PbxName", str)
"""A PBX's name in the configuration."""
Tenant = NewType("Tenant", str)
LegId = NewType("LegId", str)
"""The PBX's id of a leg: Asterisk's Uniqueid, FreeSWITCH's Unique-ID, SIP's Call-ID."""
BridgeId = NewType("BridgeId", str)
CallId = NewType("CallId", str)
"""A ULID: 26 characters of Crockford's base 32, the first 10 of them the time in milliseconds."""
QueueName = NewType("QueueName", str)

DEFAULT_TENANT: Final = Tenant("default")

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = tuple(first + second for first in _CROCKFORD for second in _CROCKFORD)
_ULID_PAIRS: Final = 13
TAIL_BYTES: Final = 10
"""Bytes of a ULID beside its time."""
_LAST_MILLISECOND: Final = (1 << 48) - 1


def call_id(pbx: PbxName, first_leg: LegId, began_at: float) -> CallId:
    """Return the id of the call that ``first_leg`` began at ``began_at`` (seconds since the epoch)."""
    tail = blake2b(f"{pbx}\0{first_leg}".encode("utf-8", "surrogatepass"), digest_size=TAIL_BYTES).digest()
    return CallId(ulid(began_at, tail))


def ulid(at: float, tail: bytes) -> str:
    """Return a ULID of this time (seconds since the epoch) and these :data:`TAIL_BYTES` bytes, mostly random ones."""
    milliseconds = min(max(int(at * 1000), 0), _LAST_MILLISECOND)
    number = milliseconds << (8 * TAIL_BYTES) | int.from_bytes(tail, "big")
    pairs = []
    for _ in range(_ULID_PAIRS):
        pairs.append(_PAIRS[number & 1023])
        number >>= 10
    return "".join(reversed(pairs))
