"""Keeps a CRM's quota: a token bucket in which what somebody waits for goes before what waits for nobody."""

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from gateway.crm.asking import not_counted
from gateway.model.limits import Rate
from gateway.ports.crm import CrmUnavailableError

URGENT_WAIT_S: Final = 3.0
"""Seconds for which somebody waits for his turn: a card that comes later helps nobody."""
PATIENT_WAIT_S: Final = 30.0
"""Seconds for which the others wait for a CRM that wants to be left alone; for longer they come again."""

_urgent: ContextVar[bool] = ContextVar("crm_urgent", default=False)


@contextmanager
def urgently(urgent: bool = True) -> Iterator[None]:
    """Let what is asked inside go first; or not, whoever asks for it."""
    token = _urgent.set(urgent)
    try:
        yield
    finally:
        _urgent.reset(token)


class QuotaPace:
    """See :class:`gateway.ports.crm.Pace`. Times are those of the event loop.

    Args:
        crm: What errors begin with.
        rate: The quota; None where there is none.
    """

    def __init__(self, crm: str, rate: Rate | None) -> None:
        self._crm = crm
        self._rate = rate
        self._level = 0.0 if rate is None else float(rate.burst)
        self._filled_at: float | None = None
        self._alone_until = 0.0
        self._waiting: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}
        self._timer: asyncio.TimerHandle | None = None

    async def turn(self) -> None:
        """Wait for a turn; see :class:`gateway.ports.crm.Pace`."""
        loop = asyncio.get_running_loop()
        urgent = _urgent.get()
        patience = URGENT_WAIT_S if urgent else PATIENT_WAIT_S
        alone_s = self._alone_until - loop.time()
        if alone_s > patience:
            raise CrmUnavailableError(f"{self._crm}: it wants to be left alone for {alone_s:.0f} s", retry_after_s=alone_s)
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting[urgent].append(turn)
        self._hand_out()
        try:
            if not urgent:
                with not_counted():
                    await turn
            else:
                async with asyncio.timeout(URGENT_WAIT_S):
                    await turn
        except TimeoutError as error:
            raise CrmUnavailableError(f"{self._crm}: its quota is used up, and somebody waits", retry_after_s=1.0) from error
        finally:
            turn.cancel()

    def put_off(self, seconds: float) -> None:
        """Send nothing for so long."""
        self._alone_until = max(self._alone_until, asyncio.get_running_loop().time() + seconds)

    def _hand_out(self) -> None:
        """Give turns to those who wait, as far as there are any, and come again when there are."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        loop = asyncio.get_running_loop()
        for waiting in (self._waiting[True], self._waiting[False]):
            while waiting:
                if waiting[0].done():
                    del waiting[0]
                    continue
                wait_s = self._wait_s(loop.time())
                if wait_s > 0.0:
                    self._timer = loop.call_later(wait_s, self._hand_out)
                    return
                self._level -= 1.0
                waiting.popleft().set_result(None)

    def _wait_s(self, now: float) -> float:
        """Return in how many seconds there is a turn."""
        if self._alone_until > now:
            return self._alone_until - now
        if self._rate is None:
            return 0.0
        if self._filled_at is not None:
            self._level = min(self._rate.burst, self._level + (now - self._filled_at) * self._rate.per_second)
        self._filled_at = now
        # A clock's last digit must not cost a second round.
        return 0.0 if self._level >= 1.0 - 1e-9 else (1.0 - self._level) / self._rate.per_second
