from pathlib import Path
from typing import Any

from support.doors import House, house, kind_of

from gateway.model.principals import Role


async def page(one: House, query: str = "") -> dict[str, Any]:
    answered = await one.ask("GET", f"/audit/access{query}")
    assert answered.status == 200, await answered.text()
    told: dict[str, Any] = await answered.json()
    return told


async def test_who_came_in_is_told_page_by_page(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        chief = await one.person("chief", Role.ADMIN)
        await one.sign_in("chief", "wrong")
        await one.sign_in("chief")
        first = await page(one, "?limit=1")
        (entry,) = first["entries"]
        assert (entry["kind"], entry["user_name"], entry["by"]) == ("signed_in", "Chief", f"user:{chief.id}")
        assert (entry["address"], entry["detail"]) == ("127.0.0.1", "by password")
        rest = await page(one, f"?limit=1&cursor={first['next']}")
        assert [each["kind"] for each in rest["entries"]] == ["sign_in_failed"]


async def test_lines_are_found_by_what_they_are(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        chief = await one.person("chief", Role.ADMIN)
        await one.sign_in("nobody")
        await one.sign_in("chief")
        for query, count in (
            ("?kind=sign_in_failed", 1),
            (f"?user_id={chief.id}&kind=signed_in", 1),
            ("?by=nobody", 1),
            ("?since=2027-01-15T09:00:00Z", 0),
            ("?until=2020-01-01T00:00:00Z", 0),
        ):
            assert len((await page(one, query))["entries"]) == count, query
        assert await kind_of(await one.ask("GET", "/audit/access?since=2027-01-15T08:00:00")) == (400, "bad-parameter")


async def test_it_takes_the_right_to_see_audits(tmp_path: Path) -> None:
    async with house(tmp_path) as one:
        await one.person("lead", Role.SUPERVISOR)
        await one.sign_in("lead")
        assert await kind_of(await one.ask("GET", "/audit/access")) == (403, "scope-missing")
