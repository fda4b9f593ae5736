from typing import Any

import msgspec
import pytest

from connectors._kit.tls import TlsSettings
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.secret import Secret


def settings(**changed: Any) -> AsteriskSettings:
    return AsteriskSettings(**{"host": "10.0.0.5", "username": "tieline", "secret": Secret("x"), **changed})


def test_port_follows_tls_unless_it_is_given() -> None:
    assert settings().address == "10.0.0.5:5038"
    assert settings(tls=TlsSettings()).address == "10.0.0.5:5039"
    assert settings(port=5555, tls=TlsSettings()).address == "10.0.0.5:5555"
    assert settings(host="::1").address == "[::1]:5038"


def test_secret_is_never_shown() -> None:
    assert "x" not in repr(settings(secret=Secret("xxxx"))).replace("refused_retry_max_s", "").split("secret=")[1].split(",")[0]


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"port": 0},
        {"username": "a\r\nb"},
        {"retry_min_s": 60, "retry_max_s": 30},
        {"refused_retry_min_s": 1000, "refused_retry_max_s": 30},
        {"ping_interval_s": 15, "dead_after_s": 15},
        {"memory_bytes": 10},
        {"login": "kerberos"},
        {"commands": {"context": "internal\r\nAction: Logoff"}},
        {"commands": {"device": "PJSIP/1001"}},
        {"commands": {"device": "PJSIP/{extension}&PJSIP/carrier"}},
        {"commands": {"auto_answer": "Alert-Info"}},
        {"commands": {"variables": {"A": "1,B=2"}}},
        {"commands": {"astdb": {"busy": "C/F"}}},
        {"prot": 1},
    ],
)
def test_wrong_settings_are_refused(wrong: dict[str, Any]) -> None:
    given = {"host": "pbx", "username": "tieline", "secret": Secret("x"), **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(given, AsteriskSettings, dec_hook=lambda _type, value: value)
