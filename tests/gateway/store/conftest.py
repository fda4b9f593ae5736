"""Each test of the store runs on every kind of store: a fresh one, by its URL."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.memory_store import MemoryStore
from support.postgres import Postgres, postgres

from gateway.ports.store import Store
from gateway.store.database import Database
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url


@pytest.fixture(scope="session")
def cluster() -> Iterator[Postgres]:
    """One PostgreSQL for all tests."""
    with postgres() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/tieline.db"
    made: str = request.getfixturevalue("cluster").database()
    return made


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store, open."""
    made: Store
    if request.param == "memory":
        made = MemoryStore(calls=1_000, events=10_000)
    else:
        url = f"sqlite:///{tmp_path}/tieline.db"
        made = SqlStore(Database(parse_url(url if request.param == "sqlite" else request.getfixturevalue("cluster").database())))
    await made.open()
    try:
        yield made
    finally:
        await made.close()
