"""What can be configured of an Odoo."""

from typing import Annotated, Literal

import msgspec

from gateway.model.secret import Secret


class OdooSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an Odoo, of your own or at odoo.com."""

    url: Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s?#]+$")]
    """Without ``/web`` at its end."""
    database: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    api: Literal["jsonrpc", "json2"] = "jsonrpc"
    """``json2`` for Odoo 19 and newer."""
    login: Annotated[str, msgspec.Meta(max_length=200)] = ""
    """Of the user that calls are kept as; not needed by ``json2``, whose key tells."""
    key: Secret
    """His API key; by ``jsonrpc`` his password does as well."""
    unknown: Literal["lead", "contact", "none"] = "lead"
    """What a caller becomes whom Odoo does not know: without the CRM module a contact in place of a lead; ``none`` keeps
    nothing of his calls."""
    project: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "Calls"
    """Where tickets go when there is no helpdesk: the project's name; made when it is not there."""
