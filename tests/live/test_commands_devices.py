"""Queue membership, forwards and do-not-disturb, on real Asterisks."""

from collections.abc import Callable

import pytest
from rig.stage import FROM_CALLER
from support.commanded_desk import Desk

from gateway.model.commands import (
    ForwardingKind,
    LogIn,
    LogOut,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged

pytestmark = pytest.mark.live


async def test_queue_members_come_pause_and_go(desk: Desk) -> None:
    queue = QueueName("support")

    async def told(wanted: Callable[[MemberChanged], bool]) -> None:
        def seen() -> bool:
            changes = [event for event in desk.sink.named(MemberChanged) if isinstance(event, MemberChanged)]
            own = [event for event in changes if event.interface == "PJSIP/1004" and event.queue == queue]
            return bool(own) and wanted(own[-1])

        await desk.sink.until(seen, 10)

    await desk.order(LogIn(queue=queue, extension="1004", penalty=3, name="Zoë Müller"))
    await told(lambda member: member.penalty == 3 and member.member == "Zoë Müller")
    await desk.order(SetPause(extension="1004", paused=True, reason="lunch, late"))
    await told(lambda member: member.paused and member.reason == "lunch, late")
    await desk.order(SetPause(extension="1004", paused=False, queue=queue))
    await told(lambda member: not member.paused)
    await desk.order(SetPenalty(extension="1004", penalty=7, queue=queue))
    await told(lambda member: member.penalty == 7)
    with pytest.raises(CommandRefusedError, match="QueueAdd"):
        await desk.order(LogIn(queue=queue, extension="1004"))
    await desk.order(LogOut(queue=queue, extension="1004"))
    await told(lambda member: member.removed)
    with pytest.raises(CommandRefusedError, match="1004 serves not queue 'support' at cc1"):
        await desk.order(LogOut(queue=queue, extension="1004"))


async def test_forward_and_do_not_disturb_are_what_the_dial_plan_looks_up(desk: Desk) -> None:
    await desk.order(SetForwarding(extension="1001", kind=ForwardingKind.UNCONDITIONAL, to="1002"))
    caller = await desk.phones.carrier.dial("581001", FROM_CALLER)
    second = await (await desk.phones.agents["1002"].next_leg()).until_up()
    await (await caller.until_up()).hang_up()
    await second.until_ended()
    await desk.order(SetForwarding(extension="1001", kind=ForwardingKind.UNCONDITIONAL, to=None))
    caller = await desk.phones.carrier.dial("581001", FROM_CALLER)
    first = await (await desk.phones.agents["1001"].next_leg()).until_up()
    await (await caller.until_up()).hang_up()
    await first.until_ended()
    await desk.order(SetDoNotDisturb(extension="1001", on=True))
    assert "YES" in await desk.pbx.cli("database get DND 1001")
    assert "BUSY" in await desk.pbx.cli("devstate list")
    await desk.order(SetDoNotDisturb(extension="1001", on=False))
    assert "not found" in await desk.pbx.cli("database get DND 1001")
