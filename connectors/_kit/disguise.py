"""Other numbers, names and digits for those in a recording: the same ones each time, of the same length.

Numbers keep their first digits, names their letters' sizes, so that lengths and what a replay needs stay. Whoever knows a wire
format finds the places; here is what becomes of them.
"""

import re
from hashlib import blake2b
from typing import Final

_WORD: Final = re.compile(rb"[0-9A-Za-z\x80-\xff]+")
HIDDEN_DIGITS: Final = 6
"""Digits at the end of a number that are replaced: the ones before tell country and area."""
_HALF: Final = 1000
_ROUNDS: Final = 4
MIN_NAME_BYTES: Final = 3
"""Of a name that is also replaced where it is not announced as one: shorter ones are in every second word."""
MAX_NAMES: Final = 20_000
"""Names that we remember; of later ones only the announced places are replaced."""


class Disguise:
    """Replaces for one recording; all of it must go through the same object."""

    def __init__(self, key: bytes) -> None:
        """Make one.

        Args:
            key: Chance, at most 64 bytes: without it nobody can say which number became which.
        """
        self._key = key
        self._names: dict[bytes, bytes] = {}
        self._by_first_word: dict[bytes, list[bytes]] = {}

    def number(self, number: bytes) -> bytes:
        """Replace the last digits, by a permutation: no two numbers become one, however each is written."""
        left, right = int(number[-6:-3]), int(number[-3:])
        for round_number in range(_ROUNDS):
            left, right = right, (left + self._chance(b"number%d:%d" % (round_number, right))) % _HALF
        return b"%s%03d%03d" % (number[:-HIDDEN_DIGITS], left, right)

    def digits(self, digits: bytes) -> bytes:
        """Replace each digit."""
        return b"".join(b"%d" % (self._chance(b"digit%d:%s" % (at, digits)) % 10) for at in range(len(digits)))

    def name(self, name: bytes) -> bytes:
        """Replace a name, and remember it for :meth:`known_names`."""
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

    def known_names(self, value: bytes) -> bytes:
        """Replace the names that were announced before, wherever they are words of their own."""
        if not self._by_first_word:
            return value
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
