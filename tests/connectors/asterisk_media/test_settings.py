from typing import Any

import msgspec
import pytest

from connectors.asterisk_media.settings import AsteriskMediaSettings


def read(data: dict[str, Any]) -> AsteriskMediaSettings:
    return msgspec.convert(data, AsteriskMediaSettings)


def test_one_way_is_enough_and_listens_on_loopback() -> None:
    settings = read({"audiosocket": {}})
    assert settings.audiosocket is not None
    assert (settings.audiosocket.host, settings.audiosocket.port) == ("127.0.0.1", 9092)
    assert settings.chan_websocket is None
    assert settings.allow == ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({}, "add `audiosocket: {}` or `chan_websocket: {}`"),
        ({"audiosocket": {}, "allow": ["pbx"]}, "'pbx' is no address"),
        ({"audiosocket": {}, "allow": []}, "length >= 1"),
        ({"chan_websocket": {"certificate": "/c.pem"}}, "certificate and key go together"),
        ({"audiosocket": {"port": 70000}}, "<= 65535"),
        ({"audiosocket": {}, "max_calls": 0}, ">= 1"),
        ({"audiosock": {}}, "unknown field `audiosock`"),
    ],
)
def test_what_is_wrong_is_said(data: dict[str, Any], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told.replace("{", r"\{")):
        read(data)
