"""What can be configured of a HubSpot account."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret

PropertyName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
"""A property's internal name."""
Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,60}$")]


class HubSpotSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a HubSpot account."""

    key: Secret
    """The access token of a private app."""
    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@\s]+/?$")] = "https://api.hubapi.com"
    """Where the API is; the same for all regions."""
    call_id_property: PropertyName | None = None
    """A property of calls, and of tickets, of which each record must have another value. With it a call whose answer was lost
    is found at once; without it once HubSpot's search knows it, seconds later."""
    dispositions: dict[str, Id] = {}
    """What agents choose, as the gateway has it, to the internal value of HubSpot's call outcome."""
    pipeline: Id = "0"
    """Of new tickets; ``0`` is the support pipeline of each account."""
    stage: Id = "1"
    """Of new tickets in that pipeline; ``1`` is its first."""
