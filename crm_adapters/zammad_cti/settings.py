"""What can be configured of a Zammad."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class ZammadSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a Zammad."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@\s]+/?$")]
    """Where its pages are, such as ``https://zammad.example.com``."""
    token: Secret
    """The last part of the endpoint that the CTI (generic) integration shows."""
    key: Secret | None = None
    """An access token with the permission ``ticket.agent``, to find callers; without it nobody is found."""
