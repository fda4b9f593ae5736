"""Asks the PBX regularly whether it lives, and looks at its clock."""

import asyncio
from contextlib import suppress

from connectors.freeswitch_esl.link import EslLink
from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.errors import CommandUnansweredError, PeerUnavailableError

QUESTION = "nixevent"
"""A command that any user may give and that changes nothing: it asks for an event not to be sent that never was."""
_ARGUMENT = "plain CUSTOM tieline::nothing"


async def keep_alive(link: EslLink, settings: FreeswitchSettings) -> None:
    """Ask until cancelled, or until the PBX has been silent for ``dead_after_s``.

    Silence is counted in questions that brought nothing, not in seconds: after this machine has slept, the PBX may still answer.

    Raises:
        PeerUnavailableError: The PBX is silent.
    """
    loop = asyncio.get_running_loop()
    silent, reads = 0, link.reads
    while silent * settings.ping_interval_s < settings.dead_after_s:
        next_at = loop.time() + settings.ping_interval_s
        # An answer that our own backlog delays is no silence: what counts is that bytes came.
        with suppress(CommandUnansweredError):
            await link.ask(QUESTION, _ARGUMENT, settings.ping_interval_s)
        await asyncio.sleep(max(next_at - loop.time(), 0.0))
        silent = 0 if link.reads != reads else silent + 1
        reads = link.reads
    raise PeerUnavailableError(f"it was silent for {silent * settings.ping_interval_s:g} s, though asked")
