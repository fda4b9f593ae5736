import pytest
from aiohttp import web

from gateway.api.customer_problems import plainly
from gateway.api.operations import Asked
from gateway.api.problems import ApiError
from gateway.model.errors import (
    CustomerConflictError,
    IdentityError,
    StoreTakenError,
    StoreUnavailableError,
    TielineError,
    UnknownCustomerError,
)


class Handlers:
    def __init__(self, error: Exception) -> None:
        self.error = error

    @plainly
    async def fails(self, _asked: Asked[None, None]) -> web.StreamResponse:
        raise self.error


@pytest.mark.parametrize(
    ("error", "status", "kind"),
    [
        (UnknownCustomerError("there is no customer 7"), 404, "not-found"),
        (IdentityError("'1' cannot be read"), 422, "bad-identity"),
        (CustomerConflictError("taken"), 409, "customer-conflict"),
        (StoreTakenError("taken"), 409, "customer-conflict"),
    ],
)
async def test_what_cannot_be_done_is_a_problem(error: TielineError, status: int, kind: str) -> None:
    with pytest.raises(ApiError) as found:
        await Handlers(error).fails(None)  # type: ignore[arg-type]  # it is not looked at

    text = str(error)
    assert (found.value.status, found.value.kind, found.value.detail) == (status, kind, f"{text[:1].upper()}{text[1:]}.")


async def test_other_errors_pass() -> None:
    with pytest.raises(StoreUnavailableError):
        await Handlers(StoreUnavailableError("db")).fails(None)  # type: ignore[arg-type]  # it is not looked at
