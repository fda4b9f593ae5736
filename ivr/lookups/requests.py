"""What is asked of a system: a handler's template filled with values that can change neither host nor path. Pure."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, unquote, urlsplit

import msgspec
from msgspec.structs import replace

from ivr.definition.values import Handler
from ivr.turns.sentences import fill

MAX_VALUE_CHARACTERS: Final = 1000
"""Of one value; nobody says more."""


_LEFT: Final = "%/:?#[]@!$&'()*+,;=~"
"""Characters of an address that stay as they are; of values they have been escaped before."""


class UnfitError(ValueError):
    """A template or a value that makes no request; whoever wrote the handler must act, or the value is none."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """One HTTP request."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes | None
    """JSON."""


def request_of(handler: Handler, arguments: Mapping[str, str]) -> Request:
    """Fill a handler's template.

    Raises:
        UnfitError: The handler has no fixed ``http`` or ``https`` host, or a value would change where the request goes.
    """
    url = handler.url
    fixed = urlsplit(url)
    if fixed.scheme not in ("http", "https") or not fixed.hostname or "{" in fixed.netloc:
        raise UnfitError(f"url: {url!r} must begin with http:// or https:// and a host in which nothing is filled in")
    if any(len(value) > MAX_VALUE_CHARACTERS for value in arguments.values()):
        raise UnfitError(f"a value is longer than {MAX_VALUE_CHARACTERS} characters")
    filled = fill(url, {name: quote(value, safe="") for name, value in arguments.items()})
    if any(unquote(part) in (".", "..") for part in urlsplit(filled).path.split("/")):
        raise UnfitError("a value would lead to another path")
    headers = {name: fill(value, arguments) for name, value in handler.headers.items()}
    if any(not value.isprintable() for value in headers.values()):
        raise UnfitError("a value would end its header")
    body = {name: fill(value, arguments) for name, value in handler.body.items()}
    return Request(
        method=handler.method, url=quote(filled, safe=_LEFT), headers=headers, body=msgspec.json.encode(body) if body else None
    )


def moved(request: Request, hosts: Mapping[str, str]) -> Request:
    """Return the request to where its host really is: ``hosts`` has ``http://127.0.0.1:8099`` by the host's name."""
    address = urlsplit(request.url)
    there = hosts.get(address.hostname or "")
    if there is None:
        return request
    target = urlsplit(there)
    return replace(request, url=address._replace(scheme=target.scheme, netloc=target.netloc).geturl())
