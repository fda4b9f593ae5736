"""SIP messages for the scripted telephones, without I/O: parse, render, digest.

Only what an Asterisk on loopback needs (RFC 3261, 3515, 3891, 8760's MD5 part). Text is UTF-8 with surrogateescape, so that
a caller name of any bytes crosses unchanged.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from typing import Final

_COMPACT: Final = {
    "v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact",
    "r": "refer-to", "l": "content-length", "c": "content-type", "o": "event",
}  # fmt: skip
REASONS: Final = {
    100: "Trying", 180: "Ringing", 183: "Session Progress", 200: "OK", 302: "Moved Temporarily", 403: "Forbidden",
    404: "Not Found", 408: "Request Timeout", 480: "Temporarily Unavailable", 484: "Address Incomplete",
    486: "Busy Here", 487: "Request Terminated", 500: "Server Internal Error", 501: "Not Implemented",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline", 604: "Does Not Exist Anywhere",
}  # fmt: skip


@dataclass(frozen=True)
class SipMessage:
    """A request or a response as it arrived; header names are lower case and long."""

    start: str
    headers: dict[str, list[str]]
    body: str

    @property
    def code(self) -> int:
        """The status code of a response, 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """The method, read from CSeq, so that a response has its request's."""
        return self.first("cseq").split()[1]

    @property
    def sequence(self) -> int:
        """The CSeq number."""
        return int(self.first("cseq").split()[0])

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.first("call-id")

    def first(self, name: str) -> str:
        """The first value of a header, empty when there is none."""
        return next(iter(self.headers.get(name, ())), "")


def parse(data: bytes) -> SipMessage | None:
    """Return the message in one datagram; None for a keepalive or what is no SIP."""
    head, _, body = data.decode("utf-8", "surrogateescape").partition("\r\n\r\n")
    start, *lines = head.split("\r\n")
    if "SIP/2.0" not in start:
        return None
    headers: dict[str, list[str]] = {}
    for line in lines:
        name, _, value = line.partition(":")
        key = name.strip().lower()
        headers.setdefault(_COMPACT.get(key, key), []).append(value.strip())
    return SipMessage(start, headers, body)


def tag_of(address: str) -> str:
    """The tag parameter of a From or To value."""
    found = re.search(r";tag=([^;>\s]+)", address)
    return found.group(1) if found else ""


def uri_of(address: str) -> str:
    """The URI in a name-addr such as a Contact."""
    found = re.search(r"<([^>]+)>", address)
    return found.group(1) if found else address.partition(";")[0]


def user_of(uri: str) -> str:
    """The user part of a SIP URI."""
    found = re.search(r"sips?:([^@;>]+)@", uri)
    return found.group(1) if found else ""


def media_address(sdp: str) -> tuple[str, int] | None:
    """Where the session description wants RTP, None when it has no audio."""
    address = re.search(r"c=IN IP4 (\S+)", sdp)
    port = re.search(r"m=audio (\d+)", sdp)
    return (address.group(1), int(port.group(1))) if address and port else None


def offer(address: tuple[str, int], direction: str, version: int) -> str:
    """A session description: G.711 u-law and RFC 4733 events; direction is ``sendrecv``, ``sendonly``, ..."""
    host, port = address
    return (
        f"v=0\r\no=- 1 {version} IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 0 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
        f"a=fmtp:101 0-16\r\na=ptime:20\r\na={direction}\r\n"
    )


@dataclass
class Headers:
    """What a request or response is made of, in the order in which it is written."""

    lines: list[tuple[str, str]] = field(default_factory=list)

    def add(self, name: str, value: str) -> "Headers":
        """Append one header and return self."""
        self.lines.append((name, value))
        return self

    def render(self, start: str, body: str, content_type: str = "application/sdp") -> bytes:
        """The datagram, with Content-Type where there is a body, and Content-Length."""
        data = body.encode()
        lines = [start, *(f"{name}: {value}" for name, value in self.lines)]
        if data:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(data)}")
        return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + data


def respond(request: SipMessage, code: int, to_tag: str, contact: str, extra: Headers, body: str = "") -> bytes:
    """The response to a request; the To tag is ours once the response is more than 100."""
    to = request.first("to")
    if code > 100 and not tag_of(to):
        to += f";tag={to_tag}"
    headers = Headers([("Via", value) for value in request.headers["via"]])
    headers.lines += [("Record-Route", value) for value in request.headers.get("record-route", ())]
    headers.add("From", request.first("from")).add("To", to).add("Call-ID", request.call_id)
    headers.add("CSeq", request.first("cseq")).add("Contact", contact)
    headers.lines += extra.lines
    return headers.render(f"SIP/2.0 {code} {REASONS.get(code, 'Other')}", body)


def new_branch() -> str:
    """A Via branch that no other transaction has."""
    return "z9hG4bK" + secrets.token_hex(8)


def digest(challenge: str, user: str, password: str, method: str, uri: str) -> str:
    """The Authorization value that answers a WWW-Authenticate challenge (MD5, qop auth)."""

    def given(key: str) -> str:
        found = re.search(rf'{key}="?([^",]+)', challenge)
        return found.group(1) if found else ""

    def md5(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    realm, nonce, opaque, cnonce = given("realm"), given("nonce"), given("opaque"), secrets.token_hex(4)
    secret = md5(f"{user}:{realm}:{password}")
    response = md5(f"{secret}:{nonce}:00000001:{cnonce}:auth:{md5(f'{method}:{uri}')}")
    return (
        f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", response="{response}", '
        f'algorithm=MD5, cnonce="{cnonce}", qop=auth, nc=00000001' + (f', opaque="{opaque}"' if opaque else "")
    )
