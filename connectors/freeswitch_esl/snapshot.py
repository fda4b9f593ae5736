"""What there is when we come: legs, who is bridged, who waits, who serves. Asked for on each (re)connect, on the connection that
brings the events, so that the answers stand in their right place among them; and again what changes without an event.

Source: FreeSWITCH's ``mod_commands.c`` (``show``) and ``mod_callcenter.c`` (``callcenter_config``).
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import Final

from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.mapping import EslMapper
from connectors.freeswitch_esl.mapping.agents import AGENTS, CONFIG, QUEUES, TIERS
from connectors.freeswitch_esl.mapping.registrations import REGISTRATIONS
from connectors.freeswitch_esl.mapping.snapshot import CALLS, CHANNELS, MEMBERS
from connectors.freeswitch_esl.protocol.message import EslMessage

MAX_QUEUES: Final = 1_000
SETTLE_S: Final = 0.1
"""Seconds after a change before the lists are asked for: an agent who logs in changes several things, one after the other."""
REST_S: Final = 1.0
"""Seconds between two times that lists are asked for, at least."""
REST_SHARE: Final = 10.0
"""The same in multiples of the time that the PBX took: what it lists holds up its events."""
RELIST_S: Final = 60.0
"""Seconds after which is listed anyway: a change may be made where no event tells of it, in the PBX's database say."""
_SHOW: Final = "show"
_REFUSED: Final = "-ERR"

Ask = Callable[[str], Awaitable[EslMessage]]


async def take_snapshot(ask: Ask, rights: Rights) -> list[str]:
    """Ask for all lists, the calls last; return, for the operator, the commands that would tell more.

    The lists go through the mapping as events do; here is only what to ask. Cancelling is safe.

    Raises:
        CommandUnansweredError: The PBX did not answer, or the connection ended.
    """
    missing: list[str] = []
    if rights.may_ask(_SHOW):
        await ask(CHANNELS)
        await ask(CALLS)
        await ask(REGISTRATIONS)
    else:
        missing.append(_SHOW)
    if rights.may_ask(CONFIG):
        listed = (await ask(QUEUES)).body
        for queue in _queues(listed)[:MAX_QUEUES]:
            await ask(f"{MEMBERS} {queue}")
        if not listed.startswith(_REFUSED):
            await _ask_all(ask, (AGENTS, TIERS))
    else:
        missing.append(CONFIG)
    return missing


async def keep_listed(ask: Ask, rights: Rights, mapper: EslMapper, changed: asyncio.Event) -> None:
    """Ask for lists again until cancelled: for those that the mapper needs when it says so, else now and then for all.

    Args:
        ask: Asks for one.
        rights: What may be asked.
        mapper: Reads the answers.
        changed: Set by whoever sees that the mapper needs something.

    Raises:
        CommandUnansweredError: The PBX did not answer, or the connection ended.
    """
    loop = asyncio.get_running_loop()
    while True:
        with suppress(TimeoutError):
            async with asyncio.timeout(RELIST_S):
                await changed.wait()
        await asyncio.sleep(SETTLE_S)
        commands = mapper.take_stale() if changed.is_set() else mapper.lists
        changed.clear()
        began = loop.time()
        await _ask_all(ask, (command for command in commands if rights.may_ask(command.partition(" ")[0])))
        await asyncio.sleep(max(REST_S, (loop.time() - began) * REST_SHARE))


async def _ask_all(ask: Ask, commands: Iterable[str]) -> None:
    for command in commands:
        await ask(command)


def _queues(text: str) -> list[str]:
    """Return the names in a list of queues; none where mod_callcenter is not loaded."""
    head, *lines = text.split("\n")
    if head.startswith(_REFUSED) or not head.startswith("name|"):
        return []
    return [line.partition("|")[0] for line in lines if "|" in line]
