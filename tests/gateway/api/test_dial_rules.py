from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.api.auth import DemoAuthenticator
from gateway.api.dial_rules import DialRulesShown
from gateway.api.guard import guard
from gateway.api.operations import routes_of
from gateway.api.surroundings import SURROUNDINGS, Surroundings
from gateway.model.dial_rules import DialRules, RoleRules
from gateway.model.ids import PbxName
from gateway.model.site import Site

SITE = Site(region="CN", extensions=r"^8\d{3}$", outside_prefix="9")
RULES = DialRules(agent=RoleRules(allow=("internal", "national"), caller_numbers=("+861055500100",)), emergency_numbers=("995",))


async def tried(sites: Mapping[PbxName, Site], **trial: Any) -> tuple[int, Any]:
    application = web.Application(middlewares=[guard])
    application[SURROUNDINGS] = Surroundings()
    application.add_routes(routes_of(DialRulesShown(RULES, sites).operations(), DemoAuthenticator()))
    async with TestClient(TestServer(application)) as client, client.post("/api/v1/dial-rules/try", json=trial) as response:
        return response.status, await response.json()


@pytest.mark.parametrize(
    ("number", "told"),
    [
        ("+8613800138000", {"allowed": True, "kind": "national", "e164": "+8613800138000", "shown": "+861055500100"}),
        ("8002", {"allowed": True, "kind": "internal", "dialled": "8002"}),
        ("995", {"allowed": True, "kind": "emergency", "shown": None}),
    ],
)
async def test_a_number_that_may_be_called_is_told_as_the_pbx_dials_it(number: str, told: dict[str, Any]) -> None:
    status, verdict = await tried({PbxName("one"): SITE}, number=number, role="agent")

    assert status == 200
    assert told.items() <= verdict.items()


async def test_a_refusal_names_the_line_to_change() -> None:
    _, verdict = await tried({PbxName("one"): SITE}, number="+441632960000", role="agent", extension="8001")

    assert (verdict["allowed"], verdict["kind"]) == (False, None)
    assert "dialling.agent.allow" in verdict["reason"]


async def test_where_there_are_several_pbxs_one_must_be_named() -> None:
    sites = {PbxName("one"): SITE, PbxName("two"): SITE}

    assert (await tried(sites, number="8002", role="agent", pbx="two"))[0] == 200
    status, problem = await tried(sites, number="8002", role="agent")
    assert (status, problem["detail"]) == (400, "The parameter pbx: name one of: one, two.") or "one, two" in problem["detail"]


async def test_the_rules_are_shown_by_role() -> None:
    application = web.Application()
    application.add_routes(routes_of(DialRulesShown(RULES, {}).operations(), DemoAuthenticator()))
    async with TestClient(TestServer(application)) as client, client.get("/api/v1/dial-rules") as response:
        rules = await response.json()

    assert rules["roles"]["agent"]["allow"] == ["internal", "national"]
    assert set(rules["roles"]) == {"agent", "supervisor", "admin", "partner"}
    assert rules["emergency_numbers"] == ["995"]
