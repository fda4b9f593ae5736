"""Stays connected with a PBX, and says how that stands."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final, NoReturn, Protocol

from connectors._kit.backoff import GOES_ON, Backoff
from gateway.model.errors import ConfigurationError, PeerRefusedError, TielineError
from gateway.model.ids import PbxName
from gateway.ports.connector import EventSink, LinkState, LinkStatus

RETRY_GROWTH: Final = 1.25
"""Of the wait between two attempts: a gap is hardly longer than the PBX was away."""
STEADY_AFTER_S: Final = 5.0
"""Seconds after which a connection counts as good, so that the first attempt after it is made at once."""


class LinkReport:
    """Tells how a connector stands with its PBX, once for each change.

    Args:
        pbx: The PBX's name in the configuration, with which each text begins.
        clock: Seconds since the epoch.
    """

    def __init__(self, pbx: PbxName, clock: Callable[[], float]) -> None:
        self._pbx = pbx
        self._clock = clock
        self._state: LinkState | None = None

    def tell(self, sink: EventSink, status: LinkStatus, detail: str) -> None:
        """Report it where it is another than before."""
        old, text = self._state, f"{self._pbx}: {detail}"
        if old is not None and (old.status, old.detail) == (status, text):
            return
        since = old.since if old is not None and old.status is status else self._clock()
        self._state = LinkState(status=status, detail=text, since=since)
        sink.report(self._pbx, self._state)


class Waits(Protocol):
    """A connection's settings, as far as they say how long to wait between attempts; seconds."""

    @property
    def retry_min_s(self) -> float: ...

    @property
    def retry_max_s(self) -> float: ...

    @property
    def refused_retry_min_s(self) -> float: ...

    @property
    def refused_retry_max_s(self) -> float: ...


async def stay_connected(
    connect: Callable[[], Awaitable[tuple[TielineError, float]]],
    tell: Callable[[LinkStatus, str], None],
    waits: Waits,
    random: Random,
) -> NoReturn:
    """Connect, and again whenever the connection ends, until cancelled.

    Args:
        connect: Connects and stays so as long as it goes; returns why it ended, and the seconds that it was good for.
        tell: Reports how the connector stands with its PBX.
        waits: How long to wait between attempts; where the PBX refuses us, or the configuration is wrong, longer.
        random: For these waits.
    """
    retry = Backoff(waits.retry_min_s, waits.retry_max_s, random, RETRY_GROWTH)
    refused = Backoff(waits.refused_retry_min_s, waits.refused_retry_max_s, random)
    try:
        while True:
            failure, good_for_s = await connect()
            if good_for_s > 0:
                refused.reset()
            if isinstance(failure, PeerRefusedError | ConfigurationError):
                status, wait_s = LinkStatus.REFUSED, refused.next_s()
            elif good_for_s >= STEADY_AFTER_S:
                retry.reset()
                status, wait_s = LinkStatus.RETRYING, 0.0
            else:
                status, wait_s = LinkStatus.RETRYING, retry.next_s()
            tell(status, f"{failure}{GOES_ON}")
            await asyncio.sleep(wait_s)
    finally:
        tell(LinkStatus.STOPPED, "stopped")
