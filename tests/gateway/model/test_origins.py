import re

import pytest

from gateway.model.origins import ORIGIN, Origins

OURS = Origins(("https://www.example.com", "*.shop.example", "http://localhost:8080", "http://*.lan"))


@pytest.mark.parametrize(
    "origin",
    [
        "https://www.example.com",
        "HTTPS://WWW.example.com",
        "https://a.shop.example",
        "https://a.b.shop.example",
        "http://localhost:8080",
        "http://printer.lan",
        "https://gateway.example:8443",
        "http://gateway.example:8443",
    ],
)
def test_our_pages_may(origin: str) -> None:
    assert OURS.allows(origin, "Gateway.example:8443")


@pytest.mark.parametrize(
    "origin",
    [
        "http://www.example.com",
        "https://www.example.com:8443",
        "https://example.com",
        "https://shop.example",
        "https://.shop.example",
        "https://evilshop.example",
        "https://evil.example/.shop.example",
        "https://evil.example?.shop.example",
        "https://evil.example#a.shop.example",
        "https://evil.example@a.shop.example",
        "https://a.shop.example.evil.example",
        "http://a.shop.example",
        "ftp://gateway.example:8443",
        "https://gateway.example",
        "https://[::1",
        "gateway.example:8443",
        "null",
        "",
    ],
)
def test_others_may_not(origin: str) -> None:
    assert not OURS.allows(origin, "gateway.example:8443")


def test_nobody_elses_page_may_without_being_named() -> None:
    assert not Origins(()).allows("https://www.example.com", "gateway.example")


@pytest.mark.parametrize("text", ["*", "*.", "https://", "www.example.com/", "https://*", "a.*.example", "javascript://x", "a b"])
def test_what_is_no_origin_cannot_be_configured(text: str) -> None:
    assert re.search(ORIGIN, text) is None
