import pytest
from prometheus_client import CollectorRegistry, generate_latest
from support.dispatching import Desk, Disk, to, wish
from support.virtual_time import in_virtual_time

from gateway.api.command_figures import CommandFigures
from gateway.model.refusals import CommandNotDoneError


@in_virtual_time
async def test_commands_are_counted_by_what_came_of_them() -> None:
    desk = Desk(Disk())
    async with desk.running():
        for _ in range(2):
            await desk.dispatcher.submit(wish())
        with pytest.raises(CommandNotDoneError):
            await desk.dispatcher.submit(wish(fields=to("00085291234567")))
    registry = CollectorRegistry()
    registry.register(CommandFigures(desk.dispatcher))
    text = generate_latest(registry).decode()

    assert 'tieline_commands_total{command="place_call",result="accepted"} 2.0' in text
    assert 'tieline_commands_total{command="place_call",result="number-not-allowed"} 1.0' in text
