"""Asks the PBX regularly whether it lives and what time it has."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from connectors.asterisk_ami.link import AmiLink
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.errors import CommandUnansweredError, PeerUnavailableError


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


async def keep_alive(link: AmiLink, settings: AsteriskSettings, clock_off_by: Callable[[float], None]) -> None:
    """Ping until cancelled, or until the PBX has been silent for ``dead_after_s``.

    Silence is counted in pings that brought nothing, not in seconds: after this machine has slept, the PBX may still answer.

    Args:
        link: The connection.
        settings: How often, and how long to wait.
        clock_off_by: Called with each answer: seconds by which the PBX's clock is ahead of ours.

    Raises:
        PeerUnavailableError: The PBX is silent.
    """
    loop = asyncio.get_running_loop()
    silent_pings, reads = 0, link.reads
    while silent_pings * settings.ping_interval_s < settings.dead_after_s:
        next_at = loop.time() + settings.ping_interval_s
        # An answer that our own backlog delays is no silence: what counts is that bytes came.
        with suppress(CommandUnansweredError):
            answer = await link.ask("Ping", (), settings.ping_interval_s)
            with suppress(ValueError):
                said_at = float(answer.messages[0].get("Timestamp"))
                # It was written between our asking and its coming: an answer that comes late is no clock that is behind.
                clock_off_by(said_at - min(max(said_at, answer.asked_at), answer.at))
        await asyncio.sleep(max(next_at - loop.time(), 0.0))
        silent_pings = 0 if link.reads != reads else silent_pings + 1
        reads = link.reads
    raise PeerUnavailableError(f"it was silent for {silent_pings * settings.ping_interval_s:g} s, though asked")
