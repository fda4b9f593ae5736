"""``tieline token create|list|revoke``: who may use the API, in the database that a configuration names.

It works beside a gateway that runs, and before the first token exists; whoever may write the database may do all anyway.
"""

import argparse
import asyncio
import json
import os
import pwd
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from secrets import token_bytes
from typing import Any

import msgspec

from gateway.cli.tables import day_of, table
from gateway.model.errors import ConfigurationError, UsageError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.tokens import COMMAND_LINE, RANDOM_BYTES, NewToken, Token, TokenId, made, written
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.store.database import Database
from gateway.store.opening import database_of, make_ready
from gateway.store.tokens import SqlTokens
from gateway.store.urls import MEMORY


def run(options: argparse.Namespace) -> int:
    """Do what was asked with the configured database."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(
            f"{options.config} keeps nothing (store.url): `tieline run` makes a token of its own each time and shows it"
        )
    database = database_of(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    refuse_strangers_file(database)
    work = _WORK[options.command.removeprefix("token ")]
    asyncio.run(_with(database, work, options))
    return 0


async def _with(
    database: Database, work: Callable[[SqlTokens, argparse.Namespace], Awaitable[None]], options: argparse.Namespace
) -> None:
    try:
        await make_ready(database)
        await work(SqlTokens(database, beside_gateway=True), options)
    finally:
        await database.close()


async def _create(tokens: SqlTokens, options: argparse.Namespace) -> None:
    given = {"name": options.name, "scopes": options.scopes, "role": options.role}
    given |= {name: getattr(options, name) for name in ("extension", "days") if getattr(options, name) is not None}
    try:
        wanted = msgspec.convert(given, NewToken)
    except msgspec.ValidationError as error:
        raise UsageError(f"such a token cannot be made: {error}") from error
    text = written(token_bytes(RANDOM_BYTES))
    token = made(wanted, text, created_by=COMMAND_LINE, now=time.time())
    await tokens.add(token)
    if options.json:
        _print_json({"token": text, **_told(token)})
        return
    sys.stdout.write(text + "\n")
    until = "until it is revoked" if token.expires_at is None else f"until {day_of(token.expires_at)}"
    sys.stderr.write(
        f"{token.name} may {', '.join(sorted(token.scopes))}, {until}.\n"
        f"The token is shown this once and kept nowhere. Lists call it {token.id}.\n"
    )


async def _list(tokens: SqlTokens, options: argparse.Namespace) -> None:
    found = await tokens.all(DEFAULT_TENANT)
    if options.json:
        _print_json([_told(token) for token in found])
        return
    now = time.time()
    rows = [
        (
            token.id,
            token.name,
            token.role,
            token.extension or "",
            _state(token, now),
            "never" if token.used_at is None else day_of(token.used_at),
            " ".join(sorted(token.scopes)),
        )
        for token in found
    ]
    sys.stdout.write(table(("id", "name", "role", "extension", "state", "last used", "scopes"), rows))


async def _revoke(tokens: SqlTokens, options: argparse.Namespace) -> None:
    token = await tokens.revoke(DEFAULT_TENANT, TokenId(options.id), time.time())
    if token is None:
        raise UsageError(f"there is no token {options.id}: `tieline token list` shows those that there are")
    if options.json:
        _print_json(_told(token))
        return
    sys.stdout.write(f"{token.id} ({token.name}) lets nobody in any more; a gateway that runs knows it within seconds.\n")


def _state(token: Token, now: float) -> str:
    if token.revoked_at is not None:
        return f"revoked {day_of(token.revoked_at)}"
    if token.expires_at is None:
        return "works"
    return f"{'works until' if now < token.expires_at else 'expired'} {day_of(token.expires_at)}"


def _told(token: Token) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(token)
    del told["digest"]
    return told | {"scopes": sorted(token.scopes)}


def _print_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False, indent=2) + "\n")


def refuse_strangers_file(database: Database) -> None:
    """Refuse to write a file of another user's: what we made in its place, the gateway could not write any more."""
    if not database.is_sqlite:
        return
    file = Path(database.description)
    there = next((path for path in (file, file.parent) if path.exists()), None)
    owner = os.geteuid() if there is None else there.stat().st_uid
    if owner != os.geteuid():
        try:
            name = pwd.getpwuid(owner).pw_name
        except KeyError:
            name = f"#{owner}"
        raise ConfigurationError(f"{there} belongs to {name}: do this as that user, such as by `sudo -u {name} tieline …`")


_WORK = {"create": _create, "list": _list, "revoke": _revoke}
