"""Reads from ``call.merged`` which call is a part of another now. Pure."""

from typing import Final

import msgspec

from gateway.model.ids import CallId
from gateway.ports.store import Told

MERGED: Final = "call.merged"


class _Data(msgspec.Struct, rename={"was": "from"}):
    was: CallId


class _Merged(msgspec.Struct):
    data: _Data


_merged: Final = msgspec.json.Decoder(_Merged)


def calls_of(told: Told) -> tuple[CallId, ...]:
    """Return the calls that an event is about: its own, and the one that became a part of it by it."""
    own = () if told.call_id is None else (told.call_id,)
    return (*own, _merged.decode(told.json).data.was) if told.type == MERGED else own
