"""Errors of the API as RFC 9457 problem documents, each with a ``type`` that stays."""

from collections.abc import Mapping
from math import ceil
from typing import Any, Final

import msgspec
from aiohttp import web

PROBLEM_PREFIX: Final = "urn:tieline:problem:"
CONTENT_TYPE: Final = "application/problem+json"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was not done (RFC 9457)."""

    type: str
    """``urn:tieline:problem:`` and a kind that stays; what a program may tell problems apart by."""
    title: str
    """The kind in words."""
    status: int
    detail: str
    """What it was this time, for a person."""


class ApiError(Exception):
    """A request cannot be done; the program that made it must act."""

    def __init__(
        self, status: int, kind: str, title: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.headers = headers or {}
        self.members = members

    def document(self) -> dict[str, Any]:
        """Return the problem as it is sent."""
        return {
            "type": PROBLEM_PREFIX + self.kind,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    def response(self) -> web.Response:
        """Return the answer to the request."""
        body = msgspec.json.encode(self.document())
        return web.Response(status=self.status, body=body, content_type=CONTENT_TYPE, headers=self.headers)


def not_found(what: str) -> ApiError:
    """Nothing is there."""
    return ApiError(404, "not-found", "Not found", what)


def bad_parameter(name: str, detail: str) -> ApiError:
    """A parameter of the query cannot be used."""
    return ApiError(400, "bad-parameter", "A parameter cannot be used", f"{name}: {detail}", parameter=name)


def bad_header(name: str, detail: str) -> ApiError:
    """A header of the request cannot be used."""
    return ApiError(400, "bad-header", "A header cannot be used", f"{name}: {detail}", header=name)


def bad_body(detail: str) -> ApiError:
    """The body cannot be used."""
    return ApiError(422, "bad-body", "The body cannot be used", detail)


def forbidden(scope: str, who: str) -> ApiError:
    """The one who asks may not do this."""
    detail = f"{who} may not do this: it takes the scope {scope}."
    return ApiError(403, "scope-missing", "Not allowed", detail, scope=scope)


def unauthenticated(detail: str, *, fault: str | None = None) -> ApiError:
    """Nobody that we know asks. ``fault`` is RFC 6750's word for a token that was shown and is not taken."""
    challenge = 'Bearer realm="tieline"' + ("" if fault is None else f', error="{fault}"')
    kind = "token-missing" if fault is None else "token-refused"
    return ApiError(401, kind, "A token is needed", detail, headers={"WWW-Authenticate": challenge})


def too_many_requests(what: str, wait_s: float) -> ApiError:
    """Somebody asks more often than the limits allow; ``wait_s`` is how long the next time is off."""
    seconds = max(1, ceil(wait_s))
    detail = f"{what}: try again in {seconds} s."
    return ApiError(
        429, "too-many-requests", "Too many requests", detail, headers={"Retry-After": str(seconds)}, retry_after_s=seconds
    )


def locked_out(what: str, wait_s: float) -> ApiError:
    """So many wrong passwords came that the next is not looked at before ``wait_s``."""
    seconds = max(1, ceil(wait_s))
    headers = {"Retry-After": str(seconds)}
    return ApiError(429, "locked-out", "Locked", f"{what}: try again in {seconds} s.", headers=headers, retry_after_s=seconds)


def of_http(error: web.HTTPException, path: str) -> ApiError:
    """Return what the web server itself refused as a problem."""
    if error.status == 404:
        return not_found(f"There is nothing at {path}.")
    kind = "-".join((error.reason or "error").lower().split())
    return ApiError(error.status, kind, error.reason or "Error", error.text or error.reason or "")


def store_unavailable(detail: str) -> ApiError:
    """The store does not answer; live calls and their events do not need it to be seen."""
    return ApiError(503, "store-unavailable", "The database does not answer", f"{detail}. Nothing is lost; try again later.")


def internal() -> ApiError:
    """A fault of ours: the log has it, the answer does not."""
    return ApiError(500, "internal", "Internal error", "The gateway failed at this request; its log says how.")
