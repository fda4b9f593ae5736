"""``tieline db backup|restore|migrate``: looks after the database that a configuration names."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.model.errors import ConfigurationError
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.store.backup import read_backup, write_backup
from gateway.store.database import Database
from gateway.store.migrate import migrate
from gateway.store.opening import database_of
from gateway.store.urls import MEMORY


def run(options: argparse.Namespace) -> int:
    """Do what was asked with the configured database."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(f"{options.config} keeps calls in memory (store.url): there is no database")
    database = database_of(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    work = _WORK[options.command.removeprefix("db ")]
    sys.stdout.write(asyncio.run(_with(database, lambda: work(database, options))) + "\n")
    return 0


async def _with(database: Database, work: Callable[[], Awaitable[str]]) -> str:
    try:
        return await work()
    finally:
        await database.close()


async def _backup(database: Database, options: argparse.Namespace) -> str:
    file: Path = options.file
    counts = await write_backup(database, file)
    return f"{file} has {_told(counts)} of {database.description}"


async def _restore(database: Database, options: argparse.Namespace) -> str:
    counts = await read_backup(database, options.file)
    return f"{database.description} has {_told(counts)} of {options.file}"


async def _migrate(database: Database, _options: argparse.Namespace) -> str:
    async with database.writing() as connection:
        before, after = await connection.run_sync(migrate)
    if before == after:
        return f"{database.description} is up to date: schema {after}"
    return f"{database.description} went from {'nothing' if before is None else f'schema {before}'} to schema {after}"


def _told(counts: dict[str, int]) -> str:
    return f"{counts.get('calls', 0)} calls and {counts.get('events', 0)} events"


_WORK = {"backup": _backup, "restore": _restore, "migrate": _migrate}
