"""Has callers talked with: puts together what brings their voice, the application that talks, and what it may command."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from gateway.model.errors import ConfigurationError
from gateway.model.ids import PbxName
from gateway.plugins.channels import ApplicationEntry
from gateway.plugins.loader import load, plugin
from gateway.ports.connector import Connector
from gateway.ports.media import CallApplication, LegCommands, ServedApplication, VoiceSource
from gateway.ports.plugins import CreateApplication, CreateMedia, MediaServer
from gateway.session.desk import DeskBook
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.leg_commands import PbxLegCommands


class MediaEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who talks with callers of one PBX, and how their voice comes."""

    pbx: PbxName
    application: str
    """The plugin that talks."""
    plugin: str | None = None
    """The plugin that brings the voice; None where the PBX's connector does it itself."""
    settings: Any = None
    """Of the type that the manifest of ``plugin`` names."""


class Voices:
    """All that callers are talked with by.

    Args:
        entries: Who talks where.
        engine: Has the calls.
        dispatcher: Takes what applications command.
        notes: Take what an application tells of a caller whom it sends on.
        applications: Their settings; those of others are what their types say without any.
        state_dir: Each application has a folder in it.

    Raises:
        ConfigurationError: An application cannot be made.
    """

    def __init__(
        self,
        entries: Sequence[MediaEntry],
        engine: Engine,
        dispatcher: Dispatcher,
        notes: DeskBook | None = None,
        applications: Sequence[ApplicationEntry] = (),
        *,
        state_dir: Path,
    ) -> None:
        settings = {entry.application: entry.settings for entry in applications}
        self._made: dict[str, CallApplication] = {}
        self._servers: list[MediaServer] = []
        self._applications: dict[PbxName, tuple[CallApplication, LegCommands]] = {}
        for entry in entries:
            name = entry.application
            if name not in self._made:
                self._made[name] = _application(name, settings.get(name), state_dir / name)
            application = self._made[name]
            commands = PbxLegCommands(entry.pbx, engine, dispatcher, entry.application, notes=notes)
            if entry.plugin is None:
                self._applications[entry.pbx] = application, commands
                continue
            create: CreateMedia = load(plugin(entry.plugin).create)
            self._servers.append(create(entry.pbx, entry.settings, application, commands))

    def serve(self, connector: Connector) -> Connector:
        """Let the PBX's application have the voice that its connector brings, where it is configured so.

        Raises:
            ConfigurationError: The connector brings none.
        """
        served = self._applications.get(connector.pbx)
        if served is None:
            return connector
        if not isinstance(connector, VoiceSource):
            raise ConfigurationError(
                f"the connector of {connector.pbx} brings no voice: name what does as `plugin:` in its entry under `media`"
            )
        connector.serve(*served)
        return connector

    async def run(self) -> None:
        """Serve until cancelled; then the callers go back to their PBXs."""
        async with asyncio.TaskGroup() as tasks:
            for server in self._servers:
                tasks.create_task(server.run(), name="media")
            for application in self._served.values():
                tasks.create_task(application.serve(), name=type(application).__name__)

    def application(self, name: str) -> CallApplication:
        """Return one that talks with callers, by its name; raises KeyError."""
        return self._made[name]

    @property
    def _served(self) -> dict[str, ServedApplication]:
        return {name: made for name, made in self._made.items() if isinstance(made, ServedApplication)}

    def counts(self) -> dict[str, Mapping[tuple[str, str], int]]:
        """Return what each application counted, by its name."""
        return {name: application.counts() for name, application in self._served.items()}


def _application(name: str, settings: Any, folder: Path) -> CallApplication:
    manifest = plugin(name)
    create: CreateApplication = load(manifest.create)
    return create(msgspec.convert({}, load(manifest.settings)) if settings is None else settings, folder)
