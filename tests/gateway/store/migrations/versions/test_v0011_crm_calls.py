from pathlib import Path

from sqlalchemy import Connection, inspect

from gateway.store.crm import CALLS, CURSORS
from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url


def names_of(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


async def test_what_crms_were_told_has_its_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        await connection.run_sync(migrate, "0011")
        for table in (CURSORS, CALLS):
            columns = await connection.run_sync(names_of, table.name)
            assert columns == [column.name for column in table.columns]
    await engine.dispose()
