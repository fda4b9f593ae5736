from pathlib import Path

import sqlalchemy as sa

from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url
from gateway.store.webhooks import ATTEMPTS, DELIVERIES, WEBHOOKS


async def test_webhooks_get_their_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    found = sa.MetaData()
    async with engine.begin() as connection:
        await connection.run_sync(lambda plain: migrate(plain, "0006"))
        await connection.run_sync(lambda plain: found.reflect(plain))
    await engine.dispose()

    for table in (WEBHOOKS, DELIVERIES, ATTEMPTS):
        made = found.tables[table.name]
        assert [column.name for column in made.columns] == [column.name for column in table.columns]
        assert {index.name for index in made.indexes} == {index.name for index in table.indexes}
