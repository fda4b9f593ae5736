"""``tieline run``: the gateway, until Ctrl-C or SIGTERM."""

import argparse
import asyncio
import gc
import signal
import sys
import time
from importlib.metadata import version
from pathlib import Path
from secrets import token_bytes
from typing import Final

import msgspec

from gateway.app import Gateway
from gateway.cli.logs import set_up
from gateway.cli.until_stopped import run_until_stopped
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.principals import Role, Scope
from gateway.model.tokens import COMMAND_LINE, RANDOM_BYTES, NewToken, made, written
from gateway.settings.load import embedded_default, load_settings
from gateway.settings.values import Settings
from gateway.store.urls import MEMORY

_PACKAGE: Final = Path(__file__).parents[1]
_EXAMPLES: Final = (_PACKAGE / "_data" / "tieline.example.yaml", _PACKAGE.parent / "config" / "tieline.example.yaml")
"""The example configuration, in an installed wheel and beside the source."""

_DEMO: Final = """
  Sign in as {names},
  each with the password  {password}  (of this run alone)
"""
_SIMULATED: Final = """
  No configuration: this is a simulated PBX that plays recorded calls, and a company whose visitors write at /chat.
  For your own:
  copy and change {example},
  then  tieline run --config FILE
"""
_FOR_PEOPLE: Final = """
  Nobody can sign in yet. For an admin, who makes the others on the page:
  tieline user add --login NAME --role admin --config {config}
"""
_FOR_PROGRAMS: Final = """
  Programs take a token, and there is none yet. For one that may all:
  tieline token create --name NAME --role admin --scopes all --config {config}
"""


def run(options: argparse.Namespace) -> int:
    """Run the gateway; returns when it has stopped cleanly."""
    settings = embedded_default() if options.config is None else load_settings(options.config)
    if options.port is not None:
        api = msgspec.structs.replace(settings.api, port=options.port)
        settings = msgspec.structs.replace(settings, api=api)
    set_up(settings.log)
    run_until_stopped(_serve(settings, options.config))
    return 0


async def _serve(settings: Settings, config: Path | None) -> None:
    gateway = Gateway(settings)
    async with gateway.running() as address:
        if gateway.certificate is not None:
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, gateway.certificate.look_again)
        sys.stdout.write(_welcome(settings, address) + await _entry(gateway, config) + "\n  Ctrl-C stops it.\n\n")
        sys.stdout.flush()
        # What is there now lives as long as the process: looking through it for rubbish would stop everything for 0.1 s.
        gc.collect()
        gc.freeze()
        await asyncio.Event().wait()


async def _entry(gateway: Gateway, config: Path | None) -> str:
    """Return what whoever starts it must know to be let in."""
    if config is None:
        logins = gateway.doors.demo_logins
        names = ", ".join(f"{each.login} ({each.role})" for each in logins)
        return _DEMO.format(names=names, password=logins[0].password) + _SIMULATED.format(example=_example())
    if gateway.settings.store.url == MEMORY:
        text = written(token_bytes(RANDOM_BYTES))
        wanted = NewToken(name="this run", scopes=tuple(Scope), role=Role.ADMIN)
        await gateway.tokens.add(made(wanted, text, created_by=COMMAND_LINE, now=time.time()))
        return f"\n  The API takes a token; nothing is kept (store.url), so this one is for this run:\n  {text}\n"
    now = time.time()
    first = "" if await gateway.doors.has_users() else _FOR_PEOPLE.format(config=config)
    if not any(token.refusal(now) is None for token in await gateway.tokens.all(DEFAULT_TENANT)):
        first += _FOR_PROGRAMS.format(config=config)
    return first


def _welcome(settings: Settings, address: str) -> str:
    pbxs = ", ".join(entry.pbx for entry in settings.connectors)
    lines = [
        f"Tieline {version('tieline')} runs: {address}",
        "",
        f"  {address:<42} the pages for people: sign in",
        f"  {address + 'live':<42} live calls of {pbxs}, as they happen",
        f"  {address + 'api/v1/calls':<42} the same as JSON; events by WebSocket at /api/v1/events",
        f"  {address + 'readyz':<42} how each PBX's connection is",
        f"  {address + 'metrics':<42} figures for Prometheus",
    ]
    return "\n".join(lines) + "\n"


def _example() -> Path:
    return next((file for file in _EXAMPLES if file.is_file()), _EXAMPLES[-1])
