"""Takes people out of a recording: numbers and names become others, the same ones each time, of the same length.

Extensions and other short numbers stay, as do addresses of machines, which a replay needs not: read a recording before you pass
it on.
"""

import re
from typing import Final

from connectors._kit.disguise import Disguise

_NUMBER: Final = re.compile(rb"(?i)(?<=sip:|tel:)\+?\d{7,20}(?=[@;>\"<\s])|(?<=sips:)\+?\d{7,20}(?=[@;>\"<\s])")
_NAME: Final = re.compile(rb'(display=")([^"]*)(?=")|(")([^"<>=\r\n]+)(?="\s*<)')
_ANSWER: Final = re.compile(rb'(?i)(?<=response=")[0-9a-f]+')


class Anonymiser:
    """Replaces in one recording's messages; all of them must go through the same object."""

    def __init__(self, key: bytes) -> None:
        """Make one; ``key`` is chance, at most 64 bytes: without it nobody can say which number became which."""
        self._disguise = Disguise(key)

    def message(self, data: bytes) -> bytes:
        """Return a message, replaced, of the same length."""
        data = _NUMBER.sub(lambda found: self._disguise.number(found[0]), data)
        data = _ANSWER.sub(lambda found: b"0" * len(found[0]), data)
        return _NAME.sub(self._name, data)

    def _name(self, found: re.Match[bytes]) -> bytes:
        before, name = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
        if not name.strip(b"+ -()0123456789"):
            # A telephone that has no name shows its number.
            return before + (self._disguise.number(name) if re.fullmatch(rb"\+?\d{7,20}", name) else name)
        return before + self._disguise.name(name)
