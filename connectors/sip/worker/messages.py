"""What a worker reads from SIP messages, and writes into them, as text. No I/O.

Source: RFC 3261, 3323 (Privacy), 3325 (P-Asserted-Identity), 3326 (Reason), 7433 (User-to-User).
"""

import re
from collections.abc import Sequence
from typing import Final

from connectors.sip.wire import Header

_TOLD: Final = frozenset({"user-to-user", "diversion", "history-info", "p-asserted-identity", "privacy"})
_COMPACT: Final = {"f": "from", "t": "to", "i": "call-id", "m": "contact"}
_WITHHELD: Final = frozenset({"anonymous", "unavailable", "restricted", "unknown"})
_CAUSE: Final = re.compile(r"Q\.850\s*;.*?cause\s*=\s*(\d{1,3})", re.IGNORECASE)
_USER: Final = re.compile(r"(?:sips?|tel):(?:([^@;>?\s]+)@[^>\s]*|(\+?[0-9*#.()-]+))", re.IGNORECASE)
_NAME: Final = re.compile(r'^\s*(?:"((?:[^"\\]|\\.)*)"|([^<":]*?))\s*<')
_SAFE_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9-]*$")
_ESCAPED: Final = re.compile(r"%([0-9A-Fa-f]{2})")
_PLAIN: Final = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~!*'()")


def headers_of(message: str) -> list[Header]:
    """Return the headers of a whole message, names as they came, folded lines joined."""
    head = message.replace("\r\n", "\n").partition("\n\n")[0]
    lines = re.sub(r"\n[ \t]+", " ", head).split("\n")[1:]
    return [(name.strip(), value.strip()) for name, colon, value in (line.partition(":") for line in lines) if colon]


def first(headers: Sequence[Header], name: str) -> str:
    """Return a header's first value; empty when there is none."""
    return next((value for key, value in headers if _COMPACT.get(key.lower(), key.lower()) == name), "")


def told(headers: Sequence[Header]) -> tuple[Header, ...]:
    """Return those that the gateway wants to know."""
    return tuple((name, value) for name, value in headers if name.lower().startswith("x-") or name.lower() in _TOLD)


def requested_user(message: str) -> str:
    """Return the user of the Request-URI: the number that was called."""
    return user_of(message.partition("\n")[0])


def user_of(address: str) -> str:
    """Return the number, or name, of an address's URI; empty when it has none or is withheld."""
    found = _USER.search(address)
    if found is None:
        return ""
    user = _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), found[1] or found[2])
    return "" if user.lower() in _WITHHELD else user


def name_of(address: str) -> str:
    """Return the display name of an address; empty when it has none or is withheld."""
    found = _NAME.match(address)
    name = "" if found is None else re.sub(r"\\(.)", r"\1", found[1] or found[2] or "")
    return "" if name.lower() in _WITHHELD else name


def caller_of(headers: Sequence[Header]) -> tuple[str, str]:
    """Return number and name of who calls: P-Asserted-Identity, else From; both empty where privacy is asked for."""
    if "id" in first(headers, "privacy").lower().split(";"):
        return "", ""
    sender = first(headers, "from")
    asserted = first(headers, "p-asserted-identity") or sender
    return user_of(asserted), name_of(asserted) or name_of(sender)


def cause_of(message: str) -> int:
    """Return the Q.850 cause of a message's Reason; 0 when it has none."""
    for name, value in headers_of(message):
        found = _CAUSE.search(value) if name.lower() == "reason" else None
        if found is not None:
            return int(found[1])
    return 0


def reason_header(cause: int) -> Header:
    """Return the header that tells a Q.850 cause."""
    return "Reason", f"Q.850;cause={cause}"


def uri_of(target: str, to: str) -> str:
    """Return where a call goes: a whole URI as it is, a number put before an account's target."""
    if to.lower().startswith(("sip:", "sips:")):
        return to
    scheme, _, rest = target.partition(":")
    return f"{scheme}:{escaped(to)}@{rest}"


def address_of(identity: str, number: str, name: str) -> str:
    """Return a From of another number, and name, than the identity ``sip:user@domain`` has."""
    scheme, _, rest = identity.partition(":")
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    shown = f'"{quoted}" ' if name else ""
    return f"{shown}<{scheme}:{escaped(number)}@{rest.rpartition('@')[2]}>"


def refer_to(uri: str, headers: Sequence[Header]) -> str:
    """Return a Refer-To with headers for the INVITE that comes of it."""
    asked = "&".join(f"{escaped(name)}={escaped(value)}" for name, value in headers)
    return f"<{uri}?{asked}>" if asked else f"<{uri}>"


def escaped(text: str) -> str:
    """Return text as it may stand in a URI."""
    return "".join(chr(byte) if byte in _PLAIN or byte == 0x2B else f"%{byte:02X}" for byte in text.encode())


def is_header(header: Header) -> bool:
    """Tell whether it is one header and nothing else: a line's end in it would begin another."""
    name, value = header
    return _SAFE_NAME.match(name) is not None and value.isprintable()
