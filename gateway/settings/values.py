"""What can be configured, with its defaults and its bounds.

A connector's own keys are its plugin's: see the ``settings`` of its manifest.
"""

from typing import Annotated, Any, Literal

import msgspec

from gateway.crm.entries import CrmEntry
from gateway.model.conversation_rules import ConversationRules
from gateway.model.desk import DeskRules
from gateway.model.dial_rules import DialRules
from gateway.model.ids import PbxName
from gateway.model.limits import Rate
from gateway.model.oidc import OidcSettings
from gateway.model.origins import ORIGIN
from gateway.model.secret import Secret
from gateway.model.sessions import SessionRules
from gateway.model.site import Site
from gateway.plugins.channels import ApplicationEntry, ChannelEntry
from gateway.plugins.voice import MediaEntry
from gateway.recordings.settings import RecordingSettings

Origin = Annotated[str, msgspec.Meta(pattern=ORIGIN, max_length=253)]
PBX_NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,31}$"

DEMO_PBX = PbxName("demo")
"""The simulated PBX of the embedded default."""


class ApiTlsSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The gateway's own certificate. Changed files are taken anew while it runs, on SIGHUP at once."""

    certificate: str
    """PEM, the chain behind it."""
    key: str
    """PEM, without a password; readable for nobody but the gateway's user."""


class LimitSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How often somebody may ask the API; who asks more often is told when to come back (429, ``Retry-After``)."""

    per_token: Rate = Rate(per_second=50.0, burst=500)
    """Of one token, or one session of a person."""
    per_address: Rate = Rate(per_second=500.0, burst=2_000)
    """Whoever asks from there, with a token or without."""
    wrong_tokens: Rate = Rate(per_second=0.1, burst=10)
    """Tokens that are none, from one address."""
    wrong_passwords: Rate = Rate(per_second=0.1, burst=10)
    """From one address, whoever's; a person's own lock him besides."""


class ApiSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where programs and the page reach the gateway."""

    host: str = "127.0.0.1"
    """Other than loopback only with ``tls`` or ``behind_proxy``: tokens and calls do not cross a network in the clear."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8470
    """0 takes any that is free."""
    names: tuple[str, ...] = ()
    """Names and addresses by which it is reached, beside those of loopback: what stands in a browser's address."""
    tls: ApiTlsSettings | None = None
    behind_proxy: tuple[str, ...] = ()
    """Addresses or networks of proxies that do TLS for us and say whom they ask for (``X-Forwarded-For``)."""
    metrics_without_token: bool = False
    """Let programs on this machine read ``/metrics`` without a token."""
    limits: LimitSettings = LimitSettings()
    sessions: SessionRules = SessionRules()
    embed: Annotated[tuple[Origin, ...], msgspec.Meta(max_length=200)] = ()
    """Pages of other programs, such as a CRM's, that may have the bar for calls in them: ``https://crm.example.com``, or
    ``*.example.com`` for all below."""
    oidc: tuple[OidcSettings, ...] = ()
    """Companies' own sign-ins (OpenID Connect), beside passwords."""


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
    audit_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 730.0
    """Days for which it is kept who gave which commands."""


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


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How events are sent to other programs; to which, the API says."""

    allow: tuple[str, ...] = ()
    """Hosts in your own network, names or addresses, that messages may go to, without encryption too; all others must be on
    the internet, by https."""
    timeout_s: Annotated[float, msgspec.Meta(gt=0, le=120)] = 15.0
    """Seconds in which a receiver must have answered."""
    dead_days: Annotated[float, msgspec.Meta(gt=0, le=36_500)] = 30.0
    """Days for which messages are kept that a receiver did not take."""


class Sections(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The configuration without its connectors."""

    api: ApiSettings = ApiSettings()
    log: LogSettings = LogSettings()
    keep: KeepSettings = KeepSettings()
    store: StoreSettings = StoreSettings()
    dialling: DialRules = DialRules()
    """Who may reach which numbers by a command, by role."""
    desk: DeskRules = DeskRules()
    """How calls come to an agent's page, and what follows them."""
    recordings: RecordingSettings = RecordingSettings()
    webhooks: WebhookSettings = WebhookSettings()
    conversations: ConversationRules = ConversationRules()
    state_dir: str | None = None
    """Folder for what must outlive a crash, such as the calls and what waits on disk; None takes the user's state folder."""


class Settings(Sections, frozen=True, kw_only=True):
    """The whole configuration, checked."""

    connectors: tuple[ConnectorEntry, ...]
    media: tuple[MediaEntry, ...] = ()
    channels: tuple[ChannelEntry, ...] = ()
    applications: tuple[ApplicationEntry, ...] = ()
    crms: tuple[CrmEntry, ...] = ()
    is_demo: bool = False
    """Whether this is the embedded default, in which everybody on this machine may everything."""
