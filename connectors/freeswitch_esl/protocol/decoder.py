"""Cuts what FreeSWITCH sends into frames: headers, an empty line, and as many bytes as ``Content-Length`` says."""

from typing import Final
from urllib.parse import unquote_to_bytes

from connectors.freeswitch_esl.protocol.message import CUSTOM, EslMessage, Form, MessageKind, decode
from gateway.model.errors import ConfigurationError, PeerProtocolError

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""Bytes of one frame that we accept: an event has 500 to 20,000, ``show channels`` of a busy PBX some millions."""
MAX_HEAD_BYTES: Final = 256 * 1024
"""Bytes of a frame's own headers: few, but for an outbound socket's first one, which holds a whole leg."""
_END: Final = b"\n\n"
_LINE_END: Final = ord("\n")
_OPENINGS: Final = (b"Content-Type: ", b"Content-Length: ", b"Event-Name: ", b"Event-Subclass: ", b"Reply-Text: ")
_SHOWN_BYTES: Final = 80
"""Bytes of a wrong greeting that the error shows."""
_MAX_LENGTH_DIGITS: Final = 12
_LENGTH: Final = b"Content-Length: "
_PLAIN_TYPE: Final = b"Content-Type: text/event-plain"
_NAME: Final = b"\nEvent-Name: "
_SUBCLASS: Final = b"\nEvent-Subclass: "
_ASCII: Final = bytes(range(32, 127))
_FORMS: Final = {form.value: form for form in Form}
_KINDS: Final = {kind.value: kind for kind in MessageKind if kind is not MessageKind.EVENT}


class EslDecoder:
    """Cuts one connection's bytes into messages; make a new one for each connection."""

    def __init__(self, wanted: frozenset[str] | None = None, encoding_fallback: str | None = None) -> None:
        """Make a decoder.

        Args:
            wanted: Names of the events to return (``CHANNEL_ANSWER``, ``CUSTOM callcenter::info``); others are skipped unread.
                None returns all.
            encoding_fallback: How to read values that are not UTF-8, such as ``gb18030``; None shows U+FFFD for such bytes.

        Raises:
            ConfigurationError: There is no such encoding, or it is none in which ASCII stays ASCII.
        """
        if encoding_fallback is not None:
            _check(encoding_fallback)
        self.skipped = 0
        """Events that were not wanted."""
        self.malformed = 0
        """Frames of no type that we know, and events without a name."""
        self._wanted = None if wanted is None else {name.encode(): name for name in wanted}
        self._fallback = encoding_fallback
        self._buffer = bytearray()
        self._needed = 0
        """Bytes that the buffer must have before it is worth a look."""
        self._greeted = False
        self._failure: PeerProtocolError | None = None

    @property
    def unfinished(self) -> int:
        """Bytes held of a frame that has not come whole."""
        return len(self._buffer)

    def receive_data(self, data: bytes) -> list[EslMessage]:
        """Take bytes from the peer and return the messages that they completed.

        Messages that were whole before the peer broke the protocol are returned first; the error comes with the next call.

        Raises:
            PeerProtocolError: The peer does not greet as a FreeSWITCH does, or a frame exceeds ``MAX_FRAME_BYTES``.
                Do not use self again.
        """
        if self._failure is not None:
            raise self._failure
        buffer, messages = self._buffer, list[EslMessage]()
        whole, failure = b"", None
        if len(buffer) + len(data) < self._needed:
            buffer += data
        else:
            whole = b"".join((buffer, data)) if buffer else bytes(data)
        if not self._greeted:
            failure = self._greet(whole)
        if failure is None and whole:
            done, failure = self._cut(whole, messages)
            self._buffer = bytearray(whole[done:])
        if failure is not None:
            self._failure = failure
            self._buffer = bytearray()
            if not messages:
                raise failure
        return messages

    def _greet(self, whole: bytes) -> PeerProtocolError | None:
        # A frame may end in one line end more than it says.
        start = whole[:_SHOWN_BYTES].lstrip(b"\n")
        if start.startswith(_OPENINGS):
            self._greeted = True
        elif start and not any(opening.startswith(start) for opening in _OPENINGS):
            line = start.split(b"\n")[0]
            return PeerProtocolError(f"not a FreeSWITCH event socket: it greets with {line!r}")
        return None

    def _cut(self, whole: bytes, messages: list[EslMessage]) -> tuple[int, PeerProtocolError | None]:
        """Read the whole frames; return how many bytes they took, and what is wrong with the next one."""
        start, size = 0, len(whole)
        self._needed = 0
        while start < size:
            if whole[start] == _LINE_END:
                start += 1
                continue
            end = whole.find(_END, start)
            if end < 0:
                if size - start > MAX_HEAD_BYTES:
                    return start, PeerProtocolError(f"a frame's headers exceed {MAX_HEAD_BYTES} bytes: this is no FreeSWITCH")
                return start, None
            # The two lines that each event has, in the order in which FreeSWITCH writes them.
            line = whole.find(b"\n", start, end)
            if line > 0 and whole.startswith(_LENGTH, start) and whole.startswith(_PLAIN_TYPE, line + 1):
                number, is_plain = whole[start + len(_LENGTH) : line], end == line + 1 + len(_PLAIN_TYPE)
            else:
                number, is_plain = _length_in(whole[start:end]), False
            if not number.isdigit() or len(number) > _MAX_LENGTH_DIGITS:
                return start, PeerProtocolError(f"a frame's Content-Length is {number[:_SHOWN_BYTES]!r}: this is no FreeSWITCH")
            stop = end + len(_END) + int(number)
            if stop - start > MAX_FRAME_BYTES:
                return start, PeerProtocolError(f"a frame of {stop - start} bytes exceeds {MAX_FRAME_BYTES}")
            if stop > size:
                self._needed = stop - start
                return start, None
            # An event begins at the line end before it.
            if is_plain:
                self._read_plain(whole[end + 1 : stop], messages)
            else:
                self._read(b"\n" + whole[start:end], whole[end + 2 : stop], messages)
            start = stop
        return start, None

    def _read_plain(self, raw: bytes, messages: list[EslMessage]) -> None:
        wanted = self._wanted
        if raw.startswith(_NAME):
            name = raw[len(_NAME) : raw.find(b"\n", len(_NAME))]
            if name != b"CUSTOM":
                if wanted is None:
                    shown = name.decode("ascii", "replace")
                elif (known := wanted.get(name)) is not None:
                    shown = known
                else:
                    self.skipped += 1
                    return
                messages.append(EslMessage(MessageKind.EVENT, shown, b"", raw, Form.PLAIN, self._fallback))
                return
        self._read_event(EslMessage(MessageKind.EVENT, "", b"", raw, Form.PLAIN, self._fallback), messages)

    def _read(self, head: bytes, raw: bytes, messages: list[EslMessage]) -> None:
        """Read any other frame."""
        frame = EslMessage(MessageKind.REPLY, "", head, raw, None, self._fallback)
        kind = frame.head_of("Content-Type")
        form = _FORMS.get(kind)
        if form is not None:
            self._read_event(
                EslMessage(MessageKind.EVENT, "", head, b"\n" + raw if form is Form.PLAIN else raw, form, self._fallback),
                messages,
            )
        elif kind not in _KINDS:
            self.malformed += 1
        elif _KINDS[kind] is MessageKind.REPLY:
            # An outbound socket's first answer is a leg's event in disguise: its headers are quoted, the reply's own too.
            is_leg = _NAME in head or _SUBCLASS in head
            text = frame.head_of("Reply-Text")
            name = decode(unquote_to_bytes(text), self._fallback).rstrip() if is_leg else text
            content = head + b"\n" if is_leg else raw
            messages.append(EslMessage(MessageKind.REPLY, name, head, content, Form.PLAIN if is_leg else None, self._fallback))
        else:
            frame.kind = _KINDS[kind]
            messages.append(frame)

    def _read_event(self, event: EslMessage, messages: list[EslMessage]) -> None:
        name = event.get("Event-Name")
        if name == CUSTOM:
            name = f"{CUSTOM} {event.get('Event-Subclass')}"
        if not name:
            self.malformed += 1
        elif self._wanted is not None and name.encode("utf-8", "replace") not in self._wanted:
            self.skipped += 1
        else:
            event.name = name
            messages.append(event)


def _length_in(head: bytes) -> bytes:
    """Return what a frame's headers say of its length; it has no content where they say nothing."""
    for line in head.split(b"\n"):
        if line.startswith(_LENGTH):
            return line[len(_LENGTH) :].strip()
    return b"0"


def _check(encoding: str) -> None:
    """Refuse encodings such as UTF-7, which make a line's end out of other bytes."""
    try:
        if _ASCII.decode(encoding) == _ASCII.decode("ascii"):
            return
    except (LookupError, UnicodeError):
        pass
    raise ConfigurationError(f"encoding_fallback: {encoding!r} is no encoding that extends ASCII, such as gb18030 or latin-1")
