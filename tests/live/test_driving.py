"""Driving the menus of a real Asterisk: the keys that the way says, and arrival as the PBX tells it."""

import asyncio
import time
from pathlib import Path

import pytest
from rig.stage import CALLER, FROM_CALLER
from support.commanded_desk import Desk
from support.waiting import until

from ivr.definition.reading import parse_dialog
from ivr.driving import Act, Arrived, Astray, Driving, Lost, OldMenus, Send, Wait, seen, step, way_to

pytestmark = [pytest.mark.live, pytest.mark.slow]

OLD = OldMenus()
DIALOG = parse_dialog(
    """itr: 1
name: cc1
languages: [en]
start: ivr-service
human: {queue: support}
nodes:
  ivr-service:
    say: Service.
    choices: [{digit: "2", go: pool}, {digit: "3", go: ivr-more}, {digit: "8", go: nowhere}]
  ivr-more: {say: More., choices: [{digit: "1", go: desk}]}
  pool: {label: pool, transfer: {queue: pool}}
  desk: {label: desk, transfer: {number: "1002"}}
  nowhere: {label: a key that the old menu does not have, transfer: {queue: nobody}}
""",
    Path("cc1.yaml"),
).dialog
NUMBER = "5110"


async def driven(desk: Desk, node: str) -> tuple[Act, list[str]]:
    """Call the old menu and go to a node; how it ended, and the keys that were pressed."""
    caller = await (await desk.phones.carrier.dial(NUMBER, FROM_CALLER)).until_up()
    await until(lambda: any(call.caller_leg for call in desk.read().live.values()))
    call_id = desk.call(CALLER).call_id
    driving = Driving(way=way_to(DIALOG, node, OLD), since=time.monotonic())
    keys: list[str] = []
    while True:
        live = desk.read().live.get(call_id)
        call = live if live is not None else next(each for each in desk.ended if each.call_id == call_id)
        driving, act = step(driving, seen(call), OLD, time.monotonic())
        match act:
            case Send():
                keys.append(act.keys)
                await caller.press(act.keys)
            case Wait():
                await asyncio.sleep(min(act.seconds, 0.05))
            case _:
                await caller.hang_up()
                return act, keys


def pressed(keys: list[str]) -> list[str]:
    """The keys in order; one that the PBX had not heard was pressed once more."""
    return list(dict.fromkeys(keys))


async def test_keys_lead_through_two_menus_to_a_desk(desk: Desk) -> None:
    act, keys = await driven(desk, "desk")
    record = await desk.over()

    assert (act, pressed(keys)) == (Arrived(), ["3", "1"])
    assert (record["digits"], record["ivr_path"], record["rang"]) == ("31", ["ivr-service", "ivr-more"], ["1002"])


async def test_a_key_leads_into_a_queue(desk: Desk) -> None:
    act, keys = await driven(desk, "pool")
    record = await desk.over()

    assert (act, pressed(keys)) == (Arrived(), ["2"])
    assert (record["digits"], record["queue"]) == ("2", "pool")


async def test_a_menu_may_be_the_end_of_the_way(desk: Desk) -> None:
    act, keys = await driven(desk, "ivr-more")
    record = await desk.over()

    assert (act, pressed(keys)) == (Arrived(), ["3"])
    assert record["ivr_path"] == ["ivr-service", "ivr-more"]


async def test_a_key_that_the_old_menu_does_not_have_is_noticed(desk: Desk) -> None:
    act, keys = await driven(desk, "nowhere")
    record = await desk.over()

    assert isinstance(act, Lost)
    assert (act.why in (Astray.NOTHING, Astray.ENDED), act.where, pressed(keys)) == (True, "ivr-service", ["8"])
    assert record["queue"] is None
