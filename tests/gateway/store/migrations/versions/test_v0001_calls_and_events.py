from pathlib import Path

from sqlalchemy import inspect

from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url


async def test_the_first_schema_has_its_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        assert await connection.run_sync(lambda plain: migrate(plain, "0001")) == (None, "0001")
        names = await connection.run_sync(lambda plain: inspect(plain).get_table_names())
    await engine.dispose()

    assert sorted(names) == ["alembic_version", "call_terms", "calls", "events", "habits", "pbxs", "position"]
