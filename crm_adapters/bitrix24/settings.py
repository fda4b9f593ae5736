"""What can be configured of a Bitrix24 portal."""

from typing import Annotated

import msgspec

from gateway.model.secret import Secret


class Bitrix24Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a Bitrix24 portal."""

    url: Secret
    """The inbound webhook's address, such as ``https://example.bitrix24.com/rest/1/TOKEN/``: who has it is let in."""
    application_token: Secret | None = None
    """Of the outbound webhook that calls us; without it nobody may."""
    unowned: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """The user who gets calls of nobody, for Bitrix24 takes none without a user; by default the webhook's own."""
    create: bool = False
    """Let Bitrix24 make a lead, or what its telephony settings say, of a caller whom it does not know."""
    source: Annotated[str, msgspec.Meta(min_length=1, max_length=50)] | None = None
    """``STATUS_ID`` of the CRM source of what Bitrix24 makes so, such as ``CALL``."""
    chat: bool = True
    """Let Bitrix24 write each call into the user's chat too."""
    ticket_due_h: Annotated[float, msgspec.Meta(gt=0, le=8_760)] = 24.0
    """Hours until a ticket, which is a to-do in Bitrix24, is due."""
