"""A PBX that tells its telephones' dialogs: documents, messages, and one on a UDP port that does what it is told."""

import asyncio
import hashlib
from collections.abc import Sequence
from typing import Final, Self

from connectors.sip_mirror.protocol.message import SipMessage, parameter, parse, render, respond, uri_in

SECRET: Final = "hunter2"
PBX: Final = "192.0.2.1"


def lamp(
    extension: str,
    version: int,
    state: str,
    remote: str = "",
    name: str = "",
    *,
    rendering: bool = True,
    display: str = "",
) -> bytes:
    """Return the document of an Asterisk's hint: one dialog for all that the telephone is in."""
    direction = ' direction="recipient"' if state == "early" else ""
    parts = ""
    if remote:
        parts += f'<remote><identity display="{name}">sip:{remote}@{PBX}</identity><target uri="sip:{remote}@{PBX}"/></remote>'
        parts += f'<local><identity display="{display}">sip:{extension}@{PBX}</identity></local>'
    if not rendering:
        parts += f'<local><target uri="sip:{extension}@{PBX}"><param pname="+sip.rendering" pvalue="no"/></target></local>'
    dialog = f'<dialog id="{extension}"{direction}>{parts}<state>{state}</state></dialog>'
    return document(extension, version, dialog)


def document(extension: str, version: int, *dialogs: str, state: str = "full") -> bytes:
    """Return a document with these dialogs."""
    head = f'version="{version}" state="{state}" entity="sip:{extension}@{PBX}"'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" {head}>{"".join(dialogs)}</dialog-info>'
    ).encode()


def dialog(key: str, state: str, *, direction: str = "", remote: str = "", more: str = "", event: str = "", code: int = 0) -> str:
    """Return one dialog as RFC 4235 means it, with its Call-ID."""
    why = (f' event="{event}"' if event else "") + (f' code="{code}"' if code else "")
    way = f' direction="{direction}"' if direction else ""
    far = f"<remote><identity>sip:{remote}@{PBX}</identity></remote>" if remote else ""
    return f'<dialog id="{key}" call-id="call-{key}" local-tag="l"{way}><state{why}>{state}</state>{far}{more}</dialog>'


def subscribe(extension: str, call_id: str, to_tag: str = "", host: str = PBX) -> SipMessage:
    """Return a SUBSCRIBE as we send it."""
    tag = f";tag={to_tag}" if to_tag else ""
    headers = [("Via", "SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bK1"), ("From", "<sip:tieline@192.0.2.1>;tag=us")]
    headers += [("To", f"<sip:{extension}@{host}>{tag}"), ("Call-ID", call_id), ("CSeq", "1 SUBSCRIBE")]
    return parse(render(f"SUBSCRIBE sip:{extension}@{host} SIP/2.0", headers))


def notify(
    call_id: str,
    sequence: int,
    body: bytes = b"",
    state: str = "active;expires=600",
    *,
    tag: str = "us",
    event: str = "dialog",
    more: Sequence[tuple[str, str]] = (),
) -> SipMessage:
    """Return a NOTIFY as a PBX sends it."""
    headers = [("Via", f"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKn{sequence}"), ("From", "<sip:1001@192.0.2.1>;tag=them")]
    headers += [("To", f"<sip:tieline@192.0.2.1>;tag={tag}"), ("Call-ID", call_id), ("CSeq", f"{sequence} NOTIFY")]
    headers += [("Contact", "<sip:192.0.2.1:5060>"), ("Event", event), ("Subscription-State", state), *more]
    return parse(render("NOTIFY sip:tieline@192.0.2.7:40000 SIP/2.0", headers, body))


class LampPbx(asyncio.DatagramProtocol):
    """A PBX on a loopback port. Use as an asynchronous context manager."""

    def __init__(self, *extensions: str, secret: str = "") -> None:
        """Say whose lamps it has, and whether it wants a password."""
        self.extensions = extensions
        self.secret = secret
        self.port = 0
        self.silent = False
        """It answers nothing."""
        self.requests: list[SipMessage] = []
        self._watchers: dict[str, tuple[SipMessage, tuple[str, int]]] = {}
        self._sequence = 0
        self._versions: dict[str, int] = {}
        self.states: dict[str, tuple[str, str]] = {}
        """What each telephone does: a dialog's state, and the caller's number."""
        self._transport: asyncio.DatagramTransport | None = None

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", self.port))
        self.port = self._transport.get_extra_info("sockname")[1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._transport is not None
        self._transport.close()
        self._watchers.clear()
        await asyncio.sleep(0)

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        """Send bytes."""
        assert self._transport is not None
        self._transport.sendto(data, to)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take one message."""
        message = parse(data)
        if message.code or self.silent:
            return
        self.requests.append(message)
        if message.method != "SUBSCRIBE":
            self.send(respond(message, 200, "OK", "pbx"), addr)
            return
        if self.secret and not self._is_authorised(message):
            challenge = ("WWW-Authenticate", 'Digest realm="pbx", nonce="n1", algorithm=MD5, qop="auth"')
            self.send(respond(message, 401, "Unauthorized", "pbx", [challenge]), addr)
            return
        extension = uri_in(message.get("to")).removeprefix("sip:").partition("@")[0]
        if extension not in self.extensions:
            self.send(respond(message, 404, "Not Found", "pbx"), addr)
            return
        known = self._watchers.get(extension)
        if parameter(message.get("to"), "tag") and (known is None or known[0].call_id != message.call_id):
            self.send(respond(message, 481, "Subscription Does Not Exist", "pbx"), addr)
            return
        self._watchers[extension] = (message, addr)
        given = [("Expires", message.get("expires")), ("Contact", f"<sip:127.0.0.1:{self.port}>")]
        self.send(respond(message, 200, "OK", f"to-{extension}", given), addr)
        if message.get("expires") != "0":
            self.tell(extension, *self.states.get(extension, ("terminated", "")))

    def forget(self) -> None:
        """Be as after a restart."""
        self._watchers.clear()
        self._versions.clear()

    def _is_authorised(self, message: SipMessage) -> bool:
        given = dict(
            part.strip().split("=", 1) for part in message.get("authorization").removeprefix("Digest").split(",") if "=" in part
        )
        words = {key: value.strip('"') for key, value in given.items()}

        def hashed(text: str) -> str:
            return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()

        first = hashed(f"{words.get('username')}:pbx:{self.secret}")
        second = hashed(f"SUBSCRIBE:{words.get('uri')}")
        expected = hashed(f"{first}:n1:{words.get('nc')}:{words.get('cnonce')}:auth:{second}")
        return words.get("response") == expected

    def tell(self, extension: str, state: str, remote: str = "", body: bytes | None = None) -> None:
        """Say what a telephone does now."""
        self.states[extension] = (state, remote)
        asked, addr = self._watchers[extension]
        self._sequence += 1
        self._versions[extension] = self._versions.get(extension, -1) + 1
        tag = parameter(asked.get("from"), "tag")
        data = body or lamp(extension, self._versions[extension], state, remote)
        self.send(notify(asked.call_id, self._sequence, data, tag=tag).raw, addr)
