"""Calls that ended lately, for what the PBX still says of them."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final

from gateway.model.calls import Call
from gateway.model.ids import CallId

REMEMBERED_S: Final = 120.0
"""Seconds for which an ended call is kept, for what the PBX says of it afterwards."""
DOUBTFUL_S: Final = 3600.0
"""The same for a call that a gap hides in part: Asterisk may write its CDR in batches."""
BESIDE_GAP_S: Final = 2.0
"""Seconds before and after a gap in which a row of the CDR, whose times are whole seconds, may belong to either."""
KEPT_GAPS: Final = 20
"""Gaps whose calls may still come to be known by a late CDR."""


class EndedCalls:
    """Ended calls by id, each for its time, and the gaps beside which they ended."""

    def __init__(self) -> None:
        self._sure: dict[CallId, tuple[float, Call]] = {}
        self._doubtful: dict[CallId, tuple[float, Call]] = {}
        self._heard_since: float | None = None
        self._lost_at: float | None = None
        self._gaps: deque[tuple[float, float]] = deque(maxlen=KEPT_GAPS)

    def __len__(self) -> int:
        return len(self._sure) + len(self._doubtful)

    def get(self, call_id: CallId) -> Call | None:
        """Return a call as it is now, where it is still kept."""
        found = self._sure.get(call_id) or self._doubtful.get(call_id)
        return None if found is None else found[1]

    def add(self, call: Call, at: float) -> Iterable[Call]:
        """Keep a call that ended at ``at``; return those whose time is over."""
        doubtful = not call.complete or (bool(self._gaps) and at - self._gaps[-1][1] < BESIDE_GAP_S)
        (self._doubtful if doubtful else self._sure)[call.call_id] = (at, call)
        return [*_over(self._sure, at - REMEMBERED_S), *_over(self._doubtful, at - DOUBTFUL_S)]

    def replace(self, call: Call) -> None:
        """Put a corrected call in the place of what it was."""
        for kept in (self._sure, self._doubtful):
            found = kept.get(call.call_id)
            if found is not None:
                kept[call.call_id] = (found[0], call)

    def gap_began(self, at: float) -> None:
        """Nothing is heard from now on: what ended just before may be taken for something that ended unheard."""
        if self._heard_since is None:
            self._heard_since = float("-inf")
        if self._lost_at is None:
            self._lost_at = at
        for key, (ended_at, call) in tuple(self._sure.items()):
            if at - ended_at < BESIDE_GAP_S:
                del self._sure[key]
                self._doubtful[key] = (ended_at, call)

    def gap_ended(self, at: float) -> None:
        """The PBX is heard again, or for the first time."""
        if self._heard_since is None:
            self._heard_since = at
        if self._lost_at is not None:
            self._gaps.append((self._lost_at, at))
            self._lost_at = None

    @property
    def gaps(self) -> tuple[tuple[float, float], ...]:
        """The gaps that are remembered: from when to when, in seconds since the epoch."""
        return tuple(self._gaps)

    def remember_gaps(self, gaps: Iterable[tuple[float, float]]) -> None:
        """Take over the gaps that an earlier process knew."""
        self._gaps.extend(gaps)

    def in_a_gap(self, ended_at: float) -> bool:
        """Tell whether what a CDR says to have ended then was hidden by a gap: its fractions of seconds are cut off."""
        # What ended before anybody listened was hidden by no gap.
        return any(lost_at - 1.0 < ended_at <= heard_at for lost_at, heard_at in self._gaps) and (
            self._heard_since is None or ended_at > self._heard_since - 1.0
        )


def _over(kept: dict[CallId, tuple[float, Call]], before: float) -> Iterator[Call]:
    while kept:
        oldest, (ended_at, call) = next(iter(kept.items()))
        if ended_at >= before:
            return
        del kept[oldest]
        yield call
