"""Which passwords are taken. Pure; how they are hashed is :mod:`gateway.api.passwords`.

Source: NIST SP 800-63B-4, 3.1.1: length counts, rules about kinds of characters do not; what is guessed first is refused.
"""

import unicodedata
from typing import Final

from gateway.model.users import login_key

MIN_CHARACTERS: Final = 10
MAX_CHARACTERS: Final = 200
"""Longer ones would only cost us the work of hashing them."""
MIN_DIFFERENT: Final = 4
"""Characters that are not the same: ``aaaaaaaaaa`` is one guess."""
MIN_OWN: Final = 4
"""Characters that a login or name must have to count as a guess."""

# The first of them in lists of leaked passwords that are long enough, and what people make of the rules of others.
_LISTED: Final = """
    1234567890 0123456789 0987654321 9876543210 12345678910 123456789a 1q2w3e4r5t 1qaz2wsx3edc qwertyuiop asdfghjkl1
    q1w2e3r4t5 password12 password123 password1234 passw0rd123 p@ssw0rd123 mypassword letmein123 welcome123 welcome1234
    iloveyou123 qwerty1234 qwerty12345 qwertyuiop1 administrator changeme123 abcdefghij abcd123456 abc123456789
    woaini1314 woaini1314520 5201314520 a123456789 aa12345678 qq123456789 zxcvbnm123 1122334455 1234512345 11223344556
    sunshine123 princess123 football123 superman123 tieline123 tielinetieline asterisk123 freeswitch callcenter
    callcentre callcenter1 contactcenter telephone1
"""
_GUESSED_FIRST: Final = frozenset(_LISTED.split())


def prepared(password: str) -> str:
    """Return the password as it is hashed: the same however a keyboard composes its letters (NFC)."""
    return unicodedata.normalize("NFC", password)


def weakness(password: str, *, login: str, name: str) -> str | None:
    """Say why a password is not taken; None when it is."""
    text = prepared(password)
    plain = text.casefold()
    if len(text) < MIN_CHARACTERS:
        return f"it has {len(text)} characters, and {MIN_CHARACTERS} are needed: three words make a good one"
    if len(text) > MAX_CHARACTERS:
        return f"it has {len(text)} characters, more than {MAX_CHARACTERS}"
    if len(set(plain)) < MIN_DIFFERENT:
        return "it repeats the same few characters"
    if plain in _GUESSED_FIRST:
        return "it is one of those that are guessed first"
    own = [login_key(login), login_key(login).partition("@")[0], *login_key(name).split(), "".join(login_key(name).split())]
    for word in own:
        if len(word) >= MIN_OWN and word in plain and len(plain) - len(word) < MIN_CHARACTERS - MIN_OWN:
            return "it is little more than the person's own name or login"
    return None
