from support.dispatching import Desk, Disk
from support.virtual_time import in_virtual_time

from gateway.crm.clicks import clicker
from gateway.model.commands import PlaceCall
from gateway.model.crm import ClickToCall


@in_virtual_time
async def test_a_click_is_a_command_in_the_crms_name() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        await clicker(desk.dispatcher)("odoo", ClickToCall(number="+8613800138000", extension="8001"))
        (order,) = disk.pbx.received
        assert isinstance(order.command, PlaceCall)
        assert (order.command.extension, order.command.number) == ("8001", "013800138000")
        await desk.settled()
        (accepted,) = disk.events("command.accepted")
        assert "crm:odoo" in str(accepted) or "odoo" in str(accepted)


@in_virtual_time
async def test_one_that_may_not_be_costs_nothing_but_a_line_in_the_log() -> None:
    disk = Disk()
    async with Desk(disk).running() as desk:
        await clicker(desk.dispatcher)("odoo", ClickToCall(number="hello", extension="8001"))
        assert disk.pbx.received == []
