from collections.abc import Sequence
from typing import Any

import pytest

from connectors.sip import wire
from connectors.sip.configuring import configure, look_up
from connectors.sip.settings import AccountSettings, GuardSettings, ListenSettings, SipSettings
from gateway.model.errors import PeerUnavailableError
from gateway.model.secret import Secret


async def known(host: str) -> Sequence[str]:
    return {"pbx.example": ["192.0.2.10", "2001:db8::10"]}.get(host, [host])


async def configured(worker: int = 1, account: dict[str, Any] | None = None, **given: Any) -> wire.Configure:
    own = AccountSettings(**{"host": "pbx.example", **(account or {})})
    return await configure(SipSettings(accounts=(own,), **given), worker, known)


async def test_workers_share_no_port() -> None:
    listen = ListenSettings(rtp_ports="20000-20099", tls_port=5090, certificate_file="own.pem")
    both = [await configured(worker, workers=2, listen=listen) for worker in (1, 2)]
    assert [(each.rtp_first, each.rtp_last) for each in both] == [(20000, 20049), (20050, 20099)]
    assert [[transport.port for transport in each.transports] for each in both] == [[5070, 5070, 5090], [5071, 5071, 5091]]
    assert both[1].transports[2].key == "own.pem"


async def test_a_worker_has_the_transports_that_are_wanted() -> None:
    given = await configured(account={"transport": wire.Protocol.TCP}, listen=ListenSettings(udp=False))
    assert [transport.protocol for transport in given.transports] == [wire.Protocol.TCP]
    given = await configured(account={"transport": wire.Protocol.TLS}, listen=ListenSettings(udp=False, tcp=False))
    assert [transport.protocol for transport in given.transports] == [wire.Protocol.TLS]


async def test_our_address_outside_is_asked_for_unless_it_is_known() -> None:
    async def ask(servers: tuple[str, ...]) -> str:
        return f"198.51.100.{len(servers)}"

    async def addresses(**given: Any) -> tuple[set[str | None], tuple[str, ...]]:
        settings = SipSettings(accounts=(AccountSettings(host="pbx.example"),), listen=ListenSettings(**given))
        made = await configure(settings, 1, known, ask)
        return {transport.public_address for transport in made.transports}, made.stun

    assert await addresses() == ({None}, ())
    assert await addresses(stun=("a", "b")) == ({"198.51.100.2"}, ())
    assert await addresses(stun=("a",), public_address="203.0.113.5") == ({"203.0.113.5"}, ())
    assert await addresses(stun=("a",), ice=True) == ({"198.51.100.1"}, ("a",))


async def test_only_the_pbx_may_reach_us_unless_told_otherwise() -> None:
    assert (await configured()).guard.allow == ("192.0.2.10/32", "2001:db8::10/128")
    given = await configured(guard=GuardSettings(allow=("198.51.100.7/24",)))
    assert given.guard.allow == ("198.51.100.0/24",)


async def test_an_account_registers_with_its_secret() -> None:
    account = (await configured(account={"secret": Secret("s"), "transport": wire.Protocol.TCP})).accounts[0]
    assert account.registrar == account.target == "sip:192.0.2.10:5060;transport=tcp"
    assert account.identity == "sip:tieline@pbx.example"
    assert (account.user, account.password, account.keepalive_s) == ("tieline", "s", 0)
    # A PBX that knows us by From takes another one for somebody else.
    assert not account.caller_in_from
    given = await configured(account={"secret": Secret("s"), "caller": "from"})
    assert given.accounts[0].caller_in_from


async def test_a_trunk_is_asked_whether_it_is_there() -> None:
    account = (await configured(account={"host": "2001:db8::1"})).accounts[0]
    assert account.registrar is None
    assert account.target == "sip:[2001:db8::1]:5060"
    assert account.identity == "sip:tieline@[2001:db8::1]"
    assert account.keepalive_s == 30
    assert account.caller_in_from


async def test_over_tls_the_name_is_dialled_that_the_certificate_is_made_out_to() -> None:
    given = await configured(account={"transport": wire.Protocol.TLS})
    assert given.accounts[0].target == "sip:pbx.example:5061;transport=tls"
    assert given.transports[-1].protocol is wire.Protocol.TLS
    assert given.transports[-1].port == 0


async def test_what_changes_a_worker_changes_its_fingerprint() -> None:
    first = await configured()
    assert first == await configured()
    for other in (await configured(user_agent="Other"), await configured(account={"secret": Secret("x")})):
        assert other.fingerprint != first.fingerprint


async def test_a_name_that_nobody_knows_is_said() -> None:
    assert await look_up("127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(PeerUnavailableError, match=r"nowhere\.invalid"):
        await look_up("nowhere.invalid")
