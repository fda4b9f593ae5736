from pathlib import Path

from support.commanding import ObedientPbx
from support.workplaces import World, agent, at_workplace

from gateway.model.commands import SetPause
from gateway.model.desk import WRAP_UP, DeskRules, QueueDesk
from gateway.model.errors import CommandRefusedError
from gateway.session.after_call import RETRY_S, AfterCall

RULES = DeskRules(wrap_up_s=30)


def pauses(pbx: ObedientPbx) -> list[tuple[str, bool, str | None]]:
    orders = [order.command for order in pbx.received]
    return [(each.extension, each.paused, each.reason) for each in orders if isinstance(each, SetPause)]


def state_of(world: World, extension: str = "8001") -> str:
    found = world.state.agents.find(extension)
    assert found is not None
    return found.state.value


async def talks(world: World) -> None:
    """8001 talks with a caller of the queue, and is paused, as the PBX says."""
    world.story.rung("8001").given("8001").later(10)
    await world.happens()
    await world.workplace.after_call.look()
    if pauses(world.disk.pbx):
        world.story.member("8001", paused=True, reason=WRAP_UP)
        await world.happens()


async def ends(world: World) -> None:
    world.story.later(5).hangs_up("caller", "8001")
    await world.happens()
    await world.workplace.after_call.look()


async def test_an_agent_is_left_alone_after_a_call_for_as_long_as_is_configured(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        after_call = world.workplace.after_call
        await talks(world)
        talking = state_of(world)
        await ends(world)
        ended_at = world.story.now
        desk = await world.asks(agent("8001"), "GET", "desk")
        world.story.later(29.9)
        await after_call.look()
        before = pauses(world.disk.pbx)
        world.story.later(0.2)
        await after_call.look()

        assert (talking, state_of(world)) == ("talking", "after_call_work")
        assert before == [("8001", True, "wrap-up")]
        assert desk["wrap_up_until"] is not None
        assert after_call.until(world.state.pbx, "8001") is None
        assert pauses(world.disk.pbx) == [("8001", True, "wrap-up"), ("8001", False, None)]
        assert world.story.now - ended_at > 30


async def test_who_is_done_is_let_in_at_once_and_the_audit_names_us(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        await talks(world)
        (call,) = world.state.live
        await ends(world)
        await world.asks(agent("8001"), "PUT", f"calls/{call.call_id}/wrap-up", {"disposition": "solved", "done": True})
        told = world.told("command.accepted")

        assert pauses(world.disk.pbx) == [("8001", True, "wrap-up"), ("8001", False, None)]
        assert {event["data"]["principal"] for event in told} == {"tieline"}


async def test_who_is_done_before_the_call_ends_has_no_time_after_it(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        await talks(world)
        (call,) = world.state.live
        await world.asks(agent("8001"), "PUT", f"calls/{call.call_id}/wrap-up", {"disposition": "solved", "done": True})
        assert pauses(world.disk.pbx) == [("8001", True, "wrap-up")]
        await ends(world)
        assert pauses(world.disk.pbx)[-1] == ("8001", False, None)


async def test_without_it_nobody_is_paused(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, DeskRules(wrap_up_s=30, queues={"support": QueueDesk(wrap_up_s=0)})) as world:
        await talks(world)
        await ends(world)
        assert pauses(world.disk.pbx) == []


async def test_a_queue_that_has_its_own_time_is_left_to_it(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        world.story.member("8001", wrap_up_s=10.0)
        await talks(world)
        assert pauses(world.disk.pbx) == []


async def test_who_has_paused_himself_somewhere_is_left_alone(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        world.story.member("8001", "sales", paused=True, reason="training")
        await talks(world)
        assert pauses(world.disk.pbx) == []


async def test_who_takes_a_real_break_meanwhile_is_not_let_in(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        await talks(world)
        await ends(world)
        world.story.member("8001", paused=True, reason="lunch").later(60)
        await world.happens()
        await world.workplace.after_call.look()

        assert state_of(world) == "not_ready"
        assert pauses(world.disk.pbx) == [("8001", True, "wrap-up")]


async def test_a_gateway_that_starts_anew_lets_in_whom_an_earlier_one_paused(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        world.story.member("8001", paused=True, reason=WRAP_UP)
        await world.happens()
        fresh = AfterCall(world.engine, world.desk.dispatcher, RULES, now=lambda: world.story.now)
        await fresh.look()
        assert pauses(world.disk.pbx) == []
        world.story.later(31)
        await fresh.look()
        assert pauses(world.disk.pbx) == [("8001", False, None)]


async def test_a_pbx_that_refuses_is_asked_again_after_a_while(tmp_path: Path) -> None:
    async with at_workplace(tmp_path, RULES) as world:
        world.disk.pbx.fault = CommandRefusedError("not now")
        world.story.rung("8001").given("8001").later(10)
        await world.happens()
        await world.workplace.after_call.look()
        await world.workplace.after_call.look()
        assert len(pauses(world.disk.pbx)) == 1
        world.disk.pbx.fault = None
        world.story.later(RETRY_S + 0.1)
        await world.workplace.after_call.look()
        await world.workplace.after_call.look()
        assert len(pauses(world.disk.pbx)) == 2
