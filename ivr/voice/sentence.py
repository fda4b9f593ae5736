"""A sentence while it is spoken: pieces as they come, for whoever recognises it meanwhile."""

import asyncio
from collections.abc import AsyncIterator


class Sentence:
    """Pieces of sound, each read once, in order."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._over = False
        self._more = asyncio.Event()

    def add(self, sound: bytes) -> None:
        """Take what was said since."""
        self._pieces.append(sound)
        self._more.set()

    def end(self) -> None:
        """The caller has stopped; what comes after is another sentence."""
        self._over = True
        self._more.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the pieces; ends when the caller has stopped."""
        at = 0
        while True:
            while at < len(self._pieces):
                at += 1
                yield self._pieces[at - 1]
            if self._over:
                return
            self._more.clear()
            await self._more.wait()
