"""One call's sound as datagrams: samples and nothing else, one packet's time in each.

Source: FreeSWITCH's ``switch_ivr.c`` (``switch_ivr_park``, ``unicast_thread_run``). It plays each datagram when it gets it.
"""

import asyncio
from collections.abc import Callable
from typing import Final, cast

MAX_DATAGRAM_BYTES: Final = 8 * 1024
"""FreeSWITCH's own buffer for a frame."""
LOST_S: Final = 10.0
"""Seconds without a datagram, of which FreeSWITCH sends fifty each second whatever the caller does, after which it is gone."""
LOOK_S: Final = 1.0
"""Seconds between two looks for that."""


class SoundSocket(asyncio.DatagramProtocol):
    """See the module. Whoever sends first from the FreeSWITCH's address is its socket; all else is passed over.

    Args:
        freeswitch: Its address.
        lost: Called once when nothing more comes; not when nothing ever came.
    """

    def __init__(self, freeswitch: str, lost: Callable[[], None]) -> None:
        self.began: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done with the first datagram."""
        self.heard: Callable[[bytes], None] | None = None
        """Takes what the caller says."""
        self.unsent = 0
        """Frames that our own system was too slow for."""
        self._freeswitch = freeswitch
        self._lost = lost
        self._loop = asyncio.get_running_loop()
        self._remote: tuple[str, int] | None = None
        self._full = False
        self._heard_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, host: str, freeswitch: str, lost: Callable[[], None]) -> "SoundSocket":
        """Listen at a free port of ``host``. Cancelling is safe.

        Raises:
            OSError: The address is none of ours, or there is no port.
        """
        made = cls(freeswitch, lost)
        await made._loop.create_datagram_endpoint(lambda: made, local_addr=(host, 0))
        return made

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        assert self._transport is not None
        host, port = self._transport.get_extra_info("sockname")[:2]
        return host, port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take what the caller says."""
        if self._remote is None and addr[0] == self._freeswitch and not self.began.done():
            self._remote = addr
            self.began.set_result(None)
            self._timer = self._loop.call_later(LOOK_S, self._look)
        if addr != self._remote:
            return
        self._heard_at = self._loop.time()
        # Half a sample would make noise of all that follows.
        if self.heard is not None and len(data) <= MAX_DATAGRAM_BYTES and len(data) % 2 == 0:
            self.heard(data)

    def send(self, frame: bytes) -> None:
        """Send a frame, unless there is nobody to send it to yet or our system does not take it."""
        if self._remote is None or self._transport is None or self._transport.is_closing():
            return
        if self._full:
            self.unsent += 1
        else:
            self._transport.sendto(frame, self._remote)

    def pause_writing(self) -> None:
        """Our system takes no more: what is said now would come too late."""
        self._full = True

    def resume_writing(self) -> None:
        """It does again."""
        self._full = False

    def close(self) -> None:
        """Give the port back."""
        self.began.cancel()
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is not None:
            self._transport.close()

    def _look(self) -> None:
        if self._loop.time() - self._heard_at >= LOST_S:
            self._lost()
        else:
            self._timer = self._loop.call_later(LOOK_S, self._look)
