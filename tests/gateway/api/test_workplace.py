from pathlib import Path

from support.workplaces import at_workplace


async def test_all_that_agents_work_with_is_served(tmp_path: Path) -> None:
    async with at_workplace(tmp_path) as world:
        paths = {route.resource.canonical for route in world.application().router.routes() if route.resource is not None}
    assert {
        "/api/v1/desk",
        "/api/v1/calls/{call_id}/card",
        "/api/v1/calls/{call_id}/wrap-up",
        "/api/v1/dispositions",
        "/api/v1/callbacks",
        "/api/v1/callbacks/{callback_id}/claim",
        "/api/v1/figures/today",
        "/api/v1/figures/today.svg",
    } <= paths
