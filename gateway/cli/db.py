"""``tieline db backup|restore|migrate``: looks after the database that a configuration names."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.app import state_folder
from gateway.model.errors import ConfigurationError
from gateway.settings.load import load_settings
from gateway.store.backup import read_backup, write_backup
from gateway.store.migrate import migrate
from gateway.store.opening import sql_store
from gateway.store.sql import SqlStore
from gateway.store.urls import MEMORY


def run(options: argparse.Namespace) -> int:
    """Do what was asked with the configured database."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(f"{options.config} keeps calls in memory (store.url): there is no database")
    store = sql_store(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    work = _WORK[options.command.removeprefix("db ")]
    sys.stdout.write(asyncio.run(_with(store, lambda: work(store, options))) + "\n")
    return 0


async def _with(store: SqlStore, work: Callable[[], Awaitable[str]]) -> str:
    try:
        return await work()
    finally:
        await store.close()


async def _backup(store: SqlStore, options: argparse.Namespace) -> str:
    file: Path = options.file
    counts = await write_backup(store, file)
    return f"{file} has {_told(counts)} of {store.description}"


async def _restore(store: SqlStore, options: argparse.Namespace) -> str:
    counts = await read_backup(store, options.file)
    return f"{store.description} has {_told(counts)} of {options.file}"


async def _migrate(store: SqlStore, _options: argparse.Namespace) -> str:
    async with store.writing() as connection:
        before, after = await connection.run_sync(migrate)
    if before == after:
        return f"{store.description} is up to date: schema {after}"
    return f"{store.description} went from {'nothing' if before is None else f'schema {before}'} to schema {after}"


def _told(counts: dict[str, int]) -> str:
    return f"{counts.get('calls', 0)} calls and {counts.get('events', 0)} events"


_WORK = {"backup": _backup, "restore": _restore, "migrate": _migrate}
