"""Words with a closed set of values, CSTA's where it has one (ECMA-269)."""

from enum import StrEnum


class LegRole(StrEnum):
    """Which way a leg was set up, seen from the PBX."""

    ORIGINATING = "originating"
    """Somebody called the PBX on it."""
    TERMINATING = "terminating"
    """The PBX called somebody on it."""
    HELPER = "helper"
    """No party at all: plumbing inside the PBX, such as half of a Local pair, an announcer, a recorder."""


class BridgeKind(StrEnum):
    TALK = "talk"
    HOLDING = "holding"
    """A place to wait in: who is in it hears no other member (a parking lot)."""


class DialResult(StrEnum):
    ANSWERED = "answered"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    CANCELLED = "cancelled"
    """The caller gave up, or somebody else answered."""
    UNREACHABLE = "unreachable"
    FAILED = "failed"
    DIVERTED = "diverted"


class DiversionReason(StrEnum):
    UNCONDITIONAL = "unconditional"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DEFLECTED = "deflected"


class TransferKind(StrEnum):
    BLIND = "blind"
    ATTENDED = "attended"
    BLONDE = "blonde"
    REDIRECT = "redirect"
    PARK = "park"


class Service(StrEnum):
    """What the PBX itself may be to a leg instead of another party."""

    VOICEMAIL = "voicemail"
    """Takes a message for somebody."""
    MAILBOX = "mailbox"
    """Plays the messages of the one who called it."""
    ANNOUNCEMENT = "announcement"
    PAGE = "page"
    MONITOR = "monitor"
    """Listening in on somebody else's call."""
    MEDIA = "media"
    """An application outside the PBX, over AudioSocket, WebSocket or AGI."""


class QueueResult(StrEnum):
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    TIMEOUT = "timeout"
    LEFT = "left"
    """The queue let the caller go on in the dial plan: a key pressed, nobody logged in, or moved by somebody."""


class RecordingState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    """It records silence."""
    STOPPED = "stopped"
