"""Lets visitors write: puts together the channels that bring them, the applications that answer, and the desk between them."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web

from gateway.model.errors import ConfigurationError
from gateway.plugins.loader import load, plugin
from gateway.ports.conversations import CreateTextApplication, CreateTextChannel, TextApplication, TextChannel
from gateway.session.conversations import Conversations


class ChannelEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One channel, and who answers there."""

    channel: str
    """The plugin."""
    application: str | None = None
    """The plugin that answers; None where agents do."""
    settings: Any
    """Of the type that the channel's manifest names."""


class ApplicationEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An application's settings."""

    application: str
    settings: Any
    """Of the type that its manifest names."""


class Channels:
    """All channels of text.

    Raises:
        ConfigurationError: An application answers callers only, or cannot be made.
    """

    def __init__(
        self,
        entries: Sequence[ChannelEntry],
        applications: Sequence[ApplicationEntry],
        conversations: Conversations,
        state_dir: Path,
    ) -> None:
        settings = {entry.application: entry.settings for entry in applications}
        made: dict[str, TextApplication] = {}
        self._channels: list[TextChannel] = []
        for entry in entries:
            name = entry.application
            if name is not None and name not in made:
                made[name] = _application(name, settings.get(name), state_dir / name)
            create: CreateTextChannel = load(plugin(entry.channel).create)
            desk = conversations.desk(entry.channel, None if name is None else (name, made[name]))
            self._channels.append(create(entry.settings, desk))
        self._applications = made

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what is answered of HTTP, to everybody."""
        return [route for channel in self._channels for route in channel.routes()]

    def counts(self) -> dict[str, Mapping[tuple[str, str], int]]:
        """Return what each application counted, by its name."""
        return {name: application.counts() for name, application in self._applications.items()}

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for channel in self._channels:
                tasks.create_task(channel.run(), name=type(channel).__name__)
            for application in self._applications.values():
                tasks.create_task(application.serve(), name=type(application).__name__)


def _application(name: str, settings: Any, folder: Path) -> TextApplication:
    manifest = plugin(name)
    if manifest.converse is None:
        raise ConfigurationError(f"the application {name} talks with callers only: it has no `converse` in its manifest")
    create: CreateTextApplication = load(manifest.converse)
    return create(msgspec.convert({}, load(manifest.settings)) if settings is None else settings, folder)
