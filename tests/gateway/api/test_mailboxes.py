from pathlib import Path
from typing import Any

import msgspec
from support.workplaces import SUPERVISOR, World, agent, at_workplace

from gateway.api.mailboxes import MailboxList
from gateway.model.reports import MailboxChanged


def left(world: World, mailbox: str, new: int) -> None:
    world.story.says(MailboxChanged, mailbox=mailbox, waiting=new > 0, new=new, old=0, urgent=0)


async def listed(world: World, who: Any, query: str = "") -> Any:
    found = await world.asks(who, "GET", f"mailboxes{query}")
    msgspec.convert(found, MailboxList)
    return found


async def test_all_mailboxes_are_listed_and_an_agent_sees_his_own(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        for name, new in (("8001@default", 2), ("8002@default", 0), ("info@default", 1)):
            left(world, name, new)
        await world.happens()
        everything, own = await listed(world, SUPERVISOR), await listed(world, agent("8001"))
        other_pbx = await listed(world, agent("8001", pbx="branch"))
        problem = await world.asks(SUPERVISOR, "GET", "mailboxes?pbx=nowhere", status=400)

    assert [(each["mailbox"], each["new"]) for each in everything["mailboxes"]] == [
        ("8001@default", 2), ("8002@default", 0), ("info@default", 1),
    ]  # fmt: skip
    assert own["mailboxes"] == [everything["mailboxes"][0]]
    assert own["position"] == world.hub.position == everything["position"]
    assert other_pbx["mailboxes"] == []
    assert "nowhere" in problem["detail"]


async def test_the_desk_begins_with_ones_own_mailbox_and_a_change_is_told_by_extension(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        before = await world.asks(agent("8001"), "GET", "desk")
        left(world, "8001@default", 1)
        left(world, "8001@default", 1)
        await world.happens()
        after = await world.asks(agent("8001"), "GET", "desk")
        told = [each for each in world.disk.store._events if each.type == "mailbox.changed"]

    assert before["mailbox"] is None
    assert (after["mailbox"]["waiting"], after["mailbox"]["new"]) == (True, 1)
    (event,) = told
    assert event.subjects == ("extension:8001",)
