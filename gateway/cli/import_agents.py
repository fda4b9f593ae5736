"""``tieline pbx import``: take over who sits at which extension, from the PBX itself or from a CSV file.

The gateway does the same by itself whenever it connects; it may run meanwhile, and shows what is new within a minute.
"""

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from gateway.model.directory import CsvError, Directory, read_csv
from gateway.model.errors import CommandError, ConfigurationError, PeerError, UsageError
from gateway.model.ids import DEFAULT_TENANT
from gateway.plugins.loader import load, plugin
from gateway.ports.agents import ReadDirectory
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.settings.values import ConnectorEntry, Settings
from gateway.store.agents import SqlAgents
from gateway.store.opening import database_of, make_ready
from gateway.store.urls import MEMORY


def run(options: argparse.Namespace) -> int:
    """Import; returns 1 when a PBX could not be read, or a line of the file could not be used."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(f"{options.config} keeps nothing (store.url): `tieline run` reads the names each time")
    entries = _chosen(settings, options.pbx)
    if options.names is not None and len(entries) != 1:
        raise UsageError(f"several PBXs are configured: say with --pbx whose extensions {options.names} names")
    return asyncio.run(_import(settings, options, entries))


async def _import(settings: Settings, options: argparse.Namespace, entries: list[ConnectorEntry]) -> int:
    database = database_of(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    told: list[dict[str, Any]] = []
    try:
        await make_ready(database)
        agents = SqlAgents(database, beside_gateway=True)
        for entry in entries:
            read = _from_pbx(agents, entry) if options.names is None else _from_file(agents, entry, options.names)
            told.append({"pbx": entry.pbx, **await read})
    finally:
        await database.close()
    sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n" if options.json else "".join(map(_text, told)))
    return 1 if any(each["failed"] or each["refused"] for each in told) else 0


async def _from_pbx(agents: SqlAgents, entry: ConnectorEntry) -> dict[str, Any]:
    """Read a PBX and keep what it tells; return a report."""
    tools = plugin(entry.plugin).tools
    if "directory" not in tools:
        return _report(failed=f"the plugin {entry.plugin} cannot tell who sits where")
    read: ReadDirectory = load(tools["directory"])
    try:
        found: Directory = await read(entry.settings)
    except (PeerError, CommandError) as error:
        return _report(failed=str(error))
    await agents.put_found(DEFAULT_TENANT, entry.pbx, found.agents, time.time())
    names = {each.extension: each.name for each in found.agents}
    return _report(names=names, queues=list(found.queues), remarks=list(found.remarks))


async def _from_file(agents: SqlAgents, entry: ConnectorEntry, file: Path) -> dict[str, Any]:
    """Read a table of names and keep them as given by hand; return a report."""
    try:
        text = await asyncio.to_thread(file.read_text, "utf-8-sig")
        read = read_csv(text, entry.site)
    except (OSError, UnicodeDecodeError, CsvError) as error:
        raise UsageError(f"{file}: {error}") from error
    await agents.put_names(DEFAULT_TENANT, entry.pbx, read.names, time.time())
    return _report(names=dict(read.names), refused=list(read.refused))


def _report(
    names: dict[str, str | None] | dict[str, str] | None = None,
    queues: list[str] | None = None,
    remarks: list[str] | None = None,
    refused: list[str] | None = None,
    failed: str | None = None,
) -> dict[str, Any]:
    return {"names": names or {}, "queues": queues or [], "remarks": remarks or [], "refused": refused or [], "failed": failed}


def _text(report: dict[str, Any]) -> str:
    if report["failed"] is not None:
        return f"{report['pbx']}: {report['failed']}\n"
    names = report["names"]
    named = sum(name is not None for name in names.values())
    lines = [f"{report['pbx']}: {len(names)} extensions, {named} with a name"]
    lines += [f"  {extension}  {name or '-'}" for extension, name in names.items()]
    if report["queues"]:
        lines.append(f"  queues: {', '.join(report['queues'])}")
    lines += [f"  {remark}" for remark in [*report["remarks"], *report["refused"]]]
    return "\n".join(lines) + "\n"


def _chosen(settings: Settings, name: str | None) -> list[ConnectorEntry]:
    found = [entry for entry in settings.connectors if name in (None, entry.pbx)]
    if not found:
        raise ConfigurationError(f"no PBX is called {name}: {', '.join(entry.pbx for entry in settings.connectors)}")
    return found
