"""The two ends of a voice session for tests: an application that hands its sessions to the test, and commands that are noted."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping

from gateway.model.calls import Call
from gateway.model.errors import TielineError
from gateway.model.ids import LegId
from gateway.ports.media import MediaSession


class HandedOver:
    """An application that does nothing but give its sessions to the test, until that lets them go."""

    def __init__(self) -> None:
        self.sessions: asyncio.Queue[MediaSession] = asyncio.Queue()
        self.done = asyncio.Event()
        """Set, the application returns."""
        self.fault: Exception | None = None
        """Raised then."""

    async def run(self, session: MediaSession) -> None:
        self.sessions.put_nowait(session)
        done = asyncio.ensure_future(self.done.wait())
        try:
            while not done.done() and session.ended is None:
                await asyncio.wait([done], timeout=0.05)
        finally:
            done.cancel()
        if self.fault is not None:
            raise self.fault

    async def session(self, timeout_s: float = 10) -> MediaSession:
        """Wait for the next session."""
        async with asyncio.timeout(timeout_s):
            return await self.sessions.get()


class NotedCommands:
    """Commands about legs that nobody does: the test sees them."""

    def __init__(self, *legs: str) -> None:
        self.legs = [LegId(leg) for leg in legs]
        """Live ones."""
        self.calls: list[Call] = []
        """What a leg's call looks like, change after change."""
        self.given: list[tuple[str, LegId, str, dict[str, str]]] = []
        self.fault: TielineError | None = None
        """Raised instead of doing anything."""
        self.then: Callable[[], None] = lambda: None
        """What the PBX does next."""

    async def find(self, is_it: Callable[[LegId], bool], timeout_s: float) -> LegId | None:
        return next((leg for leg in self.legs if is_it(leg)), None)

    async def hang_up(self, leg: LegId) -> None:
        self._give("hang_up", leg, "", {})

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        self._give("transfer", leg, to, dict(context))

    async def press(self, leg: LegId, digits: str) -> None:
        self._give("press", leg, digits, {})

    async def follow(self, leg: LegId) -> AsyncGenerator[Call, None]:
        for call in self.calls:
            yield call

    def _give(self, what: str, leg: LegId, to: str, context: dict[str, str]) -> None:
        if self.fault is not None:
            raise self.fault
        self.given.append((what, leg, to, context))
        self.then()
