"""What can be configured of a Zendesk."""

from enum import StrEnum
from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class TicketsOf(StrEnum):
    """Which calls become a ticket when they have ended."""

    ALL = "all"
    ANSWERED = "answered"
    MISSED = "missed"
    """Inbound, and nobody answered."""


class ZendeskSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a Zendesk."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@\s]+/?$")]
    """Such as ``https://example.zendesk.com``."""
    key: Secret
    """An API token of :attr:`email`; without an address an OAuth access token."""
    email: Annotated[str, msgspec.Meta(pattern=r"^[^\s@:/]+@[^\s@:/]+$")] | None = None
    """The agent as whom we sign in with an API token."""
    tickets_of: TicketsOf = TicketsOf.ALL
