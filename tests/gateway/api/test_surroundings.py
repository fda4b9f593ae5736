import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.api.surroundings import (
    FORWARDED_FOR,
    LOOPBACK_ONLY,
    SURROUNDINGS,
    Surroundings,
    client_of,
    is_local,
    networks_of,
    surroundings_of,
)

PROXIES = ("192.0.2.10", "192.0.2.11", "2001:db8::/48")


def asked(remote: str, *said: str) -> web.Request:
    application = web.Application()
    application[SURROUNDINGS] = Surroundings(proxies=networks_of(PROXIES))
    headers = CIMultiDict((FORWARDED_FOR, each) for each in said)
    return make_mocked_request("GET", "/", headers=headers, app=application).clone(remote=remote)


@pytest.mark.parametrize(
    ("remote", "said", "client"),
    [
        ("198.51.100.1", (), "198.51.100.1"),
        ("198.51.100.1", ("203.0.113.5",), "198.51.100.1"),
        ("192.0.2.10", (), "192.0.2.10"),
        ("192.0.2.10", ("203.0.113.5",), "203.0.113.5"),
        ("::ffff:192.0.2.10", ("203.0.113.5",), "203.0.113.5"),
        ("2001:db8::1", ("2001:db9::5",), "2001:db9::5"),
        ("192.0.2.10", ("10.9.9.9, 203.0.113.5",), "203.0.113.5"),
        ("192.0.2.10", ("10.9.9.9, 203.0.113.5, 192.0.2.11",), "203.0.113.5"),
        ("192.0.2.10", ("10.9.9.9", "203.0.113.5"), "203.0.113.5"),
        ("192.0.2.10", ("203.0.113.5, unknown",), "192.0.2.10"),
        ("192.0.2.10", ("",), "192.0.2.10"),
        ("", ("203.0.113.5",), "127.0.0.1"),
    ],
)
def test_only_a_trusted_proxy_says_who_its_client_is(remote: str, said: tuple[str, ...], client: str) -> None:
    assert client_of(asked(remote, *said)) == client


@pytest.mark.parametrize(
    ("remote", "said", "local"),
    [
        ("127.0.0.1", (), True),
        ("::1", (), True),
        ("192.0.2.10", (), False),
        ("192.0.2.10", ("127.0.0.1",), False),
        ("203.0.113.5", ("127.0.0.1",), False),
    ],
)
def test_what_is_local_comes_from_this_machine(remote: str, said: tuple[str, ...], local: bool) -> None:
    assert is_local(asked(remote, *said)) is local


def test_a_proxy_on_this_machine_is_not_local() -> None:
    request = asked("127.0.0.1")
    request.app[SURROUNDINGS] = Surroundings(proxies=networks_of(("127.0.0.1",)))

    assert not is_local(request)


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("localhost", True),
        ("localhost:8470", True),
        ("127.0.0.1:8470", True),
        ("[::1]:8470", True),
        ("LOCALHOST:1", True),
        ("tieline.example", True),
        ("TIELINE.example:443", True),
        ("localhost.evil.example", False),
        ("evil.tieline.example", False),
        ("0.0.0.0", False),
        ("a@127.0.0.1", True),
        ("evil.example/@localhost", False),
        ("[::", False),
        ("", False),
    ],
)
def test_names_of_loopback_and_those_that_are_configured_are_ours(host: str, known: bool) -> None:
    assert Surroundings(names=frozenset({"tieline.example"})).knows(host) is known


def test_without_a_word_a_gateway_is_reached_on_loopback_only() -> None:
    request = make_mocked_request("GET", "/", app=web.Application())

    assert surroundings_of(request) is LOOPBACK_ONLY
    assert not LOOPBACK_ONLY.knows("192.0.2.1")
    assert not LOOPBACK_ONLY.trusts("127.0.0.1")


@pytest.mark.parametrize("proxies", [("proxy.example",), ("192.0.2.1/24",), ("192.0.2.0/33",)])
def test_what_is_no_address_of_a_proxy_is_refused(proxies: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=proxies[0]):
        networks_of(proxies)
