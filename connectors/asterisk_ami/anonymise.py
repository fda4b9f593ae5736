"""Takes people out of a recording: numbers, names and secrets become others, the same ones each time, of the same length.

What stays is what a replay needs: extensions and other short numbers, the first digits of long ones, ids, times and the dial
plan. Free text that a dial plan puts into variables is searched for known names and numbers only: read a recording before you
pass it on.
"""

import re
from hashlib import blake2b
from typing import Final

_NAME_KEY: Final = re.compile(rb"(?i)(?:.*(?:CallerID|ConnectedLine)Name|MemberName|Name|CNAM)$")
_SECRET_KEY: Final = re.compile(rb"(?i).*(?:secret|passw|pin$|^key$|token)")
_SECRET_VARIABLE: Final = re.compile(rb"(?i).*(?:secret|passw|pin|token)")
_TIME_KEY: Final = frozenset({b"Timestamp", b"LastCall", b"LastPause", b"LoginTime", b"SessionID", b"EventTV", b"SessionTV"})
_NO_NAMES: Final = frozenset({b"", b"<unknown>", b"Anonymous", b"anonymous", b"Unknown", b"unknown"})
_WORD: Final = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
_QUOTED: Final = re.compile(rb'"([^"<>]+)" ?<')

_KEPT_OR_NUMBER: Final = re.compile(
    rb"(?P<kept>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"  # a bridge
    rb"|(?<!\d)\d{9,11}\.\d+"  # a leg's id or a time
    rb"|-0[0-9a-f]{7}(?![0-9A-Za-z]))"  # the end of a leg's name
    rb"|(?P<number>(?<![0-9A-Za-z])\+?\d{7,20}(?![0-9A-Za-z]))"
)
"""Digits that are no telephone number, then those that are: seven and more, alone."""
HIDDEN_DIGITS: Final = 6
"""Digits at the end of a number that are replaced: the ones before tell country and area."""
_HALF: Final = 1000
_ROUNDS: Final = 4
MIN_NAME_BYTES: Final = 3
"""Of a name that is also replaced where it is not announced as one: shorter ones are in every second word."""
MAX_NAMES: Final = 20_000
"""Names that we remember; of later ones only the announced places are replaced."""


class Anonymiser:
    """Replaces in one recording's bytes, line by line. Every part of it must go through the same object."""

    def __init__(self, key: bytes, masked_contexts: tuple[str, ...] = ()) -> None:
        """Make one.

        Args:
            key: Chance, at most 64 bytes: without it nobody can say which number became which.
            masked_contexts: Contexts of the dial plan whose digits are data (a site's ``mask_digits``).
        """
        self._key = key
        self._masked = frozenset(context.encode() for context in masked_contexts)
        self._held = b""
        self._names: dict[bytes, bytes] = {}
        self._by_first_word: dict[bytes, list[bytes]] = {}
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
            return re.sub(rb"\d+", lambda found: self._digits(found.group()), value)
        if _NAME_KEY.match(key) and value not in _NO_NAMES and value.strip(b"+ -()0123456789"):
            return self._name(value)
        return self._text(value)

    def _text(self, value: bytes) -> bytes:
        for found in _QUOTED.finditer(value):
            if found[1] not in _NO_NAMES:
                self._name(found[1])
        # Numbers first: a replaced name holds none, but may look like one.
        value = _KEPT_OR_NUMBER.sub(lambda found: found["kept"] or self._number(found["number"]), value)
        return self._known_names(value) if self._by_first_word else value

    def _number(self, number: bytes) -> bytes:
        """Replace the last digits, by a permutation: no two numbers become one, however each is written."""
        left, right = int(number[-6:-3]), int(number[-3:])
        for round_number in range(_ROUNDS):
            left, right = right, (left + self._chance(b"number%d:%d" % (round_number, right))) % _HALF
        return b"%s%03d%03d" % (number[:-HIDDEN_DIGITS], left, right)

    def _digits(self, digits: bytes) -> bytes:
        return b"".join(b"%d" % (self._chance(b"digit%d:%s" % (at, digits)) % 10) for at in range(len(digits)))

    def _name(self, name: bytes) -> bytes:
        known = self._names.get(name)
        if known is not None:
            return known
        new = self._letters(name)
        if len(self._names) < MAX_NAMES:
            self._names[name] = new
            first = _WORD.match(name)
            if first is not None and len(name) >= MIN_NAME_BYTES:
                names = self._by_first_word.setdefault(first.group(), [])
                names.append(name)
                names.sort(key=len, reverse=True)
        return new

    def _known_names(self, value: bytes) -> bytes:
        """Replace the names that were announced before, wherever they are words of their own."""
        parts, done = [], 0
        for word in _WORD.finditer(value):
            start = word.start()
            for name in self._by_first_word.get(word.group(), ()) if start >= done else ():
                end = start + len(name)
                if value.startswith(name, start) and not _WORD.match(value, end):
                    parts += [value[done:start], self._names[name]]
                    done = end
                    break
        return b"".join([*parts, value[done:]])

    def _letters(self, name: bytes) -> bytes:
        """Replace each letter by another that takes as many bytes."""
        try:
            text = name.decode()
        except UnicodeDecodeError:
            return self._raw_letters(name)
        return "".join(self._letter(character, at, name) for at, character in enumerate(text)).encode()

    def _letter(self, character: str, at: int, name: bytes) -> str:
        chance = self._chance(b"letter%d:%s" % (at, name))
        if character.isascii():
            if character.isdigit():
                return str(chance % 10)
            if not character.isalpha():
                return character
            return chr((65 if character.isupper() else 97) + chance % 26)
        match len(character.encode()):
            case 2:
                return chr(0x00E0 + chance % 23)  # à to ö
            case 3:
                return chr(0x4E00 + chance % 5000)  # Chinese
            case _:
                return chr(0x20000 + chance % 5000)

    def _raw_letters(self, name: bytes) -> bytes:
        """The same for names in another encoding: pairs of high bytes are GB2312 or Big5, single ones Latin."""
        new = bytearray(name)
        at = 0
        while at < len(new):
            chance = self._chance(b"letter%d:%s" % (at, name))
            if new[at] < 128:
                new[at : at + 1] = self._letter(chr(new[at]), at, name).encode()
            elif at + 1 < len(new) and new[at + 1] >= 128:
                new[at], new[at + 1] = 0xB0 + chance % 0x28, 0xA1 + (chance >> 8) % 0x5E
                at += 1
            else:
                new[at] = 0xE0 + chance % 23
            at += 1
        return bytes(new)

    def _chance(self, what: bytes) -> int:
        return int.from_bytes(blake2b(what, key=self._key, digest_size=8).digest(), "big")
