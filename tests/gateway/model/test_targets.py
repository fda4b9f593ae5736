from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.model.errors import TargetError
from gateway.model.targets import check_url, is_public, refusal


@pytest.mark.parametrize(
    "url",
    [
        "https://crm.example/hook?x=1",
        "https://crm.example:8443/",
        "https://8.8.8.8/",
        "https://[2606:4700::1111]/",
        "https://CRM.Example/",
    ],
)
def test_the_internet_is_reached_by_https(url: str) -> None:
    assert check_url(url, ())


@pytest.mark.parametrize("url", ["http://crm.lan/hook", "https://crm.lan/", "http://192.0.2.44:8000/", "http://[::1]:80/"])
def test_a_host_of_our_own_is_reached_where_it_is_allowed(url: str) -> None:
    assert check_url(url, {"crm.lan", "192.0.2.44", "::1"})


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://crm.example/", "is not encrypted: write https, or let webhooks.allow in the configuration name crm.example"),
        ("https://127.0.0.1/", "127.0.0.1 is 127.0.0.1, in a network of our own: let webhooks.allow"),
        ("https://10.0.0.7:8443/", "network of our own"),
        ("https://169.254.169.254/latest/meta-data", "network of our own"),
        ("https://[::1]/", "network of our own"),
        ("https://[::ffff:10.0.0.1]/", "network of our own"),
        ("https://user:secret@crm.example/", "no user or password"),
        ("https://user@crm.example/", "no user or password"),
        ("ftp://crm.example/", "is no address: write https://host/path"),
        ("crm.example/hook", "is no address"),
        ("https:///hook", "is no address"),
        ("https://crm.example:99999/", "is no address"),
        ("https://[::1/", "is no address"),
        ("https://crm.example/ä", "no spaces"),
        ("https://crm.example/ x", "no spaces"),
        ("https://crm.example/\r\nHost: x", "no spaces"),
        ("https://crm.example/" + "x" * 2_000, "2000 ASCII characters"),
    ],
)
def test_other_addresses_are_refused_with_a_cure(url: str, said: str) -> None:
    with pytest.raises(TargetError) as refused:
        check_url(url, {"crm.lan"})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.168.1.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:192.168.1.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ],
)
def test_addresses_of_our_own_are_known(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"])
def test_addresses_of_the_internet_are_known(address: str) -> None:
    assert is_public(ip_address(address))


@given(address=st.ip_addresses(network="10.0.0.0/8"))
def test_an_ipv4_address_in_an_ipv6_one_is_what_it_is(address: object) -> None:
    for written in (f"::ffff:{address}", f"64:ff9b::{address}"):
        assert not is_public(ip_address(written))


def test_a_refusal_names_the_host_the_address_and_the_line() -> None:
    assert refusal("crm.lan", "10.0.0.7") == (
        "crm.lan is 10.0.0.7, in a network of our own: let webhooks.allow in the configuration name crm.lan if that is meant"
    )
