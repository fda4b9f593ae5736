"""Why a command is not done: words that stay, for programs, beside a text for people."""

from enum import StrEnum
from typing import ClassVar

from gateway.model.errors import CommandError


class Refusal(StrEnum):
    """The last part of a problem's ``type``."""

    COMMAND_REFUSED = "command-refused"
    """The PBX refused it."""
    PBX_UNAVAILABLE = "pbx-unavailable"
    NO_SUCH_PBX = "no-such-pbx"
    NO_SUCH_CALL = "not-found"
    CALL_ENDED = "call-ended"
    NO_SUCH_DEVICE = "no-such-device"
    NOT_IN_THIS_CALL = "not-in-this-call"
    WHICH_DEVICE = "which-device"
    """Several telephones of the site are in the call, and nobody said which one is to do it."""
    NOT_YOUR_DEVICE = "not-your-device"
    COMMAND_NOT_SUPPORTED = "command-not-supported"
    NUMBER_NOT_ALLOWED = "number-not-allowed"
    TOO_MANY_CALLS = "too-many-calls"
    KEY_MISSING = "idempotency-key-missing"
    KEY_REUSED = "idempotency-key-reused"


class CommandNotDoneError(CommandError):
    """Nothing was sent; whoever gave the command must act as the text says."""

    retryable: ClassVar[bool] = False

    def __init__(self, refusal: Refusal, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.refusal = refusal
        self.detail = detail
        self.retry_after_s = retry_after_s
        """Seconds after which it may be given again; None where waiting does not help."""
