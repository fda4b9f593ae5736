"""What the gateway calls in a plugin that it found by manifest."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.ports.connector import Connector
from gateway.ports.media import CallApplication, LegCommands


class ConnectorSettings(Protocol):
    """What every connector's settings have."""

    @property
    def site(self) -> Site:
        """What the PBX's numbers mean."""


class CreateConnector(Protocol):
    """``create`` of a connector's manifest."""

    def __call__(self, pbx: PbxName, settings: Any, state_dir: Path) -> Connector:
        """Make the connector, without touching the network; ``settings`` is of the manifest's type."""


class MediaServer(Protocol):
    """Where a PBX brings its calls' voice."""

    async def run(self) -> None:
        """Listen, and have callers talked with, until cancelled; then they go back to the PBX."""


class CreateMedia(Protocol):
    """``create`` of a manifest of kind ``media``."""

    def __call__(self, pbx: PbxName, settings: Any, application: CallApplication, commands: LegCommands) -> MediaServer:
        """Make the server, without touching the network; ``settings`` is of the manifest's type."""


class CreateApplication(Protocol):
    """``create`` of a manifest of kind ``application``."""

    def __call__(self, settings: Any, folder: Path) -> CallApplication:
        """Make what talks with callers, without touching the network; ``settings`` is of the manifest's type.

        Args:
            folder: For what must outlive a crash; it may not be there yet.

        Raises:
            ConfigurationError: It cannot work with these settings; the text names the file, the line and the cure.
        """


class AddCommands(Protocol):
    """``create`` of a manifest of kind ``commands``."""

    def __call__(self, parser: argparse.ArgumentParser) -> None:
        """Add subcommands to the plugin's word; each sets ``run``, which takes the parsed options and returns the exit status."""


class Simulator(Protocol):
    """``create`` of a simulator's manifest: a PBX that plays recorded calls while the context is open."""

    def __call__(self, settings: Any) -> AbstractAsyncContextManager[Mapping[str, Any]]:
        """Listen on loopback; yield the settings, as a configuration file would have them, of the connector it speaks to."""


class Replay(Protocol):
    """Tool ``replay``."""

    def __call__(self, folder: Path, site: Site) -> Iterator[PbxEvent]:
        """Yield the events of a recorded connection, in order."""


class Record(Protocol):
    """Tool ``record``."""

    async def __call__(self, settings: Any, folder: Path, *, anonymise: bool) -> None:
        """Connect to a PBX and write a capture folder until cancelled; ``settings`` is of the manifest's type."""


class Simulate(Protocol):
    """Tool ``simulate``."""

    async def __call__(
        self, folders: Sequence[Path], *, host: str, port: int, loop: bool, listening: Callable[[str], None]
    ) -> None:
        """Play capture folders to whoever connects, until cancelled.

        ``listening`` is called once, with a text for the operator: the address, user and secret to connect with.
        """


class Snippet(Protocol):
    """Tool ``snippet``."""

    def __call__(self, version: str) -> str:
        """Return the lines to put into the configuration of a PBX of this version."""
