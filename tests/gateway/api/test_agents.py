from typing import Any

import pytest
from support.gateways import Client, served
from support.replaying import CAPTURES, PBX

from gateway.ports.connector import LinkStatus

QUEUE = CAPTURES / "asterisk" / "22" / "queue_caller_hangs"
MEMBERS = CAPTURES / "asterisk" / "22" / "queue_members"


async def got(client: Client, path: str, status: int = 200) -> Any:
    response = await client.get(path)
    assert response.status == status, await response.text()
    return await response.json()


async def test_agents_are_listed_by_extension_with_their_states() -> None:
    async with served(QUEUE) as one:
        await one.play()
        answer = await got(one.client, "/api/v1/agents")

    first = answer["agents"][0]
    assert answer["position"] > 999
    assert [agent["extension"] for agent in answer["agents"]] == sorted(agent["extension"] for agent in answer["agents"])
    assert (first["pbx"], first["extension"], first["agent"], first["name"]) == (PBX, "1001", "Agent One", "Agent One")
    assert (first["state"], first["call_id"], first["queues"]) == ("ready", None, ["support", "vip"])
    assert first["since"] is not None


async def test_an_agent_is_shown_while_he_talks() -> None:
    async with served(QUEUE) as one:
        for start in range(len(one.events)):
            await one.play(start + 1, start=start)
            if start > 10 and (await got(one.client, "/api/v1/agents?state=talking"))["agents"]:
                break
        agent = await got(one.client, "/api/v1/agents/1001")
        (call,) = (await got(one.client, "/api/v1/calls?state=active"))["calls"]

    assert (agent["state"], agent["queue"], agent["call_id"]) == ("talking", "support", call["call_id"])


@pytest.mark.parametrize(
    ("query", "extensions"),
    [
        ("?queue=support&state=ready,not_ready", ["1001"]),
        ("?queue=none", []),
        ("?state=talking", []),
        (f"?pbx={PBX}&queue=support", ["1001"]),
    ],
)
async def test_agents_are_chosen(query: str, extensions: list[str]) -> None:
    async with served(MEMBERS) as one:
        await one.play()
        answer = await got(one.client, f"/api/v1/agents{query}")
    assert [agent["extension"] for agent in answer["agents"]] == extensions


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ("/api/v1/agents/9999", 404, "not-found"),
        ("/api/v1/agents?pbx=other", 400, "bad-parameter"),
        ("/api/v1/agents?state=sleeping", 400, "bad-parameter"),
        ("/api/v1/agents/1001?pbx=other", 400, "bad-parameter"),
    ],
)
async def test_what_is_not_there_is_said(path: str, status: int, kind: str) -> None:
    async with served(MEMBERS) as one:
        await one.play()
        problem = await got(one.client, path, status)
    assert problem["type"] == f"urn:tieline:problem:{kind}"


async def test_an_extension_of_two_pbxs_must_be_named() -> None:
    async with served(MEMBERS, others=["branch"]) as one:
        await one.play()
        one.engine.pbxs[PBX].agents.know([("1001", None)])
        for state in one.engine.pbxs.values():
            state.agents.know([("1001", "Wang")])
        problem = await got(one.client, "/api/v1/agents/1001", 400)
        agent = await got(one.client, "/api/v1/agents/1001?pbx=branch")

    assert f"{PBX}, branch" in problem["detail"]
    assert (agent["pbx"], agent["state"]) == ("branch", "logged_out")


async def test_an_agent_is_named_by_hand_and_back() -> None:
    async with served(MEMBERS) as one:
        await one.play()
        await one.link(LinkStatus.CONNECTED)
        named = await one.client.patch("/api/v1/agents/1001", json={"name": "Wang Fang"})
        assert (named.status, (await named.json())["name"]) == (200, "Wang Fang")
        assert (await got(one.client, "/api/v1/agents/1001"))["name"] == "Wang Fang"
        back = await one.client.patch("/api/v1/agents/1001", json={"name": None})
        assert (await back.json())["name"] == "Agent One"
        for wrong in ({"name": ""}, {"name": "x" * 201}, {}, {"name": "x", "state": "ready"}):
            assert (await one.client.patch("/api/v1/agents/1001", json=wrong)).status == 422
        assert (await one.client.patch("/api/v1/agents/9999", json={"name": "x"})).status == 404
