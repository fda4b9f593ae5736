from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from support.memory_agents import MemoryAgents

from gateway.model.agent_interfaces import Membership
from gateway.model.agent_states import Agent, AgentState, WrapUp
from gateway.model.directory import Entry, Found, Source
from gateway.model.errors import StoreSchemaError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, QueueName, Tenant
from gateway.ports.agents import Agents
from gateway.store.agents import AGENT_STATES, SqlAgents
from gateway.store.database import Database
from gateway.store.urls import parse_url

PBX, OTHER = PbxName("head-office"), PbxName("branch")
NOW = 1_800_000_000.0
WANG = Found(extension="8001", name="Wang Fang", source=Source.USERS)
LI = Found(extension="8002", name=None, source=Source.ENDPOINTS)


@pytest.fixture
async def database(url: str) -> AsyncIterator[Database]:
    made = Database(parse_url(url))
    await made.open()
    yield made
    await made.close()


@pytest.fixture
def agents(database: Database) -> SqlAgents:
    return SqlAgents(database)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def any_agents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Agents]:
    if request.param == "memory":
        yield MemoryAgents()
        return
    url = f"sqlite:///{tmp_path}/tieline.db" if request.param == "sqlite" else request.getfixturevalue("cluster").database()
    database = Database(parse_url(url))
    await database.open()
    yield SqlAgents(database)
    await database.close()


async def test_what_a_pbx_told_is_kept_by_pbx_and_tenant(any_agents: Agents) -> None:
    await any_agents.put_found(DEFAULT_TENANT, PBX, [WANG, LI], NOW)
    await any_agents.put_found(DEFAULT_TENANT, OTHER, [LI], NOW)

    assert await any_agents.entries(DEFAULT_TENANT, PBX) == [
        Entry(extension="8001", found_name="Wang Fang", source=Source.USERS),
        Entry(extension="8002", source=Source.ENDPOINTS),
    ]
    assert await any_agents.entries(Tenant("other"), PBX) == []


async def test_a_name_given_by_hand_outlives_what_the_pbx_says(any_agents: Agents) -> None:
    await any_agents.put_found(DEFAULT_TENANT, PBX, [WANG], NOW)
    await any_agents.put_names(DEFAULT_TENANT, PBX, {"8001": "Fang", "8003": "Reception"}, NOW)
    await any_agents.put_found(DEFAULT_TENANT, PBX, [Found(extension="8001", name="F. Wang", source=Source.MEMBERS)], NOW)

    first, second = await any_agents.entries(DEFAULT_TENANT, PBX)
    assert (first.name, first.found_name, first.source) == ("Fang", "F. Wang", Source.MEMBERS)
    assert (second.name, second.source) == ("Reception", None)

    await any_agents.put_names(DEFAULT_TENANT, PBX, {"8001": None}, NOW)
    assert (await any_agents.entries(DEFAULT_TENANT, PBX))[0].name == "F. Wang"


async def test_a_name_with_what_no_database_takes_is_kept_without_it(agents: SqlAgents) -> None:
    await agents.put_names(DEFAULT_TENANT, PBX, {"8001": "Fang\0"}, NOW)

    assert (await agents.entries(DEFAULT_TENANT, PBX))[0].name == "Fang\N{REPLACEMENT CHARACTER}"


async def test_names_are_kept_beside_a_gateway_that_runs(url: str, agents: SqlAgents) -> None:
    await agents.put_found(DEFAULT_TENANT, PBX, [WANG], NOW)
    beside = Database(parse_url(url))

    await SqlAgents(beside, beside_gateway=True).put_names(DEFAULT_TENANT, PBX, {"8001": "Fang"}, NOW)
    await beside.close()

    assert (await agents.entries(DEFAULT_TENANT, PBX))[0].name == "Fang"


async def test_a_state_is_kept_whole(any_agents: Agents) -> None:
    member = Membership(queue=QueueName("support"), member="Wang", interface="PJSIP/8001", paused=True, reason="lunch")
    wrap_up = WrapUp(queue=QueueName("support"), call_id=CallId("01M81G2HX26T1BW0K9REE1GTYE"), since=NOW, until=NOW + 10.0)
    agent = Agent(
        extension="8001", state=AgentState.NOT_READY, reason="lunch", since=NOW, queues=(member,), wrap_up=wrap_up, name="Wang"
    )
    await any_agents.put_states(DEFAULT_TENANT, PBX, [Agent(extension="8001"), Agent(extension="8002")], NOW)
    await any_agents.put_states(DEFAULT_TENANT, PBX, [agent], NOW)
    await any_agents.put_states(DEFAULT_TENANT, PBX, [], NOW)

    assert await any_agents.states(DEFAULT_TENANT, PBX) == [agent, Agent(extension="8002")]
    assert await any_agents.states(DEFAULT_TENANT, OTHER) == []


async def test_a_damaged_state_is_told(agents: SqlAgents, database: Database) -> None:
    await agents.put_states(DEFAULT_TENANT, PBX, [Agent(extension="8001")], NOW)
    async with database.writing() as connection:
        await connection.execute(sa.update(AGENT_STATES).values(snapshot=b"\xc1"))

    with pytest.raises(StoreSchemaError, match="agent"):
        await agents.states(DEFAULT_TENANT, PBX)
