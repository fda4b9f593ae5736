"""What can be configured of the chat on a company's pages."""

from typing import Annotated

import msgspec

from gateway.model.limits import Rate
from gateway.model.origins import ORIGIN

Origin = Annotated[str, msgspec.Meta(pattern=ORIGIN, max_length=253)]
Title = Annotated[str, msgspec.Meta(min_length=1, max_length=80)]


class WebchatSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the chat on a company's pages."""

    origins: Annotated[tuple[Origin, ...], msgspec.Meta(max_length=200)] = ()
    """The pages that may have it, beside the gateway's own: ``https://www.example.com``, or ``*.example.com`` for all below."""
    title: dict[Annotated[str, msgspec.Meta(pattern="^(en|zh)$")], Title] = {}
    """What stands above the chat, by language; without it, what the widget says by itself."""
    max_visitors: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 5_000
    """Connections at once."""
    max_per_address: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 50
    """Connections at once of one address, where a whole office may stand behind one."""
    arrivals: Rate = Rate(per_second=1.0, burst=50)
    """How often an address may come, or begin a conversation."""
    messages: Rate = Rate(per_second=1.0, burst=10)
    """How often a visitor may write."""
    messages_per_address: Rate = Rate(per_second=10.0, burst=100)
