from base64 import b64encode
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from gateway.model.signatures import KEY_BYTES, LEAST_KEY_BYTES, MOST_KEY_BYTES, headers_of, key_of, secret_of

# Of the standard's own example ("Signature scheme"; its libraries test with it).
KEY = b"\x31\xf2\x52\xf9" * 6
SECRET = "whsec_" + b64encode(KEY).decode()


@given(key=st.binary(min_size=LEAST_KEY_BYTES, max_size=MOST_KEY_BYTES))
def test_a_secret_is_a_key(key: bytes) -> None:
    assert key_of(secret_of(key)) == key


@pytest.mark.parametrize(
    "secret",
    [
        "",
        "whsec_",
        "whsec_abc",
        b64encode(bytes(KEY_BYTES)).decode(),
        secret_of(bytes(LEAST_KEY_BYTES - 1)),
        secret_of(bytes(MOST_KEY_BYTES + 1)),
        "whsec_" + "ä" * 40,
        "whsec_" + "!" * 44,
    ],
)
def test_what_is_no_secret_is_refused(secret: str) -> None:
    assert key_of(secret) is None


@given(event_id=st.text(alphabet="01ABC:-", min_size=1), body=st.text(), seconds=st.integers(0, 4_000_000_000))
def test_signatures_are_those_of_the_standards_library(event_id: str, body: str, seconds: int) -> None:
    headers = headers_of(event_id, seconds + 0.9, body.encode("utf-8", "replace"), [KEY])

    expected = Webhook(SECRET).sign(event_id, datetime.fromtimestamp(seconds, UTC), body.encode("utf-8", "replace").decode())
    assert headers == {"webhook-id": event_id, "webhook-timestamp": str(seconds), "webhook-signature": expected}


def test_while_a_key_is_changed_there_are_two_signatures() -> None:
    one, other, both = (headers_of("e", 1.0, b"{}", keys) for keys in ([KEY], [bytes(32)], [KEY, bytes(32)]))

    assert both["webhook-signature"] == f"{one['webhook-signature']} {other['webhook-signature']}"
