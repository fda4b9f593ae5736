"""What goes over an outbound event socket for a caller's voice, without I/O: frames in, commands out.

Only what that needs is read: replies, plain events, and the notice that it is over. A header is one line, and its value is
URL-encoded where it is a leg's; so lines are cut first and unquoted afterwards, and no caller's name forges a header.

Source: FreeSWITCH's ``mod_event_socket.c`` (``parse_command``, ``read_packet``, ``send_disconnect``) and ``switch_ivr.c``
(``switch_ivr_parse_event``); recordings of 1.10.12, which have all of it but ``unicast``.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

import msgspec

from gateway.model.errors import CommandRefusedError, PeerProtocolError

REPLY: Final = "command/reply"
EVENT: Final = "text/event-plain"
DISCONNECT: Final = "text/disconnect-notice"
MAX_HEAD_BYTES: Final = 256 * 1024
"""Bytes of one frame's headers: few, but for the first answer, which holds a whole leg."""
MAX_CONTENT_BYTES: Final = 256 * 1024
"""Bytes of one frame's content: an event of a leg has some thousands."""
CONNECT: Final = b"connect\n\n"
MY_EVENTS: Final = b"myevents\n\n"
HANG_UP: Final = b"sendmsg\ncall-command: hangup\nhangup-cause: NORMAL_CLEARING\n\n"
MAX_CONTEXT: Final = 20
"""Variables that are told with a caller."""
TOLD: Final = "tieline-context"
"""What comes back as ``Application-UUID`` when a variable is set."""
_NAME: Final = re.compile(r"[0-9A-Za-z_]{1,40}", re.ASCII)
_EXPANDED: Final = frozenset("$\\{}")
"""What an application's argument is searched for: ``${system(…)}`` in what a caller said would be run."""
_END: Final = b"\n\n"
_VARIABLE: Final = "variable_"
_UNDEFINED: Final = "_undef_"


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One frame."""

    kind: str
    """Its Content-Type."""
    headers: Mapping[str, str]
    """Of an event the event's own; the first of each name."""

    def get(self, key: str) -> str:
        """Return a header; empty where there is none."""
        return self.headers.get(key, "")

    def variables(self) -> dict[str, str]:
        """Return the leg's variables."""
        found = {key: value for key, value in self.headers.items() if key.startswith(_VARIABLE)}
        return {key.removeprefix(_VARIABLE): value for key, value in found.items()}


class FrameReader:
    """Cuts one connection's bytes into frames; make a new one for each connection."""

    def __init__(self) -> None:
        self._buffer = b""

    def receive_data(self, data: bytes) -> list[Frame]:
        """Take bytes from the peer and return the frames that they completed.

        Raises:
            PeerProtocolError: This is no event socket, or a frame exceeds ``MAX_HEAD_BYTES`` or ``MAX_CONTENT_BYTES``.
                Do not use self again.
        """
        self._buffer += data
        frames: list[Frame] = []
        while True:
            # A frame may end in one line end more than it says.
            self._buffer = self._buffer.lstrip(b"\n")
            first, line_end, _ = self._buffer.partition(b"\n")
            if line_end and b": " not in first:
                raise PeerProtocolError(f"begins with {first[:80]!r}: this is no event socket")
            at = self._buffer.find(_END)
            if (len(self._buffer) if at < 0 else at) > MAX_HEAD_BYTES:
                raise PeerProtocolError(f"headers exceed {MAX_HEAD_BYTES} bytes: this is no event socket")
            if at < 0:
                return frames
            head = self._buffer[:at]
            headers = _headers(head, quoted=False)
            begin = at + len(_END)
            end = begin + _length_in(headers)
            if len(self._buffer) < end:
                return frames
            frames.append(_frame(headers, head, self._buffer[begin:end]))
            self._buffer = self._buffer[end:]


def unicast(freeswitch: str, here: tuple[str, int]) -> bytes:
    """Return the command that has FreeSWITCH send the caller's sound to us, and play what we send back.

    Each datagram is one packet's time of 16-bit samples in the machine's own byte order, at the rate of the caller's codec,
    and nothing else. The answer is +OK whatever comes of it.

    Args:
        freeswitch: Its own address; its system picks the port (0), which the first datagram tells.
        here: Our address and port.
    """
    host, port = here
    lines = ["sendmsg", "call-command: unicast", f"local-ip: {freeswitch}", "local-port: 0"]
    lines += [f"remote-ip: {host}", f"remote-port: {port}", "transport: udp"]
    return "\n".join(lines).encode() + _END


def export(context: Mapping[str, str]) -> list[bytes]:
    """Return the commands that set what is told with a caller: ``intent`` is ``tieline_intent``, on legs dialled for him too.

    Signs that FreeSWITCH would expand, or that nobody sees, are blanks.

    Raises:
        CommandRefusedError: A name is none, or there are too many.
    """
    if len(context) > MAX_CONTEXT:
        raise CommandRefusedError(f"the context has {len(context)} entries, and {MAX_CONTEXT} are taken at most")
    commands = []
    for name, value in context.items():
        if _NAME.fullmatch(name) is None:
            raise CommandRefusedError(f"{name!r} is no name for a context: letters, digits and _, 40 at most")
        told = "".join(" " if sign in _EXPANDED or unicodedata.category(sign)[0] in "CZ" else sign for sign in value)
        lines = ["sendmsg", "call-command: execute", "execute-app-name: export", f"Event-UUID: {TOLD}"]
        commands.append("\n".join([*lines, f"execute-app-arg: tieline_{name.lower()}={told}"]).encode() + _END)
    return commands


def _length_in(headers: Mapping[str, str]) -> int:
    number = headers.get("Content-Length", "0")
    if not (number.isascii() and number.isdigit()) or len(number) > 9 or int(number) > MAX_CONTENT_BYTES:
        raise PeerProtocolError(f"a Content-Length of {number[:20]!r}: this is no event socket")
    return int(number)


def _frame(headers: dict[str, str], head: bytes, content: bytes) -> Frame:
    kind = headers.get("Content-Type", "")
    if kind == EVENT:
        return Frame(kind=kind, headers=_headers(content.partition(_END)[0], quoted=True))
    # The answer to `connect` is a leg's event in disguise: all of it is quoted.
    return Frame(kind=kind, headers=_headers(head, quoted=True) if "Event-Name" in headers else headers)


def _headers(block: bytes, *, quoted: bool) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in block.split(b"\n"):
        key, colon, value = line.partition(b":")
        if colon:
            value = value.removeprefix(b" ")
            text = (unquote_to_bytes(value) if quoted else value).decode("utf-8", "replace")
            headers.setdefault(key.decode("utf-8", "replace"), "" if text == _UNDEFINED else text)
    return headers
