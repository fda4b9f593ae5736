"""Takes people out of a recording: numbers, names and secrets become others, the same ones each time, of the same length.

What stays is what a replay needs: extensions and other short numbers, the first digits of long ones, ids, times and the dial
plan. Free text that a dial plan puts into variables is searched for known names and numbers only: read a recording before you
pass it on.
"""

import re
from typing import Final

from connectors._kit.disguise import Disguise

_NAME_KEY: Final = re.compile(rb"(?i)(?:.*(?:CallerID|ConnectedLine)Name|MemberName|Name|CNAM)$")
_SECRET_KEY: Final = re.compile(rb"(?i).*(?:secret|passw|pin$|^key$|token)")
_SECRET_VARIABLE: Final = re.compile(rb"(?i).*(?:secret|passw|pin|token)")
_TIME_KEY: Final = frozenset({b"Timestamp", b"LastCall", b"LastPause", b"LoginTime", b"SessionID", b"EventTV", b"SessionTV"})
_NO_NAMES: Final = frozenset({b"", b"<unknown>", b"Anonymous", b"anonymous", b"Unknown", b"unknown"})
_QUOTED: Final = re.compile(rb'"([^"<>]+)" ?<')

_KEPT_OR_NUMBER: Final = re.compile(
    rb"(?P<kept>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a bridge
    rb"|(?<!\d)\d{9,11}\.\d+"  # a leg's id or a time
    rb"|-0[0-9a-f]{7}(?![0-9A-Za-z]))"  # the end of a leg's name
    rb"|(?P<number>(?<![0-9A-Za-z])\+?\d{7,20}(?![0-9A-Za-z]))"
)
"""Digits that are no telephone number, then those that are: seven and more, alone."""


class Anonymiser:
    """Replaces in one recording's bytes, line by line. Every part of it must go through the same object."""

    def __init__(self, key: bytes, masked_contexts: tuple[str, ...] = ()) -> None:
        """Make one.

        Args:
            key: Chance, at most 64 bytes: without it nobody can say which number became which.
            masked_contexts: Contexts of the dial plan whose digits are data (a site's ``mask_digits``).
        """
        self._disguise = Disguise(key)
        self._masked = frozenset(context.encode() for context in masked_contexts)
        self._held = b""
        self._context = b""
        self._secret_follows = False

    def feed(self, data: bytes) -> bytes:
        """Take what came and return all lines that are whole, replaced. In total as much comes out as went in."""
        *lines, self._held = (self._held + data).split(b"\r\n")
        return b"".join(self.line(line) + b"\r\n" for line in lines)

    def flush(self) -> bytes:
        """Return the last line, which is not whole: the connection ended."""
        held, self._held = self._held, b""
        return self.line(held)

    def action(self, data: bytes) -> bytes:
        """Return an action of ours, replaced."""
        return b"\r\n".join(self.line(line) for line in data.split(b"\r\n"))

    def line(self, line: bytes) -> bytes:
        """Return one line, replaced, of the same length."""
        key, colon, value = line.partition(b":")
        if not colon:
            return self._text(line)
        bare = value.removeprefix(b" ")
        head = line[: len(line) - len(bare)]
        return head + self._value(key, bare)

    def _value(self, key: bytes, value: bytes) -> bytes:
        if key in (b"Event", b"Response", b"Action"):
            self._context, self._secret_follows = b"", False
            return value
        if key == b"Context":
            self._context = value
        if key == b"Variable":
            self._secret_follows = _SECRET_VARIABLE.match(value.partition(b"=")[0]) is not None
            if self._secret_follows and b"=" in value:
                name, _, secret = value.partition(b"=")
                return name + b"=" + b"x" * len(secret)
        if _SECRET_KEY.match(key) or (key == b"Value" and self._secret_follows):
            return b"x" * len(value)
        if key in _TIME_KEY:
            return value
        if self._context in self._masked and key in (b"Digit", b"Value"):
            return re.sub(rb"\d+", lambda found: self._disguise.digits(found.group()), value)
        if _NAME_KEY.match(key) and value not in _NO_NAMES and value.strip(b"+ -()0123456789"):
            return self._disguise.name(value)
        return self._text(value)

    def _text(self, value: bytes) -> bytes:
        for found in _QUOTED.finditer(value):
            if found[1] not in _NO_NAMES:
                self._disguise.name(found[1])
        # Numbers first: a replaced name holds none, but may look like one.
        value = _KEPT_OR_NUMBER.sub(lambda found: found["kept"] or self._disguise.number(found["number"]), value)
        return self._disguise.known_names(value)
