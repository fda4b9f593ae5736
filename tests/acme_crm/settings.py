"""What can be configured of an Acme CRM."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class AcmeSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an Acme CRM."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^/?#@\s]+$")]
    """Where it is, such as ``https://crm.example.com``."""
    key: Secret
    """An API key that may read contacts and write calls."""
