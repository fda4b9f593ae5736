"""What can be configured of a program that takes calls."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret

Url = Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#@]+(\?[^\s#]*)?$", max_length=2_000)]
HeaderName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9-]+$")]


class WebhookSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a program that takes calls."""

    url: Url
    """Each call is posted there, as often as it changes."""
    secret: Secret
    """Key of the signatures, ``whsec_`` and 24 to 64 bytes in base64; the receiver has it too."""
    old_secret: Secret | None = None
    """The key before, while the receiver may still know that one only."""
    headers: dict[HeaderName, Secret] = {}
    """Of each request, such as ``Authorization``, where the receiver wants one besides."""
    template: Annotated[str, msgspec.Meta(max_length=16_384)] | None = None
    """The body as JSON with placeholders such as ``{{data.number}}``; without it the whole message."""
    find_url: Url | None = None
    """Asked who has a number, ``?number=%2B8613800138000``; without it nobody is found."""
