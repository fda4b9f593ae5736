"""Writes what FreeSWITCH says, for servers that speak as it does."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

import msgspec

from connectors.freeswitch_esl.protocol.message import UNDEFINED, Form

SAFE: Final = "!$'()*,-./_~"
"""What FreeSWITCH leaves as it is beside letters and digits (``SWITCH_URL_UNSAFE`` lists the others)."""

Headers = Sequence[tuple[str, str]]


def encode_reply(text: str, headers: Headers = ()) -> bytes:
    """Return the answer to a command."""
    lines = [("Content-Type", "command/reply"), ("Reply-Text", text), *headers]
    return _block(lines)


def encode_frame(kind: str, content: str, headers: Headers = ()) -> bytes:
    """Return a frame with content: ``api/response``, ``log/data``, ``text/disconnect-notice``."""
    body = content.encode("utf-8", "surrogateescape")
    return _block([("Content-Type", kind), *headers, ("Content-Length", str(len(body)))]) + body


def encode_event(headers: Headers, body: str | None = None, form: Form = Form.PLAIN) -> bytes:
    """Return an event, plain or as JSON.

    Raises:
        ValueError: It is to be written in another form.
    """
    content = (body or "").encode("utf-8", "surrogateescape")
    length = [] if body is None else [("Content-Length", str(len(content)))]
    if form is Form.PLAIN:
        quoted = [(key, quote(value or UNDEFINED, safe=SAFE)) for key, value in headers]
        event = _block([*quoted, *length]) + content
    elif form is Form.JSON:
        pairs = dict([*headers, *length]) | ({} if body is None else {"_body": body})
        event = msgspec.json.encode(pairs)
    else:
        raise ValueError(f"events are not written as {form}")
    return _block([("Content-Length", str(len(event))), ("Content-Type", form.value)]) + event


def _block(lines: Headers) -> bytes:
    return "".join(f"{key}: {value}\n" for key, value in lines).encode("utf-8", "surrogateescape") + b"\n"
