"""What can be configured of a Vtiger."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class VtigerSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a Vtiger CRM."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$")]
    """Without ``/webservice.php``."""
    login: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    """Of the user that calls are kept as."""
    key: Secret
    """His access key: under *My Preferences*; not his password."""
