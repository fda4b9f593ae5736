"""For how long wrong passwords keep somebody out. Pure."""

from typing import Final

FREE_FAILURES: Final = 4
"""Wrong passwords in a row that cost nothing."""
FIRST_LOCK_S: Final = 60.0
LONGEST_LOCK_S: Final = 3_600.0
FORGET_S: Final = 86_400.0
"""Seconds after the end of a lock, after which what was before it counts no more."""


def lock_s(failures: int) -> float:
    """Return how long somebody is locked out after so many wrong passwords in a row: a minute, two, four … an hour."""
    if failures <= FREE_FAILURES:
        return 0.0
    doubled = min(failures - FREE_FAILURES - 1, 16)
    return min(FIRST_LOCK_S * 2.0**doubled, LONGEST_LOCK_S)


def after_failure(failures: int, locked_until: float | None, now: float) -> tuple[int, float | None]:
    """Return how many failures in a row there are with one more, and until when they lock."""
    if locked_until is not None and now >= locked_until + FORGET_S:
        failures = 0
    failures += 1
    seconds = lock_s(failures)
    return failures, now + seconds if seconds else None
