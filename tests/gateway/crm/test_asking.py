"""Adapters that do what they should not."""

import asyncio

import pytest
from support.virtual_time import in_virtual_time

from gateway.crm.asking import MAX_TEXT_CHARACTERS, asked
from gateway.crm.pace import QuotaPace
from gateway.model.limits import Rate
from gateway.ports.crm import CrmError, CrmRefusedError, CrmUnavailableError


async def fails(error: BaseException) -> None:
    raise error


@in_virtual_time
async def test_whatever_an_adapter_raises_is_an_error_of_the_port() -> None:
    for raised, expected, text in (
        (KeyError("id"), CrmRefusedError, "crm: its adapter failed: KeyError: 'id'"),
        (ValueError(), CrmRefusedError, "crm: its adapter failed: ValueError"),
        (RecursionError("maximum recursion depth exceeded"), CrmRefusedError, "RecursionError"),
        (ExceptionGroup("several", [ValueError("one")]), CrmRefusedError, "ExceptionGroup: several"),
        (ConnectionResetError("reset"), CrmUnavailableError, "crm: cannot be reached: ConnectionResetError: reset"),
        (TimeoutError(), CrmUnavailableError, "crm: did not answer within 5 s"),
        (asyncio.CancelledError(), CrmUnavailableError, "crm: its adapter gave up"),
        (CrmUnavailableError("crm: status 500"), CrmUnavailableError, "crm: status 500"),
    ):
        with pytest.raises(CrmError, match=text) as caught:
            await asked("crm", "answer", 5.0, fails(raised))
        assert type(caught.value) is expected
    with pytest.raises(CrmRefusedError) as long:
        await asked("crm", "answer", 5.0, fails(ValueError("x" * 5_000)))
    assert len(str(long.value)) < 2 * MAX_TEXT_CHARACTERS


@in_virtual_time
async def test_an_adapter_that_hangs_is_given_up() -> None:
    began = asyncio.get_running_loop().time()
    with pytest.raises(CrmUnavailableError, match="did not answer within 5 s"):
        await asked("crm", "answer", 5.0, asyncio.sleep(1_000.0))
    assert asyncio.get_running_loop().time() == began + 5.0


@in_virtual_time
async def test_who_is_cancelled_stays_cancelled() -> None:
    task = asyncio.create_task(asked("crm", "answer", 5.0, asyncio.sleep(1_000.0)))
    await asyncio.sleep(1.0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@in_virtual_time
async def test_the_wait_for_a_turn_is_not_the_adapters() -> None:
    pace = QuotaPace("crm", Rate(per_second=0.01, burst=1))

    async def two_requests() -> str:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(pace.turn())
            tasks.create_task(pace.turn())
        await asyncio.sleep(4.0)
        return "done"

    await pace.turn()
    assert await asked("crm", "answer", 5.0, two_requests()) == "done"
    assert asyncio.get_running_loop().time() == pytest.approx(204.0)

    async def hangs_then() -> None:
        await pace.turn()
        await asyncio.sleep(6.0)

    with pytest.raises(CrmUnavailableError, match="within 5 s"):
        await asked("crm", "answer", 5.0, hangs_then())
