from pathlib import Path

from support.doors import House, house

from gateway.api.doors import PLACES_DAYS
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role


async def test_the_demo_has_its_users_once_and_nobody_else_has_them(tmp_path: Path) -> None:
    async with house(tmp_path, demo=True) as demo:
        await demo.doors.prepare()
        users = await demo.users.all(DEFAULT_TENANT)
        assert {(user.login, user.role, user.extension) for user in users} == {
            ("ivy", Role.AGENT, "1001"),
            ("tom", Role.AGENT, "1002"),
            ("lin", Role.SUPERVISOR, "1003"),
            ("admin", Role.ADMIN, None),
        }
        assert await demo.doors.has_users()
    (tmp_path / "real").mkdir()
    async with house(tmp_path / "real") as real:
        await real.doors.prepare()
        assert not await real.doors.has_users()
        assert real.doors.demo_logins == []


async def test_a_place_is_remembered_for_a_while(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        ann = await one.person()
        await one.sign_in()
        assert await sessions_after(one, PLACES_DAYS - 1) == 1
        assert await sessions_after(one, PLACES_DAYS + 1) == 0
        assert await one.users.find(DEFAULT_TENANT, ann.id) is not None


async def sessions_after(one: House, days: float) -> int:
    (user,) = await one.users.all(DEFAULT_TENANT)
    await one.doors.prune(DEFAULT_TENANT, before=one.clock.time + days * 86_400 - PLACES_DAYS * 86_400)
    return len(await one.users.sessions(DEFAULT_TENANT, user.id))
