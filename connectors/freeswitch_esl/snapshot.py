"""What there is when we come: legs, who is bridged, who waits. Asked for on each (re)connect, on the connection that brings the
events, so that the answers stand in their right place among them.

Source: FreeSWITCH's ``mod_commands.c`` (``show``) and ``mod_callcenter.c`` (``callcenter_config``).
"""

from collections.abc import Awaitable, Callable
from typing import Final

from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.mapping.snapshot import CALLS, CHANNELS, MEMBERS
from connectors.freeswitch_esl.protocol.message import EslMessage

MAX_QUEUES: Final = 1_000
_SHOW: Final = "show"
_CALLCENTER: Final = "callcenter_config"
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
    else:
        missing.append(_SHOW)
    if rights.may_ask(_CALLCENTER):
        for queue in _queues((await ask(f"{_CALLCENTER} queue list")).body)[:MAX_QUEUES]:
            await ask(f"{MEMBERS} {queue}")
    else:
        missing.append(_CALLCENTER)
    return missing


def _queues(text: str) -> list[str]:
    """Return the names in a list of queues; none where mod_callcenter is not loaded."""
    head, *lines = text.split("\n")
    if head.startswith(_REFUSED) or not head.startswith("name|"):
        return []
    return [line.partition("|")[0] for line in lines if "|" in line]
