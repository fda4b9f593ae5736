"""The text messages of Asterisk's WebSocket channel, without I/O. Binary messages are sound, and nothing else.

Asterisk writes them in one of two ways, as its ``chan_websocket.conf`` or the dial string says: as words (``DTMF_END
digit:1 channel_id:…``) or as JSON (``{"event": "DTMF_END", "digit": "1", …}``); it is answered in the same way.

Source: docs.asterisk.org, "WebSocket" (channel driver), Asterisk 20.16, 21.11, 22.6, 23.0 and newer.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from gateway.model.errors import PeerProtocolError

MAX_TEXT_BYTES: Final = 16 * 1024
"""Of one text message; ``MEDIA_START`` brings the leg's variables."""


class MediaStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The first message: sound may come from now on."""

    connection_id: str
    leg_name: str
    """Of the leg to us: ``WebSocket/tieline/0x7f…``."""
    format: str
    """``slin``, ``ulaw``, ...; empty where Asterisk does not say (before 22.7)."""
    frame_bytes: int
    """Bytes of 20 ms."""
    variables: Mapping[str, str] = {}


class DigitPressed(msgspec.Struct, frozen=True, kw_only=True):
    digit: str


class NoRoom(msgspec.Struct, frozen=True, kw_only=True):
    """Asterisk's queue is nearly full: what is sent is lost (``MEDIA_XOFF``)."""


class RoomAgain(msgspec.Struct, frozen=True, kw_only=True):
    """``MEDIA_XON``."""


class Complaint(msgspec.Struct, frozen=True, kw_only=True):
    """Asterisk did not take what we sent (``ERROR``)."""

    text: str


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Something that asks nothing of us."""

    name: str


MediaMessage = MediaStarted | DigitPressed | NoRoom | RoomAgain | Complaint | Other


def parse(text: str) -> MediaMessage:
    """Return what a text message says.

    Raises:
        PeerProtocolError: It is none of Asterisk's.
    """
    if len(text) > MAX_TEXT_BYTES:
        raise PeerProtocolError(f"a text message of {len(text)} characters")
    fields = _json(text) if is_json(text) else _words(text)
    match fields.get("event"):
        case "MEDIA_START":
            return _started(fields)
        case "DTMF_END":
            digit = str(fields.get("digit", "")).upper()
            if len(digit) != 1 or digit not in "0123456789*#ABCD":
                raise PeerProtocolError("DTMF_END with a key that is none of 0-9 * # A-D")
            return DigitPressed(digit=digit)
        case "MEDIA_XOFF":
            return NoRoom()
        case "MEDIA_XON":
            return RoomAgain()
        case "ERROR":
            return Complaint(text=str(fields.get("error_text", "")))
        case str(name) if name:
            return Other(name=name)
        case _:
            raise PeerProtocolError("a text message that names no event")


def is_json(text: str) -> bool:
    """Tell in which of the two ways a message is written."""
    return text.startswith("{")


def command(name: str, *, as_json: bool) -> str:
    """Return a command that takes nothing: ``HANGUP``, ``FLUSH_MEDIA``, ..."""
    return msgspec.json.encode({"command": name}).decode() if as_json else name


def _started(fields: Mapping[str, Any]) -> MediaStarted:
    try:
        frame_bytes = int(fields.get("optimal_frame_size", 0))
    except (TypeError, ValueError) as error:
        raise PeerProtocolError("MEDIA_START with an optimal_frame_size that is no number") from error
    raw = fields.get("channel_variables")
    variables = {str(name): str(value) for name, value in raw.items()} if isinstance(raw, dict) else {}
    return MediaStarted(
        connection_id=str(fields.get("connection_id", "")),
        leg_name=str(fields.get("channel", "")),
        format=str(fields.get("format", "")),
        frame_bytes=frame_bytes,
        variables=variables,
    )


def _json(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise PeerProtocolError(f"a text message that is no JSON: {error}") from error


def _words(text: str) -> dict[str, Any]:
    name, _, rest = text.strip().partition(" ")
    fields: dict[str, Any] = {"event": name}
    last = None
    for word in rest.split(" "):
        key, colon, value = word.partition(":")
        if colon and key.replace("_", "").isalpha() and key.islower():
            fields[key], last = value, key
        elif last is not None:
            # Only error_text holds spaces.
            fields[last] += f" {word}"
    return fields
