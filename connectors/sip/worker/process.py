"""The whole worker: one loop for SIP, orders and time. Without a gateway it goes on for ``ORPHAN_S``; then it ends."""

import gc
import os
import select
import socket
import sys
import time
from collections import deque
from contextlib import suppress
from typing import Any, Final

from connectors.sip import wire
from connectors.sip.worker import binding
from connectors.sip.worker.accounts import Account
from connectors.sip.worker.audio import CallPort, Ports, Prompt
from connectors.sip.worker.binding import pj
from connectors.sip.worker.calls import Call
from connectors.sip.worker.endpoint import Endpoint
from connectors.sip.worker.link import Link
from connectors.sip.worker.orders import obey
from connectors.sip.worker.recorder import Recording, Writer
from connectors.sip.worker.switchboard import Switchboard
from gateway.model.errors import CommandRefusedError

TURN_S: Final = 0.01
"""Seconds that the loop waits at most: PJSIP's timers are looked at by then."""
KEEP_S: Final = 3.0
"""Seconds that a call's object outlives the call: PJSIP may still have a note of it on the way."""
GOODBYE_S: Final = 1.0
"""Seconds for BYEs, and for accounts to be unregistered, at the end."""
SWITCH_S: Final = 0.0005
"""Seconds after which a thread gives way to another: the bridge's must not wait longer than a frame lasts."""
TRIM_S: Final = 12.0
"""Seconds between two times that free memory is given back."""
TRIMS: Final = 4
"""Times that it is after the last call: PJSIP forgets a call half a minute after its end."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")


class Worker:
    """The process. ``run`` is its life."""

    def __init__(self, listening: socket.socket) -> None:
        self._poller = select.epoll()
        self.endpoint = Endpoint()
        self._poller.register(self.endpoint.fd, select.EPOLLIN)
        self._link = Link(listening, self._poller, self)
        self.writer = Writer(self._recorded)
        self.ports = Ports(self._link.send_frame, self._prompt_over)
        self.accounts: dict[str, Account] = {}
        self.board = Switchboard(self)
        self.configured: wire.Configure | None = None
        self.draining = False
        self.stopping = False
        self._retired: deque[tuple[float, Call]] = deque()
        self._orphan_at: float | None = time.monotonic() + wire.ORPHAN_S
        self._next_beat = 0.0
        self._lag_s = 0.0
        self._locked_told = 0
        self._trims = 0
        self._next_trim = 0.0

    def run(self) -> int:
        """Work until it is told to stop, or nobody comes; return the process's status."""
        sys.setswitchinterval(SWITCH_S)
        # What there is by now stays for ever: it need not be looked at again and again.
        gc.collect()
        gc.freeze()
        while not self.stopping:
            self._turn()
        self._leave()
        return 0

    def _turn(self) -> None:
        ready = self._poller.poll(TURN_S)
        began = time.monotonic()
        for fd, _ in ready:
            if fd != self.endpoint.fd:
                self._link.ready(fd)
        if self.configured is not None:
            self.endpoint.poll()
        self._link.flush()
        self._tick(began)
        self._lag_s = max(self._lag_s, time.monotonic() - began)

    # What the link tells.

    def attached(self) -> None:
        """Tell the gateway that came all that there is."""
        self._orphan_at = None
        self.say(
            wire.Hello(
                protocol=wire.PROTOCOL,
                pid=os.getpid(),
                pjsip=self.endpoint.version,
                codecs=binding.codecs(),
                max_calls=binding.max_calls(),
                fingerprint=None if self.configured is None else self.configured.fingerprint,
                draining=self.draining,
            )
        )
        for call in self.board.all():
            call.known()
            self.say(wire.CallListed(info=call.info))
        self.say(wire.Listed())
        for account in self.accounts.values():
            account.tell()

    def left(self) -> None:
        """Wait for another gateway, for a while."""
        self._orphan_at = time.monotonic() + wire.ORPHAN_S

    def ordered(self, order: wire.Order) -> None:
        """Do what is wanted, and say whether it was done."""
        try:
            obey(self, order)
        except CommandRefusedError as error:
            self.say(wire.Failed(request=order.request, reason=str(error)))
        except pj.Error as error:
            self.say(wire.Failed(request=order.request, reason=str(error.reason)))

    def framed(self, frame: wire.Frame) -> None:
        """Play a frame."""
        call = self.board.get(frame.call)
        if call is not None:
            call.sound.take(frame)

    # What the calls need.

    @property
    def is_attached(self) -> bool:
        """Tell whether there is a gateway."""
        return self._link.is_attached

    def say(self, report: wire.Report) -> None:
        """Tell the gateway."""
        self._link.say(report)

    def over(self, call: Call) -> None:
        """Forget a call, and let its object go later."""
        self.board.forget(call.number)
        self._retired.append((time.monotonic() + KEEP_S, call))
        if self.draining and self.board.is_empty:
            self.say(wire.Drained())

    def silence(self) -> Any:
        """Return what says nothing."""
        return self.endpoint.silence()

    def find(self, number: wire.CallNumber) -> Call:
        """Return a call.

        Raises:
            CommandRefusedError: It is over.
        """
        call = self.board.get(number)
        if call is None:
            raise CommandRefusedError(f"call {number} is over")
        return call

    def configure(self, configured: wire.Configure) -> None:
        """Be what the gateway wants.

        Raises:
            CommandRefusedError: It cannot; the process is of no more use.
        """
        if self.configured is not None:
            raise CommandRefusedError("it is configured already")
        self.endpoint.configure(configured)
        self.configured = configured
        for settings in configured.accounts:
            account = Account(settings, configured, self.say, self.board.arrived)
            self.accounts[settings.name] = account
            try:
                account.begin(default=len(self.accounts) == 1)
            except pj.Error as error:
                raise CommandRefusedError(f"account {settings.name}: {error.reason}") from error

    def drain(self) -> None:
        """Take no new calls, and say when the last is over."""
        self.draining = True
        for account in self.accounts.values():
            account.leave()
        if self.board.is_empty:
            self.say(wire.Drained())

    def _prompt_over(self, port: CallPort, prompt: Prompt) -> None:
        if port.call is not None:
            self.say(wire.PlayEnded(call=port.call, file=prompt.file, complete=True))

    def _recorded(self, recording: Recording) -> None:
        self.say(wire.RecordingEnded(call=recording.call, file=recording.file, error=recording.error))

    def _tick(self, now_s: float) -> None:
        while self._retired and self._retired[0][0] <= now_s:
            self._retired.popleft()
        if self._orphan_at is not None and now_s >= self._orphan_at:
            self.stopping = True
        if now_s < self._next_beat:
            return
        self._next_beat = now_s + wire.HEARTBEAT_S / 2
        self.board.tick(now_s)
        if not self.draining:
            for account in self.accounts.values():
                account.tick(now_s)
        if not self.board.is_empty:
            self._trims = TRIMS
        elif self._trims and now_s >= self._next_trim:
            # What hundreds of calls leave is free memory in small pieces: given back while nobody speaks.
            binding.trim()
            self._trims, self._next_trim = self._trims - 1, now_s + TRIM_S
        counts = binding.guard_counts()
        if counts[4] > self._locked_told:
            self._locked_told = counts[4]
            facts: dict[str, str | int | float | bool | None] = {"source": binding.guard_last_locked(), "times": counts[4]}
            self.say(wire.Noted(severity=wire.Severity.WARNING, event="source_locked_out", facts=facts))
        self.say(
            wire.Heartbeat(
                calls=len(self.board.all()),
                lag_ms=round(self._lag_s * 1000, 1),
                rss_bytes=_rss_bytes(),
                dropped_frames=self._link.dropped_frames,
                refused=counts[0] + counts[1] + counts[2] + counts[3] + counts[5],
            )
        )
        self._lag_s = 0.0

    def _leave(self) -> None:
        """End everything in the order that PJSIP survives."""
        if self.configured is None:
            self._link.flush()
            self._link.close()
            os._exit(0)
        for call in self.board.all():
            with suppress(pj.Error, CommandRefusedError):
                call.end(503, 0)
        if not self.draining:
            for account in self.accounts.values():
                account.leave()
        until = time.monotonic() + GOODBYE_S
        while time.monotonic() < until and (not self.board.is_empty or time.monotonic() < until - GOODBYE_S * 0.8):
            self.endpoint.poll()
            self._link.flush()
            time.sleep(TURN_S)
        self.writer.close(GOODBYE_S)
        self._link.flush()
        self._link.close()
        # Its own end can hang, or crash, and everything that must be said and written is.
        os._exit(0)


def _rss_bytes() -> int:
    with open("/proc/self/statm", "rb") as statm:
        return int(statm.read().split()[1]) * _PAGE
