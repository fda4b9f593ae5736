"""Answers to a digest challenge.

Source: RFC 2617 and 7616, RFC 8760 for SIP: MD5 and SHA-256, with ``qop`` or, from old PBXs, without.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Final

from gateway.model.errors import PeerRefusedError

_PARAMETER: Final = re.compile(r'([a-z]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)
_HASHES: Final = {"sha-256": hashlib.sha256, "md5": hashlib.md5}
"""By their names, the better first."""


def authorization(challenges: Sequence[str], user: str, secret: str, method: str, uri: str, cnonce: str) -> tuple[str, str]:
    """Return the nonce that was answered and the Authorization value that answers the best of the challenges.

    Raises:
        PeerRefusedError: None of them is a digest that we do.
    """
    able = []
    for challenge in challenges:
        scheme, _, rest = challenge.strip().partition(" ")
        given = {name.lower(): quoted or word for name, quoted, word in _PARAMETER.findall(rest)}
        algorithm = given.get("algorithm", "MD5").lower()
        if scheme.lower() == "digest" and algorithm in _HASHES and given.get("nonce"):
            able.append((list(_HASHES).index(algorithm), algorithm, given))
    if not able:
        raise PeerRefusedError("the PBX asks for a password in a way that we do not know: it must be a digest, MD5 or SHA-256")
    _, algorithm, given = min(able, key=lambda each: each[0])
    realm, nonce = given.get("realm", ""), given["nonce"]

    def hashed(text: str) -> str:
        return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()

    first, second = hashed(f"{user}:{realm}:{secret}"), hashed(f"{method}:{uri}")
    parts = [f'username="{user}"', f'realm="{realm}"', f'nonce="{nonce}"', f'uri="{uri}"']
    if "auth" in re.split(r"[,\s]+", given.get("qop", "").lower()):
        # Each request answers a nonce once.
        parts += [f'response="{hashed(f"{first}:{nonce}:00000001:{cnonce}:auth:{second}")}"']
        parts += ["qop=auth", "nc=00000001", f'cnonce="{cnonce}"']
    else:
        parts += [f'response="{hashed(f"{first}:{nonce}:{second}")}"']
    if "algorithm" in given:
        parts.append(f"algorithm={given['algorithm']}")
    if "opaque" in given:
        parts.append(f'opaque="{given["opaque"]}"')
    return nonce, "Digest " + ", ".join(parts)
