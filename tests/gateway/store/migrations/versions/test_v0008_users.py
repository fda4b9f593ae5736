from functools import partial
from pathlib import Path

from sqlalchemy import Connection, inspect

from gateway.store.access_log import ACCESS_LOG
from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url
from gateway.store.users import SESSIONS, USERS


async def test_people_have_their_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        await connection.run_sync(lambda plain: migrate(plain, "0008"))
        for table in (USERS, SESSIONS, ACCESS_LOG):
            columns = await connection.run_sync(partial(_names, table=table.name))
            assert columns == [column.name for column in table.columns]
    await engine.dispose()


def _names(connection: Connection, *, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]
