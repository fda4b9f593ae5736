"""How long to wait before the next attempt: longer each time, less some chance, so that not all come back at once."""

from random import Random
from typing import Final

GOES_ON: Final = " (tried again by itself)"
"""What a connection's state says behind the reason why there is none."""


class Backoff:
    """The waits between attempts at one thing."""

    def __init__(self, min_s: float, max_s: float, random: Random, growth: float = 2.0) -> None:
        self._min_s = min_s
        self._max_s = max_s
        self._random = random
        self._growth = growth
        self._next_s = min_s

    def next_s(self) -> float:
        """Return the seconds to wait now: between half and all of what is due."""
        due_s = self._next_s
        self._next_s = min(due_s * self._growth, self._max_s)
        return due_s * self._random.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin with the shortest wait again."""
        self._next_s = self._min_s
