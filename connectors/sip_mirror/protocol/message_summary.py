"""The text that says what waits in a mailbox: ``application/simple-message-summary``.

Source: RFC 3842. Of the kinds of messages that it may count only voice is read; what else stands in it is passed over.
"""

import re
from typing import Final

import msgspec

from gateway.model.errors import PeerProtocolError

CONTENT_TYPE: Final = "application/simple-message-summary"
MAX_SUMMARY_BYTES: Final = 8 * 1024
"""Bytes of a text; a usual one has 100."""
_LINE: Final = re.compile(r"([A-Za-z-]{1,40})[ \t]*:[ \t]*(.*?)[ \t]*")
_COUNTS: Final = re.compile(
    r"([0-9]{1,9})[ \t]*/[ \t]*([0-9]{1,9})(?:[ \t]*\([ \t]*([0-9]{1,9})[ \t]*/[ \t]*[0-9]{1,9}[ \t]*\))?"
)


class MessageSummary(msgspec.Struct, frozen=True, kw_only=True):
    """What waits."""

    waiting: bool
    new: int | None
    """Voice messages that nobody has heard; None where they are not counted."""
    old: int | None
    urgent: int | None
    """Of the new ones those that are urgent."""


def read_message_summary(data: bytes) -> MessageSummary:
    """Read a text.

    Raises:
        PeerProtocolError: It is longer than one may be, or does not say whether messages wait.
    """
    if len(data) > MAX_SUMMARY_BYTES:
        raise PeerProtocolError(f"a message summary has more than {MAX_SUMMARY_BYTES} bytes")
    said: dict[str, str] = {}
    for line in data.decode("utf-8", "replace").splitlines():
        if found := _LINE.fullmatch(line):
            said.setdefault(found[1].lower(), found[2])
    waiting = said.get("messages-waiting", "").lower()
    if waiting not in ("yes", "no"):
        raise PeerProtocolError("a message summary does not say whether messages wait")
    counts = _COUNTS.fullmatch(said.get("voice-message", ""))
    new, old, urgent = (None, None, None) if counts is None else counts.groups()
    return MessageSummary(
        waiting=waiting == "yes",
        new=None if new is None else int(new),
        old=None if old is None else int(old),
        urgent=None if urgent is None else int(urgent),
    )
