"""All that a watcher says to one PBX: subscriptions to telephones and mailboxes, a question whether it is there, answers.

No I/O: bytes to be sent come out, messages and the time come in.
"""

from collections.abc import Sequence
from typing import Final

from connectors.sip_mirror.protocol.message import SipMessage, respond
from connectors.sip_mirror.protocol.requests import NEVER, Dialogue, Identity, NewId
from connectors.sip_mirror.protocol.subscription import MAILBOX, Subscription
from gateway.model.errors import PeerRefusedError, PeerUnavailableError

REASONS: Final = {200: "OK", 405: "Method Not Allowed", 481: "Subscription Does Not Exist", 489: "Bad Event", 500: "Out Of Order"}
SPREAD_S: Final = 0.02
"""Seconds between two telephones' first SUBSCRIBE: a PBX has a hundred of them and one socket's buffer."""


class Watch:
    """What we say to one PBX over one connection; ``due`` is when :meth:`wake` has to be called.

    Args:
        extensions: The telephones.
        identity: Who asks whom.
        expires_s: Seconds for which a subscription is asked.
        ping_s: Seconds between two OPTIONS.
        dead_after_s: Seconds without an answer after which the PBX is taken to be gone.
        new_id: Makes words that nobody guesses.
        mailboxes: Whose voicemail to ask for, by the numbers that the PBX knows them by.
    """

    def __init__(
        self,
        extensions: Sequence[str],
        identity: Identity,
        expires_s: int,
        ping_s: float,
        dead_after_s: float,
        new_id: NewId,
        mailboxes: Sequence[str] = (),
    ) -> None:
        self.subscriptions = tuple(Subscription(each, identity, expires_s, new_id) for each in extensions)
        """Those to telephones."""
        self.mailboxes = tuple(Subscription(each, identity, expires_s, new_id, MAILBOX) for each in mailboxes)
        self._all = (*self.subscriptions, *self.mailboxes)
        self._waiting: list[tuple[float, Subscription]] = []
        self._ping = Dialogue(identity, f"sip:{identity.domain}", new_id)
        self._ping_s = ping_s
        self._dead_after_s = dead_after_s
        self._ping_at = NEVER
        self._heard_at = NEVER
        self._turn = 0
        self._new_id = new_id
        self.has_heard = False
        """It answered something."""

    @property
    def due(self) -> float:
        """When it has to be woken."""
        first = self._waiting[0][0] if self._waiting else NEVER
        return min(first, self._ping_at, self._ping.due, self._dead_at, *(each.due for each in self._all))

    @property
    def _dead_at(self) -> float:
        return self._heard_at + self._dead_after_s

    @property
    def remarks(self) -> dict[str, str]:
        """Return why telephones are not seen, by extension."""
        return {each.extension: each.remark for each in self.subscriptions if each.remark}

    @property
    def mailbox_remarks(self) -> dict[str, str]:
        """Return why mailboxes are not seen, by their numbers."""
        return {each.extension: each.remark for each in self.mailboxes if each.remark}

    @property
    def answered(self) -> bool:
        """Tell whether the PBX said yes or no for each telephone."""
        return not self._waiting and all(each.answered for each in self.subscriptions)

    def begin(self, at: float) -> list[bytes]:
        """Say the first things."""
        self._heard_at = at
        self._waiting = [(at + place * SPREAD_S, each) for place, each in enumerate(self._all)]
        return [*self._ask_whether_there(at), *self.wake(at)]

    def _ask_whether_there(self, at: float) -> list[bytes]:
        """Renew one subscription, another one each time: only so is a PBX noticed that was restarted; else ask it anything."""
        self._ping_at = at + self._ping_s
        self._turn += 1
        count = len(self._all)
        for place in range(count):
            sent = self._all[(self._turn + place) % count].check(at)
            if sent:
                return sent
        return self._ping.ask("OPTIONS", [("Accept", "application/sdp")], at)

    def wake(self, at: float) -> list[bytes]:
        """Do what is due.

        Raises:
            PeerUnavailableError: The PBX answered nothing for too long.
        """
        if at >= self._dead_at:
            raise PeerUnavailableError(f"no answer for {self._dead_after_s:g} s")
        sent: list[bytes] = []
        while self._waiting and at >= self._waiting[0][0]:
            sent += self._waiting.pop(0)[1].begin(at)
        for each in self._all:
            if at >= each.due:
                sent += each.wake(at)
        if at >= self._ping_at:
            sent += self._ask_whether_there(at)
        elif (transaction := self._ping.transaction) is not None:
            if at >= transaction.gives_up_at:
                self._ping.transaction = None
            sent += transaction.wake(at)
        return sent

    def received(self, message: SipMessage, at: float) -> list[bytes]:
        """Take a message and return what is to be sent.

        Raises:
            PeerRefusedError: The PBX refuses us, whichever telephone we ask for.
            PeerUnavailableError: It has forgotten us.
        """
        self._heard_at = at
        self.has_heard = True
        if not message.code:
            return self._asked(message, at)
        if self._ping.answered(message):
            # Whatever it says, it is there.
            return []
        sent: list[bytes] = []
        for each in self._all:
            if message.call_id == each.call_id:
                sent += each.received(message, at)
        if self.answered and self.subscriptions and len(self.remarks) == len(self.subscriptions):
            reasons = "; ".join(sorted(set(self.remarks.values())))
            raise PeerRefusedError(f"it tells us of no telephone ({reasons})")
        return sent

    def _asked(self, request: SipMessage, at: float) -> list[bytes]:
        if request.method == "ACK":
            return []
        code = 200 if request.method == "OPTIONS" else 405
        if request.method == "NOTIFY":
            ours = (each for each in self._all if each.call_id == request.call_id)
            subscription = next(ours, None)
            code = 481 if subscription is None else subscription.notified(request, at)
        allow = [("Allow", "NOTIFY, OPTIONS")] if code in (200, 405) else []
        return [respond(request, code, REASONS[code], self._new_id(), allow)]

    def subscribe_again(self, extension: str, at: float) -> list[bytes]:
        """Ask for the whole state of a telephone of which something was missed."""
        return [data for each in self.subscriptions if each.extension == extension for data in each.begin(at)]

    def end(self, at: float) -> list[bytes]:
        """Say that we want to hear no more."""
        return [data for each in self._all for data in each.end(at)]
