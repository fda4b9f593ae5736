"""Quotas, in virtual time."""

import asyncio

import pytest
from support.virtual_time import in_virtual_time

from gateway.crm.pace import QuotaPace, urgently
from gateway.model.limits import Rate
from gateway.ports.crm import CrmUnavailableError


@in_virtual_time
async def test_turns_come_as_often_as_the_quota_says_and_in_order() -> None:
    pace = QuotaPace("crm", Rate(per_second=2.0, burst=3))
    loop, order = asyncio.get_running_loop(), []

    async def one(number: int) -> None:
        await pace.turn()
        order.append((number, loop.time()))

    await asyncio.gather(*(one(number) for number in range(7)))
    assert order == [(0, 0.0), (1, 0.0), (2, 0.0), *((3 + n, pytest.approx(0.5 * (n + 1))) for n in range(4))]


@in_virtual_time
async def test_what_somebody_waits_for_goes_first() -> None:
    pace = QuotaPace("crm", Rate(per_second=1.0, burst=1))
    order: list[str] = []

    async def one(name: str) -> None:
        await pace.turn()
        order.append(name)

    async def hurried() -> None:
        with urgently():
            await one("person")

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(one(f"backlog {number}"))
        await asyncio.sleep(0.5)
        tasks.create_task(hurried())
    assert order.index("person") == 1


@in_virtual_time
async def test_who_waits_too_long_is_told_so_and_takes_no_turn() -> None:
    pace = QuotaPace("crm", Rate(per_second=0.1, burst=1))
    await pace.turn()
    with urgently(), pytest.raises(CrmUnavailableError, match="quota is used up"):
        await pace.turn()
    began = asyncio.get_running_loop().time()
    await pace.turn()
    assert asyncio.get_running_loop().time() == pytest.approx(began + 7.0)


@in_virtual_time
async def test_a_crm_that_wants_to_be_left_alone_is() -> None:
    pace = QuotaPace("crm", None)
    pace.put_off(20.0)
    with urgently(), pytest.raises(CrmUnavailableError, match="left alone for 20 s") as raised:
        await pace.turn()
    assert raised.value.retry_after_s == pytest.approx(20.0)
    await pace.turn()
    assert asyncio.get_running_loop().time() == pytest.approx(20.0)
    pace.put_off(3_600.0)
    with pytest.raises(CrmUnavailableError, match="left alone"):
        await pace.turn()


@in_virtual_time
async def test_who_gives_up_leaves_his_turn_to_the_next() -> None:
    pace = QuotaPace("crm", Rate(per_second=1.0, burst=1))
    await pace.turn()
    given_up = asyncio.create_task(pace.turn())
    waiting = asyncio.create_task(pace.turn())
    await asyncio.sleep(0.1)
    given_up.cancel()
    await waiting
    assert asyncio.get_running_loop().time() == pytest.approx(1.0)
    await asyncio.gather(given_up, return_exceptions=True)
