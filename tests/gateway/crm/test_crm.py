"""A CRM's own pages: a card belongs to the call's activity, and is late for nothing."""

import asyncio
from pathlib import Path

from support.crm_fake import FakeAdapter, FakeCrm
from support.crm_world import crm_world
from support.virtual_time import in_virtual_time

from gateway.model.crm import CallActivity, CrmUser


class Remembering(FakeAdapter):
    """Shows cards, and remembers by which memo."""

    memos: list[str | None]

    async def pop(self, activity: CallActivity, user: CrmUser, memo: str | None) -> str | None:
        self.memos.append(memo)
        return f"{memo}+"


@in_virtual_time
async def test_a_card_waits_for_the_activity_and_its_memo_is_kept(tmp_path: Path) -> None:
    crm = FakeCrm()
    crm.crm_users = [CrmUser(id="u1", extension="8001")]
    memos: list[str | None] = []

    def made(around: object) -> Remembering:
        adapter = Remembering(crm, around)  # type: ignore[arg-type]
        adapter.memos = memos
        return adapter

    crm.made = made  # type: ignore[method-assign]
    async with crm_world(tmp_path, crm) as world, world.running():
        world.story.comes_in().rings("8001")
        await world.happens()
        await asyncio.sleep(2.0)
        (kept,) = await world.log.find("default", "crm", [world.story.call().call_id])  # type: ignore[arg-type]
        assert memos == ["activity-1"]
        assert kept.memo == "activity-1+"
