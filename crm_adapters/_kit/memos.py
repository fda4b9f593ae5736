"""What an adapter remembers of a call, out of the text that the gateway keeps for it. Pure."""

from typing import TypeVar

import msgspec

from gateway.ports.crm import CrmGoneError

Memo = TypeVar("Memo", bound=msgspec.Struct)


def memo_of(text: str, kind: type[Memo], name: str) -> Memo:
    """Read a memo in JSON; ``name`` is the CRM's, for the error's text.

    Raises:
        CrmGoneError: It is none of this kind, such as that of an adapter of another make: what it names cannot be found by it.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as error:
        raise CrmGoneError(f"{name}: what was remembered of the call is unreadable: {error}") from error
