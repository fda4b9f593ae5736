"""What a plugin says of itself in its ``manifest.toml``.

A plugin is a package with this file beside its ``__init__.py``. An example, with every key::

    name = "asterisk_ami"                     # what `plugin:` in the configuration says; unique
    kind = "connector"
    product = "asterisk"                      # what people type: `tieline pbx snippet asterisk`
    summary = "Asterisk 16 and newer, by its manager interface (AMI)"
    settings = "connectors.asterisk_ami.settings:AsteriskSettings"
    create = "connectors.asterisk_ami.connection:create"
    wire = "wire.ami"                         # the file in a capture folder that this plugin reads, if any

    [tools]                                   # each is optional
    replay = "connectors.asterisk_ami.replay:events_of"
    record = "connectors.asterisk_ami.record:record"
    snippet = "connectors.asterisk_ami.snippet:snippet"
    directory = "connectors.asterisk_ami.directory_tool:directory"

``settings`` is a msgspec Struct; a connector's has a field ``site`` (:class:`gateway.model.site.Site`), and secrets in it
are :class:`gateway.model.secret.Secret`. ``create`` of a connector is a :class:`gateway.ports.plugins.CreateConnector`; the
tools are the callables of that module, ``directory`` is :class:`gateway.ports.agents.ReadDirectory`. A ``kind = "simulator"``
poses as a PBX: its ``create`` is a :class:`gateway.ports.plugins.Simulator` and ``speaks`` names the connector that talks to it.
That of a ``kind = "media"`` is a :class:`gateway.ports.plugins.CreateMedia`, of a ``kind = "application"`` a
:class:`gateway.ports.plugins.CreateApplication`, of a ``kind = "channel"`` a
:class:`gateway.ports.conversations.CreateTextChannel`, of a ``kind = "commands"`` a :class:`gateway.ports.plugins.AddCommands`.

That of a ``kind = "crm_adapter"`` is a :class:`gateway.ports.crm.CreateCrmAdapter`; its manifest says besides::

    abilities = ["find", "calls", "count_calls", "users"]     # gateway.model.crm.CrmAbility
    verified = { level = "real server", by = "EspoCRM 8.4.2" }  # gateway.model.crm.Verification
    quota = { per_second = 4.0, burst = 4 }                    # the vendor's, where he has one
"""

import tomllib
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from gateway.model.crm import CrmAbility, Verification
from gateway.model.errors import ConfigurationError
from gateway.model.limits import Rate

MANIFEST_FILE = "manifest.toml"


class PluginKind(StrEnum):
    CONNECTOR = "connector"
    SIMULATOR = "simulator"
    CRM_ADAPTER = "crm_adapter"
    MEDIA = "media"
    """Brings the voice of a PBX's calls beside its connector."""
    APPLICATION = "application"
    """Talks with callers."""
    CHANNEL = "channel"
    """Brings visitors who write."""
    COMMANDS = "commands"
    """Brings commands of the command line, under the word that ``product`` says."""


ObjectPath = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
"""``package.module:object``."""


class Verified(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far it is known that an adapter does what it says."""

    level: Verification
    by: str
    """With what, such as ``EspoCRM 8.4.2: its recorded answers``."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One plugin, as its ``manifest.toml`` describes it."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]*$")]
    kind: PluginKind
    summary: str
    settings: ObjectPath
    create: ObjectPath
    converse: ObjectPath | None = None
    """Of an application that answers visitors who write."""
    product: str | None = None
    wire: str | None = None
    speaks: str | None = None
    """Of a simulator: the connector that talks to it."""
    tools: dict[str, ObjectPath] = {}
    abilities: tuple[CrmAbility, ...] = ()
    """Of a CRM's adapter: what it can do."""
    verified: Verified | None = None
    """Of a CRM's adapter."""
    quota: Rate | None = None
    """Of a CRM's adapter: requests that its vendor allows, where he says so; the configuration may say less."""


class ManifestError(ConfigurationError):
    """A plugin's manifest cannot be read; the plugin's author must act, or the operator take it out."""


def read_manifest(file: Path) -> Manifest:
    """Read one ``manifest.toml``.

    Raises:
        ManifestError: It cannot be opened, is no TOML, or has a wrong or an unknown key; the text names the file.
    """
    try:
        data = tomllib.loads(file.read_text("utf-8"))
        return msgspec.convert(data, Manifest)
    except (OSError, ValueError) as error:  # TOMLDecodeError, UnicodeDecodeError and ValidationError are ValueErrors
        raise ManifestError(f"{file}: {error}") from error
