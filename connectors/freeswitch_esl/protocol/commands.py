"""What a client says: a line, perhaps headers, an empty line, perhaps a body; nothing is quoted in it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from gateway.model.errors import CommandRefusedError, PeerProtocolError

MAX_COMMAND_BYTES: Final = 64 * 1024
"""Bytes of one command without its body: FreeSWITCH's own buffer."""
MAX_BODY_BYTES: Final = 1024 * 1024
_END: Final = b"\n\n"


class EslCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What a client said."""

    name: str
    """``bgapi``, ``sendmsg``"""
    argument: str
    """The rest of its line."""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""

    def header(self, key: str) -> str:
        """Return the value of the first header of this name, whatever its case; empty when there is none."""
        return next((value for name, value in self.headers if name.lower() == key.lower()), "")


def encode_command(name: str, argument: str = "", headers: Sequence[tuple[str, str]] = (), body: str | None = None) -> bytes:
    """Return the bytes of one command.

    Raises:
        CommandRefusedError: A word, key or value holds a line end or NUL, which would put another command into this one; or
            FreeSWITCH would not read it all. Nothing may be sent.
    """
    lines = [f"{name} {argument}" if argument else name]
    lines += [f"{key}: {value}" for key, value in headers]
    for (key, value), line in zip((("its line", ""), *headers), lines, strict=True):
        if any(sign in line for sign in "\r\n\0"):
            raise CommandRefusedError(f"ESL command {name!r}: {key} holds a line end or NUL")
        if value and (not key or ":" in key or key != key.strip()):
            raise CommandRefusedError(f"ESL command {name!r}: {key!r} is no header name")
    try:
        content = b"" if body is None else body.encode()
        if body is not None:
            lines.append(f"Content-Length: {len(content)}")
        head = "\n".join(lines).encode()
    except UnicodeEncodeError as error:
        raise CommandRefusedError(f"ESL command {name!r} is no text") from error
    if len(head) > MAX_COMMAND_BYTES or len(content) > MAX_BODY_BYTES:
        raise CommandRefusedError(f"ESL command {name!r} is longer than FreeSWITCH reads")
    return head + _END + content


def execute(application: str, argument: str, event_id: str, *, leg: str = "", lock: bool = False, loops: int = 1) -> bytes:
    """Return the ``sendmsg`` that lets a leg run an application of the dial plan; its end is told with ``event_id``.

    Args:
        application: Such as ``playback``.
        argument: As the dial plan would write it. One of several lines goes as a body.
        event_id: Comes back as ``Application-UUID`` of CHANNEL_EXECUTE_COMPLETE.
        leg: Its Unique-ID; empty on an outbound socket, which has one of its own.
        lock: Run one after the other. Without it one that comes while another runs interrupts it and is done first.
        loops: How many times.

    Raises:
        CommandRefusedError: It cannot be written.
    """
    headers = [("call-command", "execute"), ("execute-app-name", application), ("Event-UUID", event_id)]
    if lock:
        headers.append(("event-lock", "true"))
    if loops > 1:
        headers.append(("loops", str(loops)))
    if "\n" in argument:
        return encode_command("sendmsg", leg, [*headers, ("Content-Type", "text/plain")], argument)
    if argument:
        headers.append(("execute-app-arg", argument))
    return encode_command("sendmsg", leg, headers)


class EslCommandDecoder:
    """Cuts what one client sends into commands."""

    def __init__(self) -> None:
        self._buffer = b""

    def receive_data(self, data: bytes) -> list[EslCommand]:
        """Take bytes from the client and return the commands that they completed.

        Raises:
            PeerProtocolError: A command is longer than FreeSWITCH would read.
        """
        self._buffer += data
        commands: list[EslCommand] = []
        while True:
            # Empty lines before a command mean nothing.
            self._buffer = self._buffer.lstrip(b"\r\n")
            head, end, rest = self._buffer.replace(b"\r\n", b"\n").partition(_END)
            if not end:
                if len(self._buffer) > MAX_COMMAND_BYTES:
                    raise PeerProtocolError(f"a command exceeds {MAX_COMMAND_BYTES} bytes")
                return commands
            first, *lines = head.decode("utf-8", "replace").split("\n")
            headers = tuple(
                (key.strip(), value.strip()) for key, colon, value in (line.partition(":") for line in lines) if colon
            )
            name, _, argument = first.strip().partition(" ")
            command = EslCommand(name=name.lower(), argument=argument.strip(), headers=headers)
            length = command.header("Content-Length") or "0"
            if not (length.isascii() and length.isdigit()) or len(length) > 9 or int(length) > MAX_BODY_BYTES:
                raise PeerProtocolError(f"a command's Content-Length is {length[:20]!r}")
            if len(rest) < int(length):
                return commands
            body, self._buffer = rest[: int(length)], rest[int(length) :]
            commands.append(msgspec.structs.replace(command, body=body.decode("utf-8", "replace")))
