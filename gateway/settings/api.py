"""What the types alone do not show about ``api``: where it may listen, what it is called, whether its certificate works."""

import re
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from gateway.api.tls import CertificateError, load
from gateway.settings.check import problem
from gateway.settings.file import Document, Problem
from gateway.settings.values import ApiSettings

_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})*", re.IGNORECASE)


def api_problems(document: Document, api: ApiSettings) -> Iterator[Problem]:
    """Yield what keeps the gateway from listening as ``api`` says."""
    if not is_loopback(api.host):
        yield from _host_problems(document, api)
    if (api.tls is not None or api.behind_proxy) and not api.names:
        what = "api.names is missing, and browsers would be refused: the gateway answers to names that it knows"
        cure = "Add `names:` with what stands in their address, such as [tieline.example]"
        yield problem(document, ("api",), what, cure)
    for position, name in enumerate(api.names):
        if not is_name(name):
            cure = "Write a name or an address alone, without https:// and without a port"
            yield problem(document, ("api", "names", position), f"{name!r} is no name", cure)
    for position, proxy in enumerate(api.behind_proxy):
        if not is_network(proxy):
            cure = "Write an address such as 192.0.2.10, or a network such as 192.0.2.0/24"
            yield problem(document, ("api", "behind_proxy", position), f"{proxy!r} is no address", cure)
    yield from _oidc_problems(document, api)
    if api.tls is not None:
        try:
            load(Path(api.tls.certificate), Path(api.tls.key))
        except CertificateError as error:
            yield problem(document, ("api", "tls", error.key), error.what, error.cure)


def _oidc_problems(document: Document, api: ApiSettings) -> Iterator[Problem]:
    names = [each.name for each in api.oidc]
    for position, each in enumerate(api.oidc):
        key = ("api", "oidc", position)
        if each.name in names[:position]:
            yield problem(document, (*key, "name"), f"{each.name!r} is the name of another", "Give each its own")
        issuer = urlsplit(each.issuer)
        if issuer.scheme == "http" and not is_loopback(issuer.hostname or ""):
            what = f"{each.issuer!r} is reached without TLS, and whoever is between could sign in as anybody"
            yield problem(document, (*key, "issuer"), what, "Write the provider's address with https")
        if each.create and each.roles is None:
            what = "create makes users, and nothing says which role they get"
            yield problem(document, (*key, "create"), what, "Add `roles:` with `claim:` and `values:`, or take `create` out")


def _host_problems(document: Document, api: ApiSettings) -> Iterator[Problem]:
    if not _is_address(api.host):
        cure = "Write 127.0.0.1 or ::1, this machine's address in your network, or 0.0.0.0 for all of its addresses"
        yield problem(document, ("api", "host"), f"{api.host!r} is no address", cure)
    elif api.tls is None and not api.behind_proxy:
        what = f"{api.host!r} is no loopback address, and tokens and calls would cross the network in the clear"
        cure = (
            "Add `tls:` with `certificate:` and `key:`, or `behind_proxy:` with the address of the proxy that does TLS; "
            "or write 127.0.0.1 and reach it from elsewhere by an SSH tunnel"
        )
        yield problem(document, ("api", "host"), what, cure)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what listens on ``host``."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def is_name(text: str) -> bool:
    """Tell whether this is a host's name or an address, and nothing around it."""
    return _is_address(text) or (_NAME.fullmatch(text) is not None and not text.rpartition(".")[2].isdigit())


def is_network(text: str) -> bool:
    """Tell whether this is an address or a network."""
    try:
        ip_network(text)
    except ValueError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
