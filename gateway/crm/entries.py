"""One CRM in the configuration."""

from typing import Annotated, Any

import msgspec

from gateway.model.crm import CrmAbility
from gateway.model.crm_calls import CrmRules
from gateway.model.limits import Rate


class CrmSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every CRM has, beside its adapter's own settings."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
    """What log, API and errors call it; also where it calls us: ``/crm/NAME/callback``."""
    adapter: str
    """The plugin."""
    calls: CrmRules = CrmRules()
    """What it is told of calls."""
    quota: Rate | None = None
    """Requests that we may send; without it what its vendor allows."""
    region: Annotated[str, msgspec.Meta(pattern="^[A-Z]{2}$")] | None = None
    """ISO 3166 country in which numbers without a country are there; without it that of the first PBX."""
    remember: bool = True
    """Whom it knows becomes a customer here: his name is there at once when he calls again, also while the CRM is away."""


class CrmEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One CRM, ready to be made."""

    common: CrmSettings
    settings: Any
    """Of the type that its adapter's manifest names."""
    region: str
    quota: Rate | None
    abilities: frozenset[CrmAbility]
