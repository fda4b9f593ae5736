"""When a CRM that did not take something is asked again. Pure."""

from typing import Final

RETRIES_S: Final = (2.0, 10.0, 60.0, 300.0, 900.0, 3_600.0, 7_200.0, 14_400.0, 28_800.0, 43_200.0, 86_400.0)
"""Seconds between two attempts to tell one call; after the last one it is dead. Together two days."""
OPEN_AFTER: Final = 4
"""Failures in a row, of any calls, after which a CRM counts as away: then it is only looked at, and all else waits."""
LOOK_FIRST_S: Final = 5.0
LOOK_AT_MOST_S: Final = 300.0
"""Seconds between two looks at a CRM that is away; they double from the first to this."""
MAX_PAUSE_S: Final = 86_400.0
"""Who asks to be left alone for longer is asked again after a day."""
JITTER: Final = 0.2
"""Share by which a wait is longer at most."""


def retry_at(attempts: int, now: float, jitter: float, retry_after_s: float | None) -> float | None:
    """Return when a call that was told in vain so often is told again; None when it was tried enough.

    Args:
        attempts: In a row.
        now: Seconds since the epoch.
        jitter: By chance, from 0 to 1.
        retry_after_s: What the CRM asked for.
    """
    if attempts > len(RETRIES_S):
        return None
    return now + max(RETRIES_S[attempts - 1] * (1.0 + JITTER * jitter), min(retry_after_s or 0.0, MAX_PAUSE_S))


def look_again_s(looks: int, jitter: float, retry_after_s: float | None) -> float:
    """Return for how many seconds a CRM that is away is left alone after so many looks."""
    wait_s = min(LOOK_FIRST_S * 2.0 ** min(looks, 16), LOOK_AT_MOST_S) * (1.0 + JITTER * jitter)
    return max(wait_s, min(retry_after_s or 0.0, MAX_PAUSE_S))
