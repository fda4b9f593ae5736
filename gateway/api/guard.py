"""What every request passes: who may ask, what browsers may do with the answer, and how a failure is told.

The gateway listens on loopback, where every program and every web page in a browser of this machine can reach it. A page of
another site must neither read calls nor listen to them: the ``Host`` must be a loopback name (else a name that its owner points
to 127.0.0.1 would do), and where a browser says which page asks (``Origin``), it must be ours.
"""

from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from gateway.api.problems import ApiError, internal, of_http, store_unavailable
from gateway.model.errors import StoreUnavailableError

SECURITY_HEADERS: Final = {
    "Server": "Tieline",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}

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
        _log.exception("request_failed", method=request.method, path=request.path)
        response = internal().response()
    if not response.prepared:
        response.headers.update(SECURITY_HEADERS)
        response.headers.setdefault(hdrs.CACHE_CONTROL, "no-store")
    return response


def _refuse_strangers(request: web.Request) -> None:
    if not is_loopback_host(request.host):
        raise ApiError(
            421,
            "wrong-host",
            "Not our name",
            f"This gateway answers to localhost and loopback addresses, not to {request.host!r}.",
        )
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise ApiError(403, "foreign-origin", "A page of another site asks", f"Pages of {origin!r} may not use this gateway.")


def is_loopback_host(host: str) -> bool:
    """Tell whether the ``Host`` of a request, with or without a port, names this machine's loopback."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
