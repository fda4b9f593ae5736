from connectors.sip import wire
from connectors.sip.settings import AccountSettings, SipSettings
from connectors.sip.standing import Standing
from gateway.model.errors import PeerRefusedError, PeerUnavailableError
from gateway.model.secret import Secret
from gateway.ports.connector import LinkStatus


def standing(workers: int = 1) -> Standing:
    accounts = (
        AccountSettings(host="pbx.example", secret=Secret("x"), worker=1),
        AccountSettings(name="second", host="192.0.2.2"),
    )
    return Standing(SipSettings(accounts=accounts, workers=workers))


def account(state: wire.AccountState, code: int = 200, reason: str = "OK", name: str = "trunk") -> wire.AccountChanged:
    return wire.AccountChanged(account=name, state=state, code=code, reason=reason)


def test_it_is_connected_once_an_account_can_be_used() -> None:
    pbx = standing()
    assert pbx.status is LinkStatus.CONNECTING
    pbx.attached(1)
    assert pbx.status is LinkStatus.CONNECTING
    pbx.changed(1, account(wire.AccountState.USABLE))
    assert (pbx.status, pbx.text) == (LinkStatus.CONNECTED, "connected by SIP to pbx.example:5060 as trunk")
    pbx.changed(1, account(wire.AccountState.USABLE, name="second"))
    assert pbx.usable(1) == ["trunk", "second"]
    assert pbx.usable(2) == []


def test_a_user_that_the_pbx_does_not_take_is_named_with_the_cure() -> None:
    pbx = standing()
    pbx.attached(1)
    pbx.changed(1, account(wire.AccountState.REFUSED, 403, "Forbidden"))
    assert pbx.status is LinkStatus.REFUSED
    assert "pbx.example:5060 (udp) refuses tieline (403 Forbidden): is its password there that of `secret`" in pbx.text


def test_a_pbx_that_is_away_is_asked_again() -> None:
    pbx = standing()
    pbx.attached(1)
    pbx.changed(1, account(wire.AccountState.UNREACHABLE, 408, "Request Timeout", name="second"))
    assert pbx.status is LinkStatus.RETRYING
    assert "no answer from 192.0.2.2:5060" in pbx.text
    pbx.changed(1, account(wire.AccountState.UNREACHABLE, 503, "Service Unavailable", name="second"))
    assert "192.0.2.2:5060 (udp) answers 503 Service Unavailable to OPTIONS" in pbx.text


def test_one_worker_of_two_is_enough_and_the_other_is_mentioned() -> None:
    pbx = standing(2)
    pbx.attached(1)
    pbx.changed(1, account(wire.AccountState.USABLE))
    pbx.lost(2, PeerUnavailableError("worker-2 was killed by SIGSEGV"))
    assert pbx.status is LinkStatus.CONNECTED
    assert pbx.text.endswith("as trunk; worker-2 was killed by SIGSEGV (tried again by itself)")
    pbx.attached(2)
    assert "SIGSEGV" not in pbx.text


def test_without_a_worker_nothing_is_connected() -> None:
    pbx = standing()
    pbx.attached(1)
    pbx.changed(1, account(wire.AccountState.USABLE))
    pbx.lost(1, PeerUnavailableError("worker-1 hung"))
    assert pbx.status is LinkStatus.RETRYING


def test_a_worker_that_cannot_be_as_configured_is_for_the_operator() -> None:
    pbx = standing()
    pbx.lost(1, PeerRefusedError("worker-1 cannot be as the configuration says: UDP port 5070 is taken"))
    assert pbx.status is LinkStatus.REFUSED


def test_nothing_is_worse_than_no_binding() -> None:
    pbx = standing()
    pbx.attached(1)
    pbx.refused("run `make sip`")
    assert (pbx.status, pbx.text) == (LinkStatus.REFUSED, "run `make sip`")
