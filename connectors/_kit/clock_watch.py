"""Raises an alarm when a PBX's clock is off."""

from collections.abc import Callable


class ClockWatch:
    """Raises an alarm when the PBX's clock is off, once, and takes it back."""

    def __init__(self, limit_s: float, remark: Callable[[str], None]) -> None:
        """Watch a clock.

        Args:
            limit_s: Seconds by which it may be off.
            remark: Called when it begins to be off, with a text for the operator; and with none when it is right again.
        """
        self._limit_s = limit_s
        self._remark = remark
        self._alarmed = False

    def note(self, ahead_s: float) -> None:
        """Take note of the seconds by which it is ahead of ours."""
        # Back to right only well within the limit, or a clock at the limit would ring all day.
        alarmed = abs(ahead_s) > (self._limit_s / 2 if self._alarmed else self._limit_s)
        if alarmed != self._alarmed:
            self._alarmed = alarmed
            way = "ahead of" if ahead_s > 0 else "behind"
            self._remark(
                f"its clock is {abs(ahead_s):.1f} s {way} ours, and calls take their times from it: set up NTP on both" * alarmed
            )
