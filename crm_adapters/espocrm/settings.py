"""What can be configured of an EspoCRM."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class EspoSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an EspoCRM."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$")]
    """Without ``/api/v1``."""
    key: Secret
    """Of the API user that calls are kept as."""
    owner: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] | None = None
    """User name or id of who owns calls that nobody answered; None is the API user himself. EspoCRM wants each to have one."""
    extension_field: Annotated[str, msgspec.Meta(pattern="^[A-Za-z][A-Za-z0-9]{0,63}$")] | None = None
    """Field of users that has their extension, such as ``cExtension``: their own telephone number takes none so short."""
