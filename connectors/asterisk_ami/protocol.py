r"""AMI wire protocol, without I/O: bytes in, messages out, and actions to bytes.

A message is lines that end in CR LF, up to an empty line. Only the greeting is a line by itself. A value holds no CR LF, so
a header begins at the start of a line and nowhere else: what looks like a header inside a caller's name stays in the name.

Source: docs.asterisk.org, "Asterisk Manager Interface"; Asterisk's ``main/manager.c``. Where a PBX differs, the line says so.
"""

from collections.abc import Sequence
from enum import StrEnum
from hashlib import md5
from typing import Final

from gateway.model.errors import CommandRefusedError, ConfigurationError, PeerProtocolError

MAX_MESSAGE_BYTES: Final = 1024 * 1024
"""Bytes of one message that we accept. Events have about 500 and at most some 20,000 (a long variable); answers to commands that
print a dial plan have hundreds of thousands."""
MAX_ACTION_LINE_BYTES: Final = 1023
"""Bytes of one line of an action, without its end: Asterisk reads into a buffer of 1025 and throws longer lines away."""
MAX_ACTION_HEADERS: Final = 128
"""Headers of one action: Asterisk drops what comes after them (``AST_MAX_MANHEADERS``)."""

_END: Final = b"\r\n\r\n"
_GREETING: Final = b"Asterisk Call Manager"
_OPENINGS: Final = (b"Event:", b"Response:")
_SHOWN_BYTES: Final = 80
"""Bytes of a wrong greeting that the error shows."""
_ASCII: Final = bytes(range(32, 127))
_EVENT: Final = b"Event: "
_OPENING_BYTES: Final = 12
"""Bytes by which unwanted events are told apart: ``Event: `` and five more, enough for ``Cdr`` and its CR LF."""
_MAX_KNOWN_OPENINGS: Final = 1024
"""Openings of unwanted events that we remember. Asterisk has some 200 names; a peer that invents them costs time, not memory."""


class MessageKind(StrEnum):
    BANNER = "banner"
    """The greeting; its name is the whole line."""
    EVENT = "event"
    RESPONSE = "response"


class AmiMessage:
    """One message, as it came. Headers are looked up when asked for: most are never read."""

    __slots__ = ("_text", "kind", "name", "raw")

    def __init__(self, kind: MessageKind, name: str, raw: bytes, text: str) -> None:
        self.kind = kind
        self.name = name
        """The event's name, the value of ``Response``, or the greeting."""
        self.raw = raw
        """The message's bytes without the empty line that ends it."""
        self._text = text  # CR LF before the first and after the last header, so that all are found alike

    def get(self, key: str) -> str:
        """Return the value of the first header of this name, exactly as written; empty when there is none."""
        text = self._text
        start = text.find(f"\r\n{key}:") + 3
        if start == 2:
            return ""
        start += len(key)
        # "Key:" may end its line at once: the colon is then the value's end as well.
        if text[start] == " ":
            start += 1
        return text[start : text.find("\r\n", start)]

    def get_all(self, key: str) -> list[str]:
        """Return the values of all headers of this name in order (``ChanVariable``, ``Output``)."""
        return [value for name, value in self.headers() if name == key]

    def headers(self) -> list[tuple[str, str]]:
        """Return all headers in order, the first one included; a line without a colon is none."""
        headers = []
        for line in self._text[2:-2].split("\r\n"):
            key, colon, value = line.partition(":")
            if colon:
                headers.append((key, value.removeprefix(" ")))
        return headers

    def __repr__(self) -> str:
        # Values are callers' data: what prints a message by chance must not print them.
        return f"<AmiMessage {self.kind} {self.name!r}, {len(self.raw)} bytes>"


class AmiDecoder:
    """Cuts one connection's bytes into messages; make a new one for each connection."""

    def __init__(self, wanted: frozenset[str] | None = None, encoding_fallback: str | None = None) -> None:
        """Make a decoder.

        Args:
            wanted: Names of the events to return; others are skipped unread. None returns all.
            encoding_fallback: How to read values that are not UTF-8, such as ``gb18030``; None shows U+FFFD for such bytes.

        Raises:
            ConfigurationError: There is no such encoding, or it is none in which ASCII stays ASCII.
        """
        if encoding_fallback is not None:
            _check(encoding_fallback)
        self.skipped = 0
        """Events that were not wanted."""
        self.malformed = 0
        """Pieces that are neither event nor response, such as free text that some module writes."""
        self.marker: bytes | None = None
        """While set, events that hold these bytes are returned whatever their name: what a list action lists, by its ActionID."""
        self._wanted = None if wanted is None else {name.encode(): name for name in wanted}
        self._fallback = encoding_fallback
        self._unwanted_openings: set[bytes] = set()
        self._buffer = bytearray()
        self._greeted = False
        self._failure: PeerProtocolError | None = None

    @property
    def unfinished(self) -> int:
        """Bytes held of a message that has not come whole."""
        return len(self._buffer)

    def receive_data(self, data: bytes) -> list[AmiMessage]:
        """Take bytes from the peer and return the messages that they completed.

        Messages that were whole before the peer broke the protocol are returned first; the error comes with the next call.

        Raises:
            PeerProtocolError: The peer does not greet as an Asterisk does, or a message exceeds ``MAX_MESSAGE_BYTES``.
                Do not use self again.
        """
        if self._failure is not None:
            raise self._failure
        buffer = self._buffer
        searched = max(len(buffer) - 3, 0)
        buffer += data
        messages: list[AmiMessage] = []
        failure = None
        if not self._greeted:
            failure = self._greet(messages)
            searched = 0
        if failure is None and buffer.find(_END, searched) >= 0:
            frames = bytes(buffer).split(_END)
            self._buffer = bytearray(frames.pop())
            failure = self._read(frames, messages)
        if failure is None and len(self._buffer) >= MAX_MESSAGE_BYTES + len(_END):
            failure = _too_long()
        if failure is not None:
            self._failure = failure
            self._buffer = bytearray()
            if not messages:
                raise failure
        return messages

    def _greet(self, messages: list[AmiMessage]) -> PeerProtocolError | None:
        """Take the greeting off the buffer. A recording may begin without one."""
        start = bytes(self._buffer[:_SHOWN_BYTES])
        if start.startswith(_GREETING):
            end = self._buffer.find(b"\r\n")
            if end >= 0:
                raw = bytes(self._buffer[:end])
                messages.append(AmiMessage(MessageKind.BANNER, _decode(raw, None), raw, "\r\n\r\n"))
                del self._buffer[: end + 2]
                self._greeted = True
        elif start.startswith(_OPENINGS):
            self._greeted = True
        elif not any(opening.startswith(start) for opening in (_GREETING, *_OPENINGS)):
            line = start.split(b"\n")[0]
            return PeerProtocolError(f"not an Asterisk Manager Interface: it greets with {line!r}")
        return None

    def _read(self, frames: list[bytes], messages: list[AmiMessage]) -> PeerProtocolError | None:
        unwanted = self._unwanted_openings
        marker = self.marker
        if marker is None:
            kept = [frame for frame in frames if frame[:_OPENING_BYTES] not in unwanted]
        else:
            kept = [frame for frame in frames if frame[:_OPENING_BYTES] not in unwanted or marker in frame]
        self.skipped += len(frames) - len(kept)
        wanted = self._wanted
        for frame in kept:
            if len(frame) > MAX_MESSAGE_BYTES:
                return _too_long()
            if wanted is not None and frame.startswith(_EVENT):
                end = frame.find(b"\r\n")
                name = wanted.get(frame[7:end])
                if name is not None and end > 0:
                    try:
                        messages.append(AmiMessage(MessageKind.EVENT, name, frame, f"\r\n{frame.decode()}\r\n"))
                        continue
                    except UnicodeDecodeError:
                        pass
            self._read_slowly(frame, messages)
        return None

    def _read_slowly(self, frame: bytes, messages: list[AmiMessage]) -> None:
        """Read what is not a wanted event in plain UTF-8."""
        # Debian's builds write an empty line too many after some TestEvents.
        frame = frame.removeprefix(b"\r\n")
        if not frame:
            return
        opening, colon, name = frame.partition(b"\r\n")[0].partition(b":")
        name = name.removeprefix(b" ")
        if opening == b"Event" and colon:
            marked = self.marker is not None and self.marker in frame
            if self._wanted is not None and name not in self._wanted and not marked:
                self.skipped += 1
                self._learn_unwanted(frame)
                return
            messages.append(self._message(MessageKind.EVENT, name, frame))
        elif opening == b"Response" and colon:
            messages.append(self._message(MessageKind.RESPONSE, name, frame))
        else:
            self.malformed += 1

    def _message(self, kind: MessageKind, name: bytes, frame: bytes) -> AmiMessage:
        shown = _with_outputs(frame) if kind is MessageKind.RESPONSE and name == b"Follows" else frame
        try:
            text = shown.decode()
        except UnicodeDecodeError:
            text = "\r\n".join(_decode(line, self._fallback) for line in shown.split(b"\r\n"))
        return AmiMessage(kind, _decode(name, self._fallback), frame, f"\r\n{text}\r\n")

    def _learn_unwanted(self, frame: bytes) -> None:
        """Remember how this event begins, if no wanted one can begin so."""
        opening = frame[:_OPENING_BYTES]
        if len(self._unwanted_openings) >= _MAX_KNOWN_OPENINGS or not opening.startswith(_EVENT) or len(opening) < _OPENING_BYTES:
            return
        for name in self._wanted or ():
            line = _EVENT + name + b"\r\n"
            if line.startswith(opening) or opening.startswith(line):
                return
        self._unwanted_openings.add(opening)


def _too_long() -> PeerProtocolError:
    return PeerProtocolError(f"a message exceeds {MAX_MESSAGE_BYTES} bytes; this is no Asterisk, or its answer is too long")


def _check(encoding: str) -> None:
    """Refuse encodings such as UTF-7, which make a line's end out of other bytes, and with it a forged header."""
    try:
        if _ASCII.decode(encoding) == _ASCII.decode("ascii"):
            return
    except (LookupError, UnicodeError):
        pass
    raise ConfigurationError(f"encoding_fallback: {encoding!r} is no encoding that extends ASCII, such as gb18030 or latin-1")


def _decode(line: bytes, fallback: str | None) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        pass
    if fallback is not None:
        try:
            return line.decode(fallback)
        except UnicodeDecodeError:
            pass
    return line.decode("utf-8", "replace")


def _with_outputs(frame: bytes) -> bytes:
    """Return an answer of Asterisk 13 and older (raw lines up to ``--END COMMAND--``) as newer ones write it."""
    lines = frame.split(b"\r\n")
    head = 1
    while head < len(lines) and lines[head].startswith((b"Privilege: ", b"ActionID: ", b"Message: ")):
        head += 1
    output = b"\r\n".join(lines[head:]).removesuffix(b"--END COMMAND--").removesuffix(b"\n").split(b"\n")
    return b"\r\n".join(lines[:head] + [b"Output: " + line.removesuffix(b"\r") for line in output])


def encode_action(name: str, headers: Sequence[tuple[str, str]], action_id: str) -> bytes:
    """Return the bytes of one action.

    Raises:
        CommandRefusedError: A key or value holds CR, LF or NUL, which would put another action into this one; or Asterisk
            would not read it all (``MAX_ACTION_LINE_BYTES``, ``MAX_ACTION_HEADERS``). Nothing may be sent.
    """
    lines = []
    for key, value in (("Action", name), ("ActionID", action_id), *headers):
        if not key or ":" in key or not key.isprintable() or key != key.strip():
            raise CommandRefusedError(f"AMI action {name!r}: {key!r} is no header name")
        if "\r" in value or "\n" in value or "\0" in value:
            raise CommandRefusedError(f"AMI action {name!r}: the value of {key} holds a line end or NUL")
        try:
            line = f"{key}: {value}".encode()
        except UnicodeEncodeError as error:
            raise CommandRefusedError(f"AMI action {name!r}: the value of {key} is no text") from error
        if len(line) > MAX_ACTION_LINE_BYTES:
            raise CommandRefusedError(
                f"AMI action {name!r}: {key} is longer than the {MAX_ACTION_LINE_BYTES} bytes that Asterisk reads"
            )
        lines.append(line)
    if len(lines) > MAX_ACTION_HEADERS:
        raise CommandRefusedError(f"AMI action {name!r} has more than the {MAX_ACTION_HEADERS} headers that Asterisk reads")
    return b"\r\n".join(lines) + _END


def login_md5_key(challenge: str, secret: str) -> str:
    """Return ``Key`` of a Login with ``AuthType: MD5``: AMI's own scheme, which only keeps the secret off the wire."""
    return md5((challenge + secret).encode(), usedforsecurity=False).hexdigest()


def decode_action(data: bytes) -> tuple[str, list[tuple[str, str]]]:
    """Return name and headers of an action as a client wrote it, without ``Action``; the name is empty when it has none."""
    name, headers = "", []
    for line in data.split(b"\r\n"):
        key, colon, value = _decode(line, None).partition(":")
        if key.lower() == "action":
            name = value.strip()
        elif colon:
            headers.append((key, value.removeprefix(" ")))
    return name, headers
