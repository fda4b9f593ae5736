"""Signatures of requests to S3, version 4: pure.

Source: Amazon S3 API reference, "Authenticating Requests (AWS Signature Version 4)", whose examples are the tests.
"""

import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

EMPTY_SHA256: Final = sha256(b"").hexdigest()
_ALGORITHM: Final = "AWS4-HMAC-SHA256"


def signed(
    method: str,
    host: str,
    path: str,
    headers: Mapping[str, str],
    *,
    access_key: str,
    secret_key: str,
    region: str,
    sha256_of_body: str,
    at: float,
) -> dict[str, str]:
    """Return the headers with which a request without a query is sent: those given, and what proves who sends it.

    Args:
        host: With its port where that is not the scheme's own, as it is sent.
        path: Encoded by :func:`encoded`, from the first slash on.
        headers: What else is sent and must not be changed on the way.
        at: Seconds since the epoch; a server refuses what is 15 minutes off.
    """
    moment = datetime.fromtimestamp(at, UTC)
    stamp, day = moment.strftime("%Y%m%dT%H%M%SZ"), moment.strftime("%Y%m%d")
    all_headers = {name.lower(): value.strip() for name, value in headers.items()} | {
        "host": host,
        "x-amz-content-sha256": sha256_of_body,
        "x-amz-date": stamp,
    }
    names = ";".join(sorted(all_headers))
    lines = "".join(f"{name}:{all_headers[name]}\n" for name in sorted(all_headers))
    request = f"{method}\n{path}\n\n{lines}\n{names}\n{sha256_of_body}"
    scope = f"{day}/{region}/s3/aws4_request"
    text = f"{_ALGORITHM}\n{stamp}\n{scope}\n{sha256(request.encode()).hexdigest()}"
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    proof = f"{_ALGORITHM} Credential={access_key}/{scope},SignedHeaders={names},Signature={signature}"
    return all_headers | {"authorization": proof}


def encoded(path: str) -> str:
    """Return a path as it is signed and sent."""
    return quote(path, safe="/-_.~")
