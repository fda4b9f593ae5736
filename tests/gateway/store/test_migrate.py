import importlib
import pkgutil

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

import gateway.store
from gateway.model.errors import StoreSchemaError
from gateway.store.engines import engine_of
from gateway.store.metadata import METADATA
from gateway.store.migrate import latest, migrate, revision_of
from gateway.store.urls import parse_url

# Each module declares the tables of its subject.
for found in pkgutil.iter_modules(gateway.store.__path__, "gateway.store."):
    importlib.import_module(found.name)


async def test_migrations_lead_to_the_tables_as_they_are(url: str) -> None:
    engine = engine_of(parse_url(url))
    async with engine.begin() as connection:
        assert await connection.run_sync(revision_of) is None
        assert await connection.run_sync(migrate) == (None, latest())
    async with engine.begin() as connection:
        assert await connection.run_sync(migrate) == (latest(), latest())
        difference = await connection.run_sync(lambda plain: compare_metadata(MigrationContext.configure(plain), METADATA))
    await engine.dispose()

    assert difference == []


async def test_every_key_has_the_tenant() -> None:
    assert [table.name for table in METADATA.sorted_tables if "tenant" not in table.primary_key.columns] == []


async def test_a_later_schema_is_refused(url: str) -> None:
    engine = engine_of(parse_url(url))
    async with engine.begin() as connection:
        await connection.run_sync(migrate)
        await connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    async with engine.begin() as connection:
        with pytest.raises(StoreSchemaError, match="schema is 9999, this version knows up to"):
            await connection.run_sync(migrate)
    await engine.dispose()
