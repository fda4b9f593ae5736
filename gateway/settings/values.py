"""What can be configured, with its defaults and its bounds.

A connector's own keys are its plugin's: see the ``settings`` of its manifest.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.model.ids import PbxName
from gateway.model.secret import Secret
from gateway.model.site import Site

PBX_NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"

DEMO_PBX = PbxName("demo")
"""The simulated PBX of the embedded default."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where programs and the page reach the gateway."""

    host: str = "127.0.0.1"
    """A loopback address: whoever can connect may read every call."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8470
    """0 takes any that is free."""


class LogSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    """``auto`` writes for people on a terminal, and JSON lines anywhere else."""
    personal_data: bool = False
    """Write callers' numbers, names and digits too."""


class KeepSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What stays in memory."""

    events: Annotated[int, msgspec.Meta(ge=100, le=10_000_000)] = 50_000
    """Events that a client may be behind, about 0.5 kB each; who was away longer catches up from the store."""


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where calls and events are kept for good."""

    url: str | None = None
    """``sqlite:////path/to/file.db``, ``postgresql://user@host/database`` or ``memory:``; None takes a SQLite file in
    ``state_dir``."""
    password: Secret | None = None
    """Of PostgreSQL's user."""
    calls_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 730.0
    """Days for which ended calls are kept."""
    events_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 14.0
    """Days for which events are kept, for those who catch up."""


class ConnectorEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One PBX: its name, the plugin that connects it, and that plugin's settings."""

    pbx: PbxName
    plugin: str
    settings: Any
    """Of the type that the plugin's manifest names."""

    @property
    def site(self) -> Site:
        """What the PBX's numbers mean."""
        site: Site = self.settings.site
        return site


class Sections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration without its connectors."""

    api: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()
    keep: KeepSettings = KeepSettings()
    store: StoreSettings = StoreSettings()
    state_dir: str | None = None
    """Folder for what must outlive a crash, such as the calls and what waits on disk; None takes the user's state folder."""


class Settings(Sections, frozen=True, kw_only=True):
    """The whole configuration, checked."""

    connectors: tuple[ConnectorEntry, ...]
