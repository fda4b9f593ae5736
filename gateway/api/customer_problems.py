"""What cannot be done about customers, as problems."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any

from aiohttp import web

from gateway.api.operations import Asked
from gateway.api.problems import ApiError, not_found
from gateway.model.errors import CustomerConflictError, IdentityError, StoreTakenError, UnknownCustomerError

_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


def plainly(handler: _Handler) -> _Handler:
    """Say what cannot be done as a problem."""

    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownCustomerError as error:
            raise not_found(_sentence(error)) from error
        except IdentityError as error:
            raise ApiError(422, "bad-identity", "An identity cannot be read", _sentence(error)) from error
        except (CustomerConflictError, StoreTakenError) as error:
            raise ApiError(409, "customer-conflict", "It contradicts what is there", _sentence(error)) from error

    return handle


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
