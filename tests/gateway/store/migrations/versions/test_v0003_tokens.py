from pathlib import Path

from sqlalchemy import inspect

from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.tokens import TOKENS
from gateway.store.urls import parse_url


async def test_tokens_have_their_table(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        await connection.run_sync(lambda plain: migrate(plain, "0003"))
        columns = await connection.run_sync(lambda plain: inspect(plain).get_columns("tokens"))
    await engine.dispose()

    assert [column["name"] for column in columns] == [column.name for column in TOKENS.columns]
