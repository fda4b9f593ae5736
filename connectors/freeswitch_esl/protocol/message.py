r"""What FreeSWITCH says, one frame at a time. Headers are looked up when asked for: an event has 125, and five are read.

A plain event's header is one line, and its value is URL-encoded. So the line is found first and unquoted afterwards: a caller
whose SIP name is ``x%0AHangup-Cause: FORGED`` has an odd name and forges nothing.
"""

import re
from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote_to_bytes

import msgspec

UNDEFINED: Final = "_undef_"
"""What an empty value is written as."""
CUSTOM: Final = "CUSTOM"
_ARRAY: Final = "ARRAY::"
_ITEMS: Final = "|:"
_LAST: Final = frozenset(
    {
        "Application",
        "Application-Data",
        "variable_sip_hangup_disposition",
        "variable_sip_term_status",
        "variable_sip_gateway_name",
    }
)
"""Headers that stand, where there is one, behind most of a leg's hundred variables."""
_BODILESS: Final = "CHANNEL_"
_BODY_LENGTH: Final = b"\nContent-Length: "
_XML_HEADER: Final = re.compile(rb"<([^\s<>/]+)>([^<]*)</\1>")
_XML_PARTS: Final = ((b"&lt;", b"<"), (b"&gt;", b">"), (b"&quot;", b'"'), (b"&apos;", b"'"), (b"&amp;", b"&"))


class MessageKind(StrEnum):
    AUTH_REQUEST = "auth/request"
    """The greeting: it wants a password."""
    REPLY = "command/reply"
    """The answer to a command; its name is the reply's text."""
    API = "api/response"
    """What an ``api`` command printed."""
    EVENT = "event"
    """Its name is the event's, of a custom one ``CUSTOM`` and its subclass: ``CUSTOM callcenter::info``."""
    LOG = "log/data"
    DISCONNECT = "text/disconnect-notice"
    REJECTION = "text/rude-rejection"
    """An access list of the PBX keeps this host out."""


class Form(StrEnum):
    """How an event is written."""

    PLAIN = "text/event-plain"
    JSON = "text/event-json"
    XML = "text/event-xml"


class EslMessage:
    """One frame, as it came."""

    __slots__ = ("_decoded", "_end", "_fallback", "_found", "form", "head", "kind", "name", "raw")

    def __init__(self, kind: MessageKind, name: str, head: bytes, raw: bytes, form: Form | None, fallback: str | None) -> None:
        self.kind = kind
        self.name = name
        self.head = head
        """The frame's own headers, each line after a line end."""
        self.raw = raw
        """The frame's content; of a plain event with a line end before its first line, so that all are found alike."""
        self.form = form
        """How the event is written; None when this is none."""
        self._fallback = fallback
        self._end = -1
        self._found: dict[str, str] = {}
        self._decoded: dict[str, Any] | None = None

    def get(self, key: str) -> str:
        """Return the value of an event's header; empty when it has none or FreeSWITCH calls it undefined."""
        value = self._found.get(key)
        if value is None:
            value = self._found[key] = self._plain(key) if self.form is Form.PLAIN else _told(self._others().get(key, ""))
        return value

    def get_all(self, key: str) -> list[str]:
        """Return the items of a header that holds a list, in order; of any other its only value, or none."""
        value = self.get(key)
        if value.startswith(_ARRAY):
            return value.removeprefix(_ARRAY).split(_ITEMS)
        return [value] if value else []

    def headers(self) -> list[tuple[str, str]]:
        """Return all headers of an event, or of a frame that is none, in their order."""
        if self.form is None:
            return [(key, self._text(value)) for key, value in _lines(self.head)]
        if self.form is Form.PLAIN:
            return [(key, self._value(value)) for key, value in _lines(self.raw[: _end_of_headers(self.raw)])]
        return [(key, _told(value)) for key, value in self._others().items() if key != "_body"]

    def head_of(self, key: str) -> str:
        """Return the value of one of the frame's own headers, such as ``Job-UUID`` of a reply; empty when there is none."""
        return next((self._text(value) for name, value in _lines(self.head) if name == key), "")

    @property
    def body(self) -> str:
        """What the event carries, or what the frame holds: raw text, such as the result of a background job."""
        if self.form is None:
            return self._text(self.raw)
        if self.form is Form.PLAIN:
            return self._text(self.raw[_end_of_headers(self.raw) + 1 :])
        body = self._others().get("_body", "")
        return body if isinstance(body, str) else ""

    def _plain(self, key: str) -> str:
        raw, needle = self.raw, _needle(key)
        if self._end < 0:
            # FreeSWITCH gives these no body, and whoever has it tell one that has writes its headers as he likes, too.
            self._end = len(raw) if self.name.startswith(_BODILESS) else _end_of_headers(raw)
        start = raw.rfind(needle, 0, self._end) if key in _LAST else raw.find(needle, 0, self._end)
        if start < 0:
            return ""
        start += len(needle)
        return self._value(raw[start : raw.find(b"\n", start)])

    def _value(self, value: bytes) -> str:
        if b"%" in value:
            value = unquote_to_bytes(value)
        try:
            text = value.decode()
        except UnicodeDecodeError:
            text = self._text(value)
        return "" if text == UNDEFINED else text

    def _text(self, value: bytes) -> str:
        return decode(value, self._fallback)

    def _others(self) -> dict[str, Any]:
        """Read an event that is not plain; what cannot be read has no headers."""
        if self._decoded is None:
            self._decoded = {}
            if self.form is Form.JSON:
                self._decoded = _json(self.raw, self._fallback)
            elif self.form is Form.XML:
                self._decoded = dict(self._xml())
        return self._decoded

    def _xml(self) -> Iterator[tuple[str, str]]:
        for name, value in _XML_HEADER.findall(self.raw):
            for quoted, plain in _XML_PARTS:
                value = value.replace(quoted, plain)
            key = self._text(name)
            yield ("_body", self._text(value)) if key == "body" else (key, self._value(value))

    def __repr__(self) -> str:
        # Values are callers' data: what prints a message by chance must not print them.
        return f"<EslMessage {self.kind} {self.name!r}, {len(self.raw)} bytes>"


def decode(value: bytes, fallback: str | None) -> str:
    """Read text: as UTF-8, else in the fallback encoding, else with U+FFFD for what is neither."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        pass
    if fallback is not None:
        try:
            return value.decode(fallback)
        except UnicodeDecodeError:
            pass
    return value.decode("utf-8", "replace")


def _end_of_headers(raw: bytes) -> int:
    """Return where the line end after the last header is; what follows the next one is the event's own body."""
    # Few events have a body, and they say so: looking for an empty line stops at each of a hundred line ends.
    if raw.endswith(b"\n\n") and raw.find(_BODY_LENGTH) < 0:
        return len(raw) - 1
    end = raw.find(b"\n\n")
    return len(raw) if end < 0 else end + 1


@lru_cache(maxsize=4096)
def _needle(key: str) -> bytes:
    return f"\n{key}: ".encode()


def _lines(block: bytes) -> Iterator[tuple[str, bytes]]:
    for line in block.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon:
            yield decode(key, None), value.removeprefix(b" ")


def _json(raw: bytes, fallback: str | None) -> dict[str, Any]:
    for text in (raw, decode(raw, fallback).encode()):
        try:
            return msgspec.json.decode(text, type=dict[str, Any])
        except (msgspec.MsgspecError, UnicodeDecodeError):
            continue
    return {}


def _told(value: Any) -> str:
    """Return a JSON value as a plain event would have it."""
    if isinstance(value, list):
        return _ARRAY + _ITEMS.join(_told(item) for item in value)
    if not isinstance(value, str):
        return "" if value is None else msgspec.json.encode(value).decode()
    return "" if value == UNDEFINED else value
