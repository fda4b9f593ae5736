from typing import Any

import msgspec
import pytest

from connectors.freeswitch_media.settings import FreeswitchMediaSettings


def read(data: dict[str, Any]) -> FreeswitchMediaSettings:
    return msgspec.convert(data, FreeswitchMediaSettings)


def test_nothing_needs_to_be_said_and_it_listens_on_loopback() -> None:
    settings = read({})
    assert (settings.host, settings.port, settings.allow) == ("127.0.0.1", 8471, ("127.0.0.0/8",))


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"allow": ["pbx"]}, "'pbx' is no address"),
        ({"allow": []}, "length >= 1"),
        ({"port": 70000}, "<= 65535"),
        ({"max_calls": 0}, ">= 1"),
        ({"prot": 1}, "unknown field `prot`"),
    ],
)
def test_what_is_wrong_is_said(data: dict[str, Any], told: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=told):
        read(data)
