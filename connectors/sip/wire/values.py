"""What orders and reports of a SIP worker have in common."""

from enum import StrEnum
from typing import Final, NewType

PROTOCOL: Final = 1
"""Raised when a message changes so that the other side would misread it. A worker of another protocol is drained."""
HEARTBEAT_S: Final = 0.5
"""Seconds between two heartbeats of a worker."""
ORPHAN_S: Final = 10.0
"""Seconds that a worker keeps its calls without a control connection; then it ends them and itself."""

CallNumber = NewType("CallNumber", int)
"""A call (one SIP dialog) of one worker: 1 to 2**32-1, counted up, never used twice by the same process."""
Header = tuple[str, str]
"""Name and value of a SIP header."""


class DigitsBy(StrEnum):
    RTP = "rtp"
    """RFC 4733."""
    INFO = "info"
    """SIP INFO, ``application/dtmf-relay``."""
