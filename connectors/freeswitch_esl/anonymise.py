"""Takes people out of a recording: numbers, names and secrets become others, the same ones each time, of the same length.

What stays is what a replay needs: extensions and other short numbers, the first digits of long ones, ids, times and the dial
plan. Free text that a dial plan puts into variables is searched for known names and numbers only: read a recording before you
pass it on.
"""

import re
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from connectors._kit.disguise import Disguise
from connectors.freeswitch_esl.protocol.frames import SAFE

_NAME_KEY: Final = re.compile(
    rb"(?i).*(?:id[-_]name|callee[-_]name|cid_name|sip_from_display|sip_to_display|caller_name|agent_name)$"
)
_SECRET_KEY: Final = re.compile(rb"(?i).*(?:secret|passw|a1[-_]hash|authorization|token|(?:^|[-_])pin$)")
_KEPT_KEY: Final = re.compile(
    rb"(?i)(?:content-length|event-(?:date|sequence|calling).*|.*(?:time|timestamp|epoch|[mu]sec|duration|_at|stamp|uptime|ssrc|port))$"
)
_DIGITS_KEY: Final = re.compile(rb"(?i)DTMF-Digit|variable_.*(?:digit|read_|input|entered|account|pin).*")
_NO_NAMES: Final = frozenset(
    {b"", b"_undef_", b"unknown", b"Unknown", b"anonymous", b"Anonymous", b"Outbound Call", b"FreeSWITCH"}
)
_QUOTED: Final = re.compile(rb'"([^"<>]+)" ?<')
_JSON: Final = re.compile(rb'"(?P<key>[^"\\]+)":\s*"(?P<value>(?:[^"\\]|\\.)*)"')
_KEPT_OR_NUMBER: Final = re.compile(
    rb"(?P<kept>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a leg, a job
    rb"|(?<!\d)1\d{9}(?:\d{6})?(?!\d)(?=:[0-9a-f]{8}-)"  # the time in a transfer's history
    rb"|(?<=\|)1[5-9]\d{8}(?=\|))"  # a time in a list of agents or callers
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

    def feed(self, data: bytes) -> bytes:
        """Take what came and return all lines that are whole, replaced. In total as much comes out as went in."""
        *lines, self._held = (self._held + data).split(b"\n")
        return b"".join(self.line(line) + b"\n" for line in lines)

    def flush(self) -> bytes:
        """Return the last line, which is not whole: the connection ended."""
        held, self._held = self._held, b""
        return self.line(held)

    def command(self, data: bytes) -> bytes:
        """Return a command of ours, replaced."""
        return b"\n".join(self.line(line) for line in data.split(b"\n"))

    def line(self, line: bytes) -> bytes:
        """Return one line, replaced, of the same length."""
        if b'":' in line:
            return _JSON.sub(self._in_json, line)
        key, colon, value = line.partition(b": ")
        if not colon or b" " in key:
            return self._text(line)
        if key == b"Event-Name":
            self._context = b""
        elif key == b"Caller-Context":
            self._context = value
        return key + colon + self._quoted(key, value)

    def _quoted(self, key: bytes, value: bytes) -> bytes:
        if b"%" not in value:
            return self._value(key, value)
        new = quote(self._value(key, unquote_to_bytes(value)), safe=SAFE).encode()
        # Not quoted as FreeSWITCH does it: nobody knows what it was, and a frame must keep its length.
        return new if len(new) == len(value) else b"x" * len(value)

    def _in_json(self, found: re.Match[bytes]) -> bytes:
        whole, start = found[0], found.start("value") - found.start()
        return whole[:start] + self._value(found["key"], found["value"]) + b'"'

    def _value(self, key: bytes, value: bytes) -> bytes:
        if _SECRET_KEY.match(key):
            return b"x" * len(value)
        if _KEPT_KEY.match(key):
            return value
        if self._context in self._masked and _DIGITS_KEY.match(key):
            return re.sub(rb"\d+", lambda digits: self._disguise.digits(digits[0]), value)
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
