"""A database that comes back."""

import asyncio

import pytest
from support.virtual_time import in_virtual_time

from gateway.crm.storing import STORE_RETRY_S, stored
from gateway.model.errors import StoreTakenError, StoreUnavailableError


@in_virtual_time
async def test_what_must_be_kept_waits_for_the_database_which_the_log_names(capsys: pytest.CaptureFixture[str]) -> None:
    errors = [StoreUnavailableError("crm.db: the disk is full")] * 3

    async def keep() -> str:
        if errors:
            raise errors.pop()
        return "kept"

    assert await stored("odoo", keep) == "kept"
    assert asyncio.get_running_loop().time() == 3 * STORE_RETRY_S
    assert capsys.readouterr().out.count("crm.db: the disk is full") == 3


@in_virtual_time
async def test_a_database_that_another_gateway_has_is_not_waited_for() -> None:
    async def keep() -> None:
        raise StoreTakenError("crm.db: another gateway writes to it")

    with pytest.raises(StoreTakenError):
        await stored("odoo", keep)
