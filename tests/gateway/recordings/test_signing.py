"""The examples of Amazon's own document, "Signature Calculations for the Authorization Header"."""

from datetime import UTC, datetime

import pytest

from gateway.recordings.signing import EMPTY_SHA256, encoded, signed

AT = datetime(2013, 5, 24, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("method", "path", "headers", "sha256_of_body", "signature"),
    [
        (
            "GET",
            "/test.txt",
            {"Range": "bytes=0-9"},
            EMPTY_SHA256,
            "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
        ),
        (
            "PUT",
            "/test$file.text",
            {"Date": "Fri, 24 May 2013 00:00:00 GMT", "x-amz-storage-class": "REDUCED_REDUNDANCY"},
            "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
            "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
        ),
    ],
)
def test_signatures_are_those_of_the_document(
    method: str, path: str, headers: dict[str, str], sha256_of_body: str, signature: str
) -> None:
    proved = signed(
        method,
        "examplebucket.s3.amazonaws.com",
        encoded(path),
        headers,
        access_key="AKIAIOSFODNN7EXAMPLE",
        secret_key="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        region="us-east-1",
        sha256_of_body=sha256_of_body,
        at=AT,
    )
    assert proved["authorization"].endswith(f"Signature={signature}")
    assert proved["x-amz-date"] == "20130524T000000Z"
    assert "wJalr" not in str(proved)


def test_paths_are_encoded_once() -> None:
    assert encoded("/a b/中.wav~") == "/a%20b/%E4%B8%AD.wav~"
