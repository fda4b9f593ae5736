"""All calls of a worker: who may come in, by what number each is known, which have rung for too long."""

import time
from contextlib import suppress
from itertools import count
from typing import Any, Final, Protocol

from connectors.sip import wire
from connectors.sip.worker import messages
from connectors.sip.worker.accounts import Account
from connectors.sip.worker.binding import pj
from connectors.sip.worker.calls import Call, Exchange, parameters
from gateway.model.errors import CommandRefusedError

OFFERED_S: Final = 180.0
"""Seconds that a call which came in may wait for its answer: its caller may be gone without a word (RFC 3261's timer C)."""
NO_ANSWER: Final = 19
"""Q.850: user alerting, no answer."""


class Process(Exchange, Protocol):
    """What calls need of the process, and what it is."""

    configured: wire.Configure | None
    accounts: dict[str, Account]
    draining: bool

    @property
    def is_attached(self) -> bool:
        """Tell whether there is a gateway to ask what becomes of a call."""

    def find(self, number: wire.CallNumber) -> Call:
        """Return a call.

        Raises:
            CommandRefusedError: It is over.
        """


class Switchboard:
    """The calls."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._calls: dict[wire.CallNumber, Call] = {}
        self._refused: dict[wire.CallNumber, Call] = {}
        """Kept until PJSIP has refused them: without its object a call is declined."""
        self._numbers = count(1)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is none."""
        return not self._calls

    def all(self) -> list[Call]:
        """Return all, as there are now."""
        return list(self._calls.values())

    def get(self, number: wire.CallNumber) -> Call | None:
        """Return a call; None when it is over."""
        return self._calls.get(number)

    def forget(self, number: wire.CallNumber) -> None:
        """Forget one that is over."""
        self._calls.pop(number, None)
        self._refused.pop(number, None)

    def arrived(self, account: Account, prm: Any) -> None:
        """Take a call that came in, or refuse it: 503 has the PBX ask another member of its trunk."""
        configured = self._process.configured
        assert configured is not None  # there is an account
        message = prm.rdata.wholeMsg
        source = prm.rdata.srcAddress
        headers = messages.headers_of(message)
        remote, name = messages.caller_of(headers)
        info = wire.CallInfo(
            call=wire.CallNumber(next(self._numbers)),
            reference="",
            sip_call_id=messages.first(headers, "call-id"),
            account=self._account_of(account, source),
            incoming=True,
            state=wire.CallState.OFFERED,
            local=messages.requested_user(message),
            remote=remote,
            remote_name=name,
            source=source,
            headers=messages.told(headers),
            began_at=time.time(),
        )
        call = Call(self._process, account, info, prm.callId)
        call.give_up_at = time.monotonic() + OFFERED_S
        if self._process.draining or not self._process.is_attached or len(self._calls) >= configured.max_calls:
            self._refused[info.call] = call
            call.refuse(pj.PJSIP_SC_SERVICE_UNAVAILABLE)
            return
        self._calls[info.call] = call
        self._process.say(wire.CallArrived(info=info))

    def place(self, order: wire.Place, now_s: float) -> Call:
        """Call somebody; the gateway is told of it once it was told the call's number.

        Raises:
            CommandRefusedError: There is no such account, no room, or a header is none.
            pj.Error: PJSIP does not call.
        """
        account = self._process.accounts.get(order.account)
        configured = self._process.configured
        if account is None or configured is None:
            raise CommandRefusedError(f"there is no account {order.account}")
        if not order.urgent and (self._process.draining or len(self._calls) >= configured.max_calls):
            raise CommandRefusedError("it takes no more calls")
        settings = account.settings
        asked = parameters(order.headers)
        caller = order.caller or messages.user_of(settings.identity)
        shown = messages.address_of(settings.identity, caller, order.caller_name or "")
        if not shown.isprintable() or not order.to.isprintable():
            raise CommandRefusedError("the number or the name is none")
        asked.txOption.localUri = shown if settings.caller_in_from else settings.identity
        if order.caller is not None:
            asserted = pj.SipHeader()
            asserted.hName, asserted.hValue = "P-Asserted-Identity", shown
            asked.txOption.headers.append(asserted)
        info = wire.CallInfo(
            call=wire.CallNumber(next(self._numbers)),
            reference=order.reference,
            sip_call_id="",
            account=order.account,
            incoming=False,
            state=wire.CallState.CALLING,
            local=caller,
            remote=messages.user_of(order.to) or order.to,
            remote_name="",
            source="",
            headers=(),
            began_at=time.time(),
        )
        call = Call(self._process, account, info)
        self._calls[info.call] = call
        call.give_up_at = now_s + order.ring_s
        try:
            call.makeCall(messages.uri_of(settings.target, order.to), asked)
        except pj.Error:
            self.forget(info.call)
            raise
        return call

    def tick(self, now_s: float) -> None:
        """End the calls that nobody answers, and do for others what could not be done at once."""
        for call in self.all():
            with suppress(pj.Error):
                call.settle()
            if call.give_up_at is not None and now_s >= call.give_up_at:
                call.give_up_at = None
                with suppress(pj.Error):
                    call.end(pj.PJSIP_SC_REQUEST_TIMEOUT, NO_ANSWER)

    def _account_of(self, account: Account, source: str) -> str:
        """Return whose call it is: PJSIP goes by the number called, and PBXs are told apart by their address."""
        host = source.rpartition(":")[0].strip("[]").lower()
        there = [one.settings.name for one in self._process.accounts.values() if one.host == host]
        if account.settings.name in there or not there:
            return str(account.settings.name)
        return str(there[0])
