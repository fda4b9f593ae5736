from pathlib import Path

from sqlalchemy import Connection, inspect

from gateway.store.conversations import CONVERSATIONS, MESSAGES
from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url


def names_of(connection: Connection, table: str) -> list[str]:
    return [column["name"] for column in inspect(connection).get_columns(table)]


async def test_conversations_and_what_was_said_have_their_tables(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        await connection.run_sync(migrate, "0010")
        for table in (CONVERSATIONS, MESSAGES):
            columns = await connection.run_sync(names_of, table.name)
            assert columns == [column.name for column in table.columns]
    await engine.dispose()
