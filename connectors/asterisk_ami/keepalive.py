"""Asks the PBX regularly whether it lives and what time it has."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from connectors.asterisk_ami.link import AmiLink
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.errors import CommandUnansweredError, PeerUnavailableError


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
