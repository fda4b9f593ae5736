"""A subscription to one telephone's dialogs, or to its mailbox: asked for, kept, and asked for again whatever ends it.

Source: RFC 6665 (SUBSCRIBE, NOTIFY, Subscription-State), RFC 3261 for responses. Time comes in as an argument.
"""

from typing import Final

import msgspec

from connectors.sip_mirror.protocol import dialog_info, message_summary
from connectors.sip_mirror.protocol.message import SipMessage, parameter
from connectors.sip_mirror.protocol.requests import NEVER, Dialogue, Identity, NewId
from gateway.model.errors import PeerRefusedError, PeerUnavailableError

RETRY_S: Final = 30.0
"""Seconds until something that failed is tried again, where the PBX does not say when."""
REFUSED_RETRY_S: Final = 300.0
"""The same for what somebody has to change."""
SILENT_S: Final = 4.0
"""Seconds within which a state must follow the answer to SUBSCRIBE."""
SILENT: Final = (
    "the PBX took the subscription and tells nothing: it must send NOTIFY the way we ask (Asterisk: our endpoint's `transport`)"
)
MAX_RETRY_S: Final = 3600.0
"""A PBX that says `Retry-After: a week` is asked sooner."""
_AT_ONCE: Final = frozenset({"deactivated", "timeout"})
"""Reasons after which RFC 6665 wants a new subscription at once."""
_REFUSED: Final = frozenset({"rejected", "noresource", "invariant"})
_REFUSED_CODES: Final = frozenset({400, 402, 403, 404, 405, 406, 410, 415, 416, 420, 484, 485, 489, 501, 513, 604, 606})


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """What a subscription is to (an event package)."""

    event: str
    accept: str
    cures: dict[int, str]
    """What an operator may do, by the status with which it was refused."""


DIALOGS: Final = Package(
    event="dialog",
    accept=dialog_info.CONTENT_TYPE,
    cures={
        403: "may this user watch it?",
        404: "is it an extension with a hint (Asterisk: `exten => 1001,hint,PJSIP/1001`, in our endpoint's context)?",
        489: "this PBX does not tell dialogs (`Event: dialog`)",
    },
)
MAILBOX: Final = Package(
    event="message-summary",
    accept=message_summary.CONTENT_TYPE,
    cures={
        403: "may this user watch it?",
        404: "has it a mailbox (Asterisk: `mailboxes` in the aor of this name)?",
        489: "this PBX does not tell of mailboxes (`Event: message-summary`)",
    },
)


class Subscription:
    """One telephone's; ``due`` is when :meth:`wake` has to be called."""

    def __init__(self, extension: str, identity: Identity, expires_s: int, new_id: NewId, package: Package = DIALOGS) -> None:
        self.extension = extension
        self.package = package
        self.remark = ""
        """Why the telephone is not seen, for an operator; empty while it is."""
        self.answered = False
        """The PBX said yes or no at least once."""
        self._identity = identity
        self._expires_s = expires_s
        self._new_id = new_id
        self._again_at = NEVER
        self._active = False
        self._dialogue = self._new_dialogue()
        self._last_notify = -1

    def _new_dialogue(self) -> Dialogue:
        self._last_notify = -1
        self._taken_at = NEVER
        self._active = False
        return Dialogue(self._identity, f"sip:{self.extension}@{self._identity.domain}", self._new_id)

    @property
    def call_id(self) -> str:
        """Of the subscription as it is now."""
        return self._dialogue.call_id

    @property
    def active(self) -> bool:
        """Tell whether the PBX tells us."""
        return self._active

    @property
    def due(self) -> float:
        """When it has to be woken."""
        return min(self._dialogue.due, self._again_at)

    def begin(self, at: float) -> list[bytes]:
        """Ask for a new subscription, whatever there was; the first NOTIFY tells the whole state."""
        self._dialogue = self._new_dialogue()
        return self._ask(at)

    def check(self, at: float) -> list[bytes]:
        """Renew it before its time, to see whether the PBX still knows it; nothing while it is not there or being asked for."""
        if not self._active or self._dialogue.transaction is not None:
            return []
        if self._last_notify < 0 and at - self._taken_at >= SILENT_S:
            self.remark = SILENT
        return self._ask(at)

    def end(self, at: float) -> list[bytes]:
        """Say that we want to hear no more."""
        self._again_at = NEVER
        if not self._active:
            return []
        self._expires_s = 0
        return self._ask(at)

    def _headers(self) -> list[tuple[str, str]]:
        return [("Event", self.package.event), ("Accept", self.package.accept), ("Expires", str(self._expires_s))]

    def _ask(self, at: float) -> list[bytes]:
        self._again_at = NEVER
        return self._dialogue.ask("SUBSCRIBE", self._headers(), at)

    def wake(self, at: float) -> list[bytes]:
        """Do what is due."""
        if at >= self._again_at:
            return self._ask(at) if self._active else self.begin(at)
        transaction = self._dialogue.transaction
        if transaction is None:
            return []
        if at >= transaction.gives_up_at:
            self._dialogue.transaction = None
            self._fail("no answer to SUBSCRIBE", RETRY_S, at)
            return []
        return transaction.wake(at)

    def received(self, response: SipMessage, at: float) -> list[bytes]:
        """Take a response to our SUBSCRIBE and return what is to be sent.

        Raises:
            PeerUnavailableError: The PBX has forgotten us, and with us all that it should have told since.
        """
        if not self._dialogue.answered(response):
            return []
        code = response.code
        if code < 300:
            self._accepted(response, at)
            return []
        if code in (401, 407):
            try:
                return self._dialogue.authorize(response, "SUBSCRIBE", self._headers(), at)
            except PeerRefusedError as error:
                self._fail(str(error), REFUSED_RETRY_S, at)
                return []
        if code == 423 and (least := _seconds(response.get("min-expires"))) > self._expires_s:
            self._expires_s = int(least)
            return self._ask(at)
        if code == 481 and self._active:
            raise PeerUnavailableError("it has forgotten what we subscribed to: was it restarted?")
        cure = self.package.cures.get(code)
        reason = f"{response.text}: {cure}" if cure else response.text
        usual_s = REFUSED_RETRY_S if code in _REFUSED_CODES else RETRY_S
        self._fail(reason, _seconds(response.get("retry-after")) or usual_s, at)
        return []

    def _accepted(self, response: SipMessage, at: float) -> None:
        self.answered = True
        if self._expires_s == 0:
            self._active = False
            return
        self._active = True
        self._taken_at = min(self._taken_at, at)
        if self.remark != SILENT:
            self.remark = ""
        self._dialogue.establish(response, response.get("to"))
        self._renew(_seconds(response.get("expires")) or self._expires_s, at)

    def _renew(self, left_s: float, at: float) -> None:
        # In time for a request that needs all its repetitions, where there is so much time.
        self._again_at = at + max(left_s - 40.0, left_s / 2, 1.0)

    def notified(self, request: SipMessage, at: float) -> int:
        """Take a NOTIFY of ours and return the status to answer it with."""
        if not self._is_ours(request):
            return 481
        if request.get("event").partition(";")[0].strip().lower() != self.package.event:
            return 489
        if request.sequence < self._last_notify:
            return 500
        self._last_notify = request.sequence
        self.remark = ""
        state, _, parameters = request.get("subscription-state").partition(";")
        if state.strip().lower() == "terminated":
            self._terminated(";" + parameters, at)
        elif self._expires_s > 0:
            if not self._active:
                # It may overtake the response to our SUBSCRIBE.
                self._dialogue.establish(request, request.get("from"))
                self._active = self.answered = True
                self.remark = ""
            left_s = _seconds(parameter(";" + parameters, "expires"))
            if left_s and self._dialogue.transaction is None:
                self._renew(left_s, at)
        return 200

    def _is_ours(self, request: SipMessage) -> bool:
        dialogue = self._dialogue
        return request.call_id == dialogue.call_id and parameter(request.get("to"), "tag") == dialogue.local_tag

    def _terminated(self, parameters: str, at: float) -> None:
        self._active = False
        self._dialogue.transaction = None
        if self._expires_s == 0:
            return
        reason = parameter(parameters, "reason").lower()
        if reason in _AT_ONCE:
            self._again_at = at
            return
        told_s = _seconds(parameter(parameters, "retry-after"))
        usual_s = REFUSED_RETRY_S if reason in _REFUSED else RETRY_S
        self._fail(f"the PBX ended the subscription ({reason or 'no reason given'})", told_s or usual_s, at)

    def _fail(self, reason: str, wait_s: float, at: float) -> None:
        self.remark = reason
        self.answered = True
        self._active = False
        self._again_at = at + min(wait_s, MAX_RETRY_S)


def _seconds(text: str) -> float:
    """Read ``3600`` or ``120 (busy);duration=60``; 0 where it is none."""
    digits = text.split("(")[0].split(";")[0].strip()
    return float(digits) if digits.isascii() and digits.isdigit() and len(digits) < 10 else 0.0
