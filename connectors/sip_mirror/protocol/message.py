"""SIP messages: bytes in, messages out, and the other way round.

Source: RFC 3261, chapters 7, 18.3 and 20; RFC 4475 for what a parser must survive. Text is UTF-8; what is not is kept by
surrogateescape, so that it goes back as it came.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.model.errors import PeerProtocolError

MAX_MESSAGE_BYTES: Final = 256 * 1024
"""Bytes of one message; a datagram has 64 kB at most, a stream's message of dialogs hardly more."""
MAX_HEADERS: Final = 512
"""Lines of one message."""
_COMPACT: Final = {
    "a": "accept-contact", "b": "referred-by", "c": "content-type", "e": "content-encoding", "f": "from", "i": "call-id",
    "k": "supported", "l": "content-length", "m": "contact", "o": "event", "r": "refer-to", "s": "subject", "t": "to",
    "u": "allow-events", "v": "via", "x": "session-expires",
}  # fmt: skip
_REQUEST: Final = re.compile(r"([A-Za-z0-9.!%*_+`'~-]+) (\S+) SIP/2\.0")
_RESPONSE: Final = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z0-9.!%*_+`'~-]+")
_CSEQ: Final = re.compile(r"([0-9]{1,10})\s+([A-Za-z0-9.!%*_+`'~-]+)")
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_NEEDED: Final = ("via", "from", "to", "call-id", "cseq")
_END_OF_HEAD: Final = re.compile(rb"\r?\n\r?\n")


class SipMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A request or a response as it arrived."""

    method: str
    """Of a request, and of the request that a response answers."""
    code: int
    """The status of a response, 0 for a request."""
    reason: str
    uri: str
    """Of a request; empty for a response."""
    sequence: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case, in their long form."""
    body: bytes
    raw: bytes
    """The whole of it."""

    def get(self, name: str) -> str:
        """Return the first value of a header, empty when there is none."""
        return next((value for key, value in self.headers if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return the values of a header, line by line."""
        return [value for key, value in self.headers if key == name]

    @property
    def call_id(self) -> str:
        """Which dialog it belongs to."""
        return self.get("call-id")

    @property
    def branch(self) -> str:
        """The transaction, by the topmost Via."""
        return parameter(self.get("via"), "branch")

    @property
    def text(self) -> str:
        """The start line as people read it: ``404 Not Found``."""
        return f"{self.code} {self.reason}".strip() if self.code else f"{self.method} {self.uri}"


def parse(data: bytes) -> SipMessage:
    """Read one message; what stands behind its Content-Length is passed over.

    Raises:
        PeerProtocolError: It is no SIP message, lacks a header that every message has, or is shorter than it says.
    """
    match = _END_OF_HEAD.search(data)
    head, body = (data, b"") if match is None else (data[: match.start()], data[match.end() :])
    start, headers = _head(head)
    length = _content_length(headers)
    if length is not None:
        if length > len(body):
            raise PeerProtocolError(f"a SIP message has {len(body)} bytes of {length}")
        body = body[:length]
    return _message(start, headers, body, data)


def _head(head: bytes) -> tuple[str, list[tuple[str, str]]]:
    text = head.decode("utf-8", "surrogateescape").lstrip("\r\n")
    # A line that begins with a blank goes on with the one before.
    start, *lines = re.sub(r"\r?\n[ \t]+", " ", text).split("\n")
    if len(lines) > MAX_HEADERS:
        raise PeerProtocolError(f"a SIP message has more than {MAX_HEADERS} headers")
    headers = []
    for line in lines:
        name, colon, value = line.partition(":")
        key = name.strip().lower()
        if not colon or not _NAME.fullmatch(key):
            raise PeerProtocolError("a SIP message has a line that is no header")
        headers.append((_COMPACT.get(key, key), value.strip()))
    return start.rstrip("\r"), headers


def _content_length(headers: Sequence[tuple[str, str]]) -> int | None:
    given = {value for key, value in headers if key == "content-length"}
    if not given:
        return None
    value = given.pop()
    if given or not _LENGTH.fullmatch(value):
        raise PeerProtocolError("a SIP message's Content-Length is no length")
    return int(value)


def _message(start: str, headers: list[tuple[str, str]], body: bytes, raw: bytes) -> SipMessage:
    names = {key for key, _ in headers}
    for needed in _NEEDED:
        if needed not in names:
            raise PeerProtocolError(f"a SIP message has no {needed}")
    cseq = _CSEQ.fullmatch(next(value for key, value in headers if key == "cseq"))
    if cseq is None or int(cseq[1]) >= 2**32:
        raise PeerProtocolError("a SIP message's CSeq is none")
    request, response = _REQUEST.fullmatch(start), _RESPONSE.fullmatch(start)
    if request is not None and request[1] == cseq[2]:
        code, reason, uri = 0, "", request[2]
    elif response is not None:
        code, reason, uri = int(response[1]), response[2] or "", ""
    else:
        raise PeerProtocolError("a SIP message begins with neither a request nor a status")
    return SipMessage(
        method=cseq[2], code=code, reason=reason, uri=uri, sequence=int(cseq[1]), headers=tuple(headers), body=body, raw=raw
    )


class SipDecoder:
    """Cuts a stream of bytes into messages; datagrams one behind the other are such a stream too."""

    def __init__(self) -> None:
        self._held = b""

    @property
    def unfinished(self) -> int:
        """Bytes of a message that is not complete."""
        return len(self._held)

    def receive_data(self, data: bytes) -> list[SipMessage]:
        """Take bytes from the peer and return the messages that they completed.

        Raises:
            PeerProtocolError: It is no SIP, or a message is too long. Do not use self again.
        """
        self._held += data
        messages = []
        while True:
            # Empty lines between messages keep a connection alive (RFC 5626).
            self._held = self._held.lstrip(b"\r\n")
            match = _END_OF_HEAD.search(self._held)
            if match is None:
                break
            start, headers = _head(self._held[: match.start()])
            length = _content_length(headers) or 0
            if length > MAX_MESSAGE_BYTES:
                raise PeerProtocolError(f"a SIP message is longer than {MAX_MESSAGE_BYTES} bytes")
            end = match.end() + length
            if len(self._held) < end:
                break
            messages.append(_message(start, headers, self._held[match.end() : end], self._held[:end]))
            self._held = self._held[end:]
        if len(self._held) > MAX_MESSAGE_BYTES:
            raise PeerProtocolError(f"a SIP message is longer than {MAX_MESSAGE_BYTES} bytes")
        return messages


def render(start: str, headers: Sequence[tuple[str, str]], body: bytes = b"") -> bytes:
    """Return the bytes of a message, with its Content-Length."""
    lines = [start, *(f"{name}: {value}" for name, value in headers), f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + body


def respond(request: SipMessage, code: int, reason: str, to_tag: str, extra: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the response to a request; ``to_tag`` is ours where the request has none."""
    to = request.get("to")
    if not parameter(to, "tag"):
        to += f";tag={to_tag}"
    headers = [("Via", value) for value in request.all("via")]
    headers += [("Record-Route", value) for value in request.all("record-route")]
    headers += [("From", request.get("from")), ("To", to), ("Call-ID", request.call_id)]
    headers += [("CSeq", f"{request.sequence} {request.method}"), *extra]
    return render(f"SIP/2.0 {code} {reason}", headers)


def parameter(value: str, name: str) -> str:
    """Return a parameter of a header, such as the ``tag`` of a From; empty when there is none."""
    outside = re.sub(r'"(?:[^"\\]|\\.)*"|<[^>]*>', "", value)
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*([^;,\s]+)", outside, re.IGNORECASE)
    return found[1] if found else ""


def uri_in(value: str) -> str:
    """Return the URI of a Contact, From or Record-Route."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', "", value)
    found = re.search(r"<([^<>]*)>", unquoted)
    return (found[1] if found else unquoted.partition(";")[0]).strip()
