from typing import Any

import msgspec
import pytest

from connectors.sip.settings import AccountSettings, GuardSettings, ListenSettings, SipSettings
from connectors.sip.wire import Protocol
from gateway.model.secret import Secret


def account(**given: Any) -> AccountSettings:
    return AccountSettings(**{"host": "pbx.example", **given})


def settings(*accounts: AccountSettings, **given: Any) -> SipSettings:
    return SipSettings(accounts=accounts or (account(),), **given)


def test_who_has_a_secret_registers_unless_told_otherwise() -> None:
    assert not account().registers
    assert account(secret=Secret("x")).registers
    assert not account(secret=Secret("x"), register=False).registers


def test_a_port_follows_the_transport() -> None:
    assert account().sip_port == 5060
    assert account(transport=Protocol.TLS).sip_port == 5061
    assert account(transport=Protocol.TLS, port=5071).sip_port == 5071


def test_each_worker_has_its_own_accounts_and_those_of_all() -> None:
    given = settings(account(), account(name="a", secret=Secret("x"), worker=2), workers=2)
    assert [each.name for each in given.accounts_of(1)] == ["trunk"]
    assert [each.name for each in given.accounts_of(2)] == ["trunk", "a"]


WRONG: list[tuple[str, dict[str, Any]]] = [
    ("two have the same name", {"accounts": (account(), account())}),
    ("there are 1", {"accounts": (account(worker=2),)}),
    ("it needs `worker: 1`", {"accounts": (account(secret=Secret("x")),), "workers": 2}),
    ("has `transport: udp`, and listen has `udp: false`", {"listen": ListenSettings(udp=False)}),
    ("has no secret", {"accounts": (account(register=True),)}),
    ("none is for worker 2", {"accounts": (account(worker=1),), "workers": 2}),
    ("rtp_ports", {"listen": ListenSettings(rtp_ports="20001-20000")}),
    ("rtp_ports", {"listen": ListenSettings(rtp_ports="20000-70000")}),
    ("go together", {"listen": ListenSettings(tls_port=5090)}),
    ("too near", {"listen": ListenSettings(tls_port=5071, certificate_file="x"), "workers": 2}),
    ("beyond 65535", {"listen": ListenSettings(port=65535), "workers": 2}),
    ("more than retry_max_s", {"retry_min_s": 31.0}),
]


@pytest.mark.parametrize(("text", "given"), WRONG)
def test_what_cannot_be_is_refused(text: str, given: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=text):
        SipSettings(**{"accounts": (account(),), **given})


def test_a_network_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="'pbx' is no address"):
        GuardSettings(allow=("192.0.2.1", "2001:db8::/32", "pbx"))


@pytest.mark.parametrize("user", ["a b", "a@b", "a>b", 'a"b', "a;b", "a\nb"])
def test_no_user_says_more_than_a_name_in_a_sip_address(user: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"accounts": [{"host": "pbx", "user": user}]}, SipSettings)
