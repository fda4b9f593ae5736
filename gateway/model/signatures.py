"""Standard Webhooks' signatures: HMAC-SHA256 over id, time and body, by a key that both sides have.

Source: Standard Webhooks, "Signature scheme" (github.com/standard-webhooks, spec version 1.0.0).
"""

import hmac
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

PREFIX: Final = "whsec_"
KEY_BYTES: Final = 32
"""Bytes of a key that we make; the standard allows 24 to 64."""
LEAST_KEY_BYTES: Final = 24
MOST_KEY_BYTES: Final = 64


def secret_of(key: bytes) -> str:
    """Write a key as both sides keep it."""
    return PREFIX + b64encode(key).decode()


def key_of(secret: str) -> bytes | None:
    """Read a key; None when it is none of 24 to 64 bytes."""
    try:
        key = b64decode(secret.removeprefix(PREFIX), validate=True)
    except (Base64Error, ValueError):
        return None
    return key if secret.startswith(PREFIX) and LEAST_KEY_BYTES <= len(key) <= MOST_KEY_BYTES else None


def headers_of(event_id: str, at: float, body: bytes, keys: Iterable[bytes]) -> dict[str, str]:
    """Return the headers by which a receiver knows that a message is ours and new.

    Args:
        event_id: The same each time that the message is sent.
        at: When it is sent, in seconds since the epoch.
        body: As it is sent.
        keys: A signature for each: while a key is changed the receiver may know either.
    """
    timestamp = str(int(at))
    signed = f"{event_id}.{timestamp}.".encode() + body
    signatures = (b64encode(hmac.digest(key, signed, sha256)).decode() for key in keys)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
