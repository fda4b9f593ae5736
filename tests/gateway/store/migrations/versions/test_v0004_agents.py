from pathlib import Path

from sqlalchemy import inspect

from gateway.store.agents import AGENT_STATES, AGENTS
from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url


async def test_agents_have_their_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        await connection.run_sync(lambda plain: migrate(plain, "0004"))
        names = await connection.run_sync(lambda plain: [column["name"] for column in inspect(plain).get_columns("agents")])
        states = await connection.run_sync(
            lambda plain: [column["name"] for column in inspect(plain).get_columns("agent_states")]
        )
    await engine.dispose()

    assert names == [column.name for column in AGENTS.columns]
    assert states == [column.name for column in AGENT_STATES.columns]
