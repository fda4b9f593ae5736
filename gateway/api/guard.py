"""What every request passes: who may ask at all, what browsers may do with the answer, and how a failure is told.

Every program and every web page in a browser of this machine or network can reach the gateway. A page of another site must
neither read calls nor listen to them: the ``Host`` must be a name of ours (else a name that its owner points to us would do),
and where a browser says which page asks (``Origin``), it must be ours. What is not encrypted comes from this machine or through
a proxy that the configuration names. Only the routes of channels, where visitors of a company's pages write, are for pages of
other sites: the channel says of which.
"""

from collections.abc import Callable
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from gateway.api.problems import ApiError, internal, of_http, store_unavailable, too_many_requests
from gateway.api.surroundings import client_of, is_loopback_name, peer_of, surroundings_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.limits import Buckets, key_of
from gateway.ports.conversations import CLIENT

SECURITY_HEADERS: Final = {
    "Server": "Tieline",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
STRICT_TRANSPORT: Final = "max-age=31536000"
"""Seconds for which a browser that came by TLS never comes without: a year."""
MAX_BODY_BYTES: Final = 1024 * 1024
"""Of a request; who may send more says so by himself."""
WATCHED_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""What watches the gateway is answered by whatever name it calls us, and when others ask too much: it would take a refusal for a
failure, and it learns no more than a status."""
PUBLIC: Final = web.AppKey("public", frozenset[web.AbstractRoute])
"""Where an application keeps the routes of its channels."""

_log = structlog.get_logger()


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse strangers, tell every failure as a problem, and let browsers do as little as possible."""
    try:
        _refuse_strangers(request)
        response = await handler(request)
    except ApiError as error:
        response = error.response()
    except StoreUnavailableError as error:
        response = store_unavailable(str(error)).response()
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = of_http(error, request.path).response()
        if hdrs.ALLOW in error.headers:
            response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
    except Exception:  # noqa: BLE001  # the last stop of a request: a fault in one is told to its log, and costs no other
        _log.exception("request_failed", method=request.method, route=_route_of(request), **{"pii.path": request.path})
        response = internal().response()
    if not response.prepared:
        for name, value in SECURITY_HEADERS.items():
            # What is for pages of other sites says itself for which.
            response.headers.setdefault(name, value)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
        if surroundings_of(request).encrypted:
            response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    return response


def limited(buckets: Buckets, *, now: Callable[[], float]) -> Middleware:
    """Make what refuses an address that asks too often, whoever it is; ``now`` is a clock that never goes back."""

    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path not in WATCHED_PATHS:
            address = client_of(request)
            wait_s = buckets.take(key_of(address), now())
            if wait_s > 0:
                raise too_many_requests(f"Too many requests come from {address}", wait_s)
        return await handler(request)

    return limit


def _refuse_strangers(request: web.Request) -> None:
    surroundings, peer = surroundings_of(request), peer_of(request)
    is_watched = request.path in WATCHED_PATHS
    if not (is_watched or surroundings.encrypted or is_loopback_name(peer) or surroundings.trusts(peer)):
        raise ApiError(
            403,
            "not-through-proxy",
            "Not encrypted",
            f"This gateway is reached from elsewhere through its proxy only, and {peer} is none that api.behind_proxy names.",
        )
    if not (is_watched or surroundings.knows(request.host)):
        raise ApiError(
            421,
            "wrong-host",
            "Not our name",
            f"This gateway answers to localhost, loopback addresses and what api.names names, not to {request.host!r}.",
        )
    if request.match_info.route in request.app.get(PUBLIC, frozenset[web.AbstractRoute]()):
        request[CLIENT] = client_of(request)
        return
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and _host_of(origin) != request.host.lower():
        raise ApiError(403, "foreign-origin", "A page of another site asks", f"Pages of {origin!r} may not use this gateway.")


def _route_of(request: web.Request) -> str:
    """Return the path with the names of what varies: that itself may be a caller's number."""
    resource = request.match_info.route.resource
    return "" if resource is None else resource.canonical


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None
