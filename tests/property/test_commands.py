"""Whatever keys come, whatever the PBX answers, whenever the gateway is killed or its database away: nothing is sent twice."""

import asyncio
from collections import Counter
from contextlib import suppress
from typing import Literal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dispatching import Desk, Disk, to, wish
from support.virtual_time import VirtualTimeLoop

from gateway.model.commands import PlaceCall
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.errors import CommandRefusedError, PeerUnavailableError, StoreUnavailableError
from gateway.model.refusals import CommandNotDoneError
from gateway.session.command_orders import Wish

NUMBERS = {"a": "8010", "b": "8011", "c": "000449011234567"}
"""What is called under each key; the last is refused."""
RULES = DialRules(partner=RoleRules(calls_per_minute=10_000))
LONG_S = 80.0


class Submit(msgspec.Struct, frozen=True):
    key: Literal["a", "b", "c"] | None
    asked: bytes
    pbx: Literal["obeys", "refuses", "is gone", "is mute", "is deaf"]
    turns: int
    """Turns of the loop until the next thing happens."""


class Crash(msgspec.Struct, frozen=True):
    pass


class Database(msgspec.Struct, frozen=True):
    away: bool


class Wait(msgspec.Struct, frozen=True):
    seconds: float


Step = Submit | Crash | Database | Wait
STEPS = st.one_of(
    st.builds(
        Submit,
        st.sampled_from(["a", "b", "c", None]),
        st.sampled_from([b"one", b"two"]),
        st.sampled_from(["obeys", "refuses", "is gone", "is mute", "is deaf"]),
        st.integers(min_value=0, max_value=40),
    ),
    st.just(Crash()),
    st.builds(Database, st.booleans()),
    st.builds(Wait, st.floats(min_value=0.0, max_value=15.0)),
)


async def play(disk: Disk, steps: list[Step]) -> None:
    """Run one gateway after the other; a crash ends it in the middle of whatever it does."""
    left = list(steps)
    while left:
        asking: list[asyncio.Task[None]] = []
        with suppress(StoreUnavailableError):
            # A gateway waits for its database when it starts.
            disk.log.away = False
            async with Desk(disk, rules=RULES).running() as desk:
                while left and not isinstance(left[0], Crash):
                    await one(desk, left.pop(0), asking)
                for task in asking:
                    task.cancel()
        for outcome in await asyncio.gather(*asking, return_exceptions=True):
            if outcome is not None and not isinstance(outcome, asyncio.CancelledError):
                raise outcome
        del left[:1]
    disk.log.away = False
    answer(disk, "obeys")
    async with Desk(disk, rules=RULES).running() as desk:
        await asyncio.sleep(LONG_S)
        await desk.settled()


async def one(desk: Desk, step: Step, asking: list[asyncio.Task[None]]) -> None:
    match step:
        case Submit():
            answer(desk.disk, step.pbx)
            number = "8012" if step.key is None else NUMBERS[step.key]
            asked = wish(key=step.key, asked=step.asked, fields=to(number))
            asking.append(asyncio.create_task(submitted(desk, asked)))
            for _ in range(step.turns):
                await asyncio.sleep(0)
        case Database():
            desk.disk.log.away = step.away
        case Wait():
            await asyncio.sleep(step.seconds)
        case Crash():
            raise AssertionError("a crash ends the gateway")


async def submitted(desk: Desk, asked: Wish) -> None:
    with suppress(CommandNotDoneError, StoreUnavailableError):
        await desk.dispatcher.submit(asked)


def answer(disk: Disk, how: str) -> None:
    pbx = disk.pbx
    pbx.mute, pbx.deaf, pbx.fault = how in ("is mute", "is deaf"), how == "is deaf", None
    if how == "refuses":
        pbx.fault = CommandRefusedError("no")
    elif how == "is gone":
        pbx.fault = PeerUnavailableError("gone")


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(STEPS, max_size=14))
def test_no_command_is_sent_twice_and_each_has_one_fate_that_is_told_once(steps: list[Step]) -> None:
    async def run() -> Disk:
        disk = Disk()
        await play(disk, steps)
        return disk

    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        disk = runner.run(run())

    assert max(Counter(order.id for order in disk.pbx.received).values(), default=0) <= 1
    numbers = Counter(order.command.number for order in disk.pbx.received if isinstance(order.command, PlaceCall))
    assert numbers["8010"] <= 1
    assert numbers["8011"] <= 1
    assert numbers[NUMBERS["c"]] == 0
    records = disk.log.records.values()
    assert all(record.is_settled for record in records)
    assert Counter(told["data"]["command_id"] for told in disk.events("command.")) == Counter(record.id for record in records)
    assert {order.id for order in disk.pbx.received} <= {record.id for record in records}
