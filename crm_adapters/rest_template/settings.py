"""What can be configured of a CRM that a template describes."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret

Value = Annotated[str, msgspec.Meta(max_length=1_000)]


class RestTemplateSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a CRM that a template describes; one of ``file`` and ``template``."""

    file: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    """A template of your own, from where the gateway runs, such as ``crm/rt.yaml``."""
    template: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_]+$")] | None = None
    """One that comes with Tieline, such as ``dolibarr16``."""
    values: dict[str, Value] = {}
    """What the template wants to know, such as ``url``: it lists them under its own ``values``."""
    secrets: dict[str, Secret] = {}
    """Those of its values that nobody may see, such as ``key``."""
