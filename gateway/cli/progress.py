"""A bar on a terminal that shows how far something is; nothing where nobody watches."""

from collections.abc import Callable
from time import monotonic
from typing import Final, TextIO

WIDTH: Final = 30
REDRAW_S: Final = 0.1


class Progress:
    """One thing that takes a while.

    Args:
        total: Of what is counted; None where nobody knows it before the end.
        unit: What is counted: ``lines``.
        to: Standard error, mostly.
        clock: Seconds that only grow.
    """

    def __init__(self, total: int | None, unit: str, to: TextIO, *, clock: Callable[[], float] = monotonic) -> None:
        self._total = None if total is None else max(total, 1)
        self._unit = unit
        self._to = to
        self._clock = clock
        self._began_at = clock()
        self._drawn_at = -REDRAW_S
        self._shown = to.isatty()

    def at(self, done: int, note: str = "") -> None:
        """Show that so much is done."""
        now = self._clock() - self._began_at
        is_last = self._total is not None and done >= self._total
        if not self._shown or (now - self._drawn_at < REDRAW_S and not is_last):
            return
        self._drawn_at = now
        rate = f"{done / now:,.0f}/s" if now > 0.0 else ""
        self._to.write(f"\r\x1b[K{self._so_far(done)} {self._unit}  {rate}  {note}".rstrip())
        self._to.flush()

    def _so_far(self, done: int) -> str:
        if self._total is None:
            return f"{done:,}"
        share = min(done / self._total, 1.0)
        bar = "#" * int(share * WIDTH)
        return f"[{bar:.<{WIDTH}}] {share:4.0%}  {done:,} of {self._total:,}"

    def clear(self) -> None:
        """Take the bar away, so that a line can be written."""
        if self._shown:
            self._to.write("\r\x1b[K")
            self._to.flush()
            self._drawn_at = -REDRAW_S
