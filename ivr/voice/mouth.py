"""Says sounds to one caller, one after the other, and falls silent at once when it is told."""

import asyncio

from gateway.ports.media import MediaSession


class Mouth:
    """One session's; a sound that is said while another is, replaces it."""

    def __init__(self, session: MediaSession) -> None:
        self._session = session
        self._hushed = asyncio.Event()
        self.speaks = False

    async def say(self, sound: bytes) -> bool:
        """Say it; True when the caller has heard all of it, False when it was hushed. Cancelling hushes nothing."""
        while self.speaks:
            await self.hush()
        self._hushed = hushed = asyncio.Event()
        self.speaks = True
        saying = asyncio.create_task(self._say(sound, hushed), name=f"{self._session.info.id}.saying")
        waiting = asyncio.create_task(hushed.wait(), name=f"{self._session.info.id}.hush")
        try:
            await asyncio.wait([saying, waiting], return_when=asyncio.FIRST_COMPLETED)
            if saying.done():
                saying.result()
            return not hushed.is_set()
        finally:
            for task in (saying, waiting):
                task.cancel()
            await asyncio.gather(saying, waiting, return_exceptions=True)
            if self._hushed is hushed:
                self.speaks = False

    async def hush(self) -> None:
        """Be silent: the caller hears no more after 40 ms."""
        if not self.speaks:
            return
        self.speaks = False
        self._hushed.set()
        await self._session.clear()

    async def _say(self, sound: bytes, hushed: asyncio.Event) -> None:
        # Hushed before it began: the session was cleared then, and would say what comes now.
        if hushed.is_set():
            return
        await self._session.say(sound)
        await self._session.said()
