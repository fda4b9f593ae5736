from typing import Any

import msgspec
import pytest

from connectors.sip_mirror.settings import MirrorSettings


def read(**more: Any) -> MirrorSettings:
    return msgspec.convert({"host": "192.0.2.10", "extensions": ["1001"], **more}, MirrorSettings)


def test_the_port_is_the_transport_s_own() -> None:
    assert [read(transport=way).where.port for way in ("udp", "tcp", "tls")] == [5060, 5060, 5061]
    assert read(transport="tls").where.tls is not None
    assert read().where.tls is None
    assert read(port=5070).address == "192.0.2.10:5070"


def test_what_stands_behind_the_at() -> None:
    assert read().sip_domain == "192.0.2.10"
    assert read(port=5070).sip_domain == "192.0.2.10:5070"
    assert read(port=5070, domain="pbx.example").sip_domain == "pbx.example"
    assert read(host="2001:db8::1").sip_domain == "[2001:db8::1]"


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"extensions": []}, "length >= 1"),
        ({"extensions": ["1001", "1001"]}, "stands there twice"),
        ({"mailboxes": ["1001", "1001"]}, "mailboxes: one stands there twice"),
        ({"extensions": ["10 01"]}, "matching regex"),
        ({"tls": {}}, "needs `transport: tls`"),
        ({"dead_after_s": 5.0}, "more than ping_interval_s"),
        ({"retry_min_s": 60.0}, "retry_min_s is more"),
        ({"refused_retry_min_s": 3600.0}, "refused_retry_min_s is more"),
        ({"extension": ["1001"]}, "unknown field `extension`"),
    ],
)
def test_what_makes_no_sense_is_refused_with_its_name(more: dict[str, Any], says: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=says):
        read(**more)
