"""Does what an order says: checks it, has its commands run one after the other, once, and says how the PBX took them."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from connectors.freeswitch_esl.commands_agents import Roster
from connectors.freeswitch_esl.commands_plan import Act, Planner, first_leg, mark
from connectors.freeswitch_esl.commands_rights import offered, why_not
from connectors.freeswitch_esl.login import Rights
from connectors.freeswitch_esl.mapping.agents import AGENTS, TIERS
from connectors.freeswitch_esl.protocol.message import EslMessage
from connectors.freeswitch_esl.settings import FreeswitchSettings
from gateway.model.commands import (
    Accepted,
    LogIn,
    LogOut,
    Order,
    PlaceCall,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
    name_of,
)
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError
from gateway.model.ids import LegId, PbxName

CREATED: Final = "CHANNEL_CREATE"
LATE_S: Final = 0.5
"""Seconds that the news of a leg may come after the result of its command: they come on two connections."""
_ABSENT: Final = (
    "USER_NOT_REGISTERED",
    "SUBSCRIBER_ABSENT",
    "NO_ROUTE_DESTINATION",
    "UNALLOCATED_NUMBER",
    "INVALID_NUMBER_FORMAT",
)

Run = Callable[[str, str], Awaitable[str]]
"""Has an ``api`` command run in the background and returns what it printed; its Job-UUID may be empty for any."""

log = structlog.get_logger(__name__)


class Commander:
    """Gives one PBX its orders.

    Args:
        pbx: The PBX's name in the configuration.
        settings: Its own.
        run: Has a command run.
        rights: Gives what it lets our user do; None while it is not connected.
    """

    def __init__(self, pbx: PbxName, settings: FreeswitchSettings, run: Run, rights: Callable[[], Rights | None]) -> None:
        self._pbx = pbx
        self._settings = settings
        self._run = run
        self._rights = rights
        self._planner = Planner(pbx, settings.commands, settings.site)
        self._unconnected = f"{pbx} is not connected, or only just: nothing was sent"
        self._begins: dict[LegId, asyncio.Event] = {}

    @property
    def commands(self) -> frozenset[str]:
        """The ``type`` of each command that can be done now; none while the PBX is not connected."""
        rights = self._rights()
        return frozenset() if rights is None else offered(rights, self._settings, self._pbx)

    def why_not(self, command: str) -> str:
        """Say why a command is not among those."""
        rights = self._rights()
        if rights is None:
            return self._unconnected
        return why_not(command, rights, self._settings, self._pbx) or f"{self._pbx} takes {command} now: try again"

    def note(self, message: EslMessage) -> None:
        """See whether this is the leg that somebody waits for; every ``CHANNEL_CREATE`` belongs here."""
        created = self._begins.get(LegId(message.get("Unique-ID")))
        if created is not None:
            created.set()

    async def execute(self, order: Order) -> Accepted:
        """Send what the order takes, once; see :class:`gateway.ports.connector.CommandingConnector`.

        Cancelling is safe, but the order was perhaps sent.
        """
        rights = self._rights()
        if rights is None:
            raise PeerUnavailableError(self._unconnected)
        reason = why_not(name_of(type(order.command)), rights, self._settings, self._pbx)
        if reason is not None:
            raise CommandRefusedError(reason)
        for place, act in enumerate(await self._plan(order)):
            job = mark(order, place)
            try:
                await (self._do(act, job) if act.begins is None else self._begin(act, act.begins, job))
            except CommandRefusedError as error:
                if not act.optional:
                    raise
                log.info("optional_command_refused", pbx=self._pbx, command=_name(act), reason=str(error))
        return Accepted(first_leg=first_leg(order))

    async def _plan(self, order: Order) -> list[Act]:
        command = order.command
        match command:
            case PlaceCall():
                return self._planner.place(order, command)
            case LogIn() | LogOut() | SetPause() | SetPenalty():
                # The names that the PBX knows its agents by are its own, and may change.
                agents, tiers = await self._list(AGENTS), await self._list(TIERS)
                return Roster(self._pbx, self._settings.commands, self._settings.site, agents, tiers).plan(command)
            case SetDoNotDisturb() | SetForwarding():
                raise CommandRefusedError(self.why_not(name_of(type(command))))
            case _:
                return self._planner.of_call(order, command)

    async def _list(self, command: str) -> str:
        printed = await self._have_run(command, "")
        if printed.startswith("-"):
            raise CommandRefusedError(f"FreeSWITCH at {self._pbx} lists no agents ({_said(printed)}): is mod_callcenter loaded?")
        return printed

    async def _do(self, act: Act, job: str) -> None:
        self._see(act, await self._have_run(act.command, job))

    async def _have_run(self, command: str, job: str) -> str:
        name = command.partition(" ")[0]
        try:
            return await self._run(command, job)
        except CommandRefusedError as error:
            raise CommandRefusedError(f"FreeSWITCH at {self._pbx} does not take {name}: {error}") from error
        except CommandUnansweredError as error:
            raise CommandUnansweredError(f"FreeSWITCH at {self._pbx}: {error}") from error

    async def _begin(self, act: Act, leg: LegId, job: str) -> None:
        """Have a call made and return when its first leg is there: its command ends only when somebody answers."""
        created = self._begins[leg] = asyncio.Event()
        running = asyncio.ensure_future(self._have_run(act.command, job))
        waiting = asyncio.ensure_future(created.wait())
        try:
            await asyncio.wait([running, waiting], timeout=self._settings.command_timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if running.done() and not created.is_set():
                printed = running.result()
                await asyncio.wait([waiting], timeout=LATE_S)
                if not created.is_set():
                    self._see(act, printed)
            if not created.is_set():
                raise CommandUnansweredError(
                    f"{self._pbx} told nothing of {act.rings}'s telephone within {self._settings.command_timeout_s:g} s"
                )
        finally:
            del self._begins[leg]
            running.cancel()
            waiting.cancel()
            await asyncio.wait([running, waiting])

    def _see(self, act: Act, printed: str) -> None:
        if not printed.startswith("-"):
            return
        said = _said(printed)
        if act.rings and said in _ABSENT:
            raise CommandRefusedError(
                f"{act.rings} cannot be called at {self._pbx}: it is not registered there, or unknown ({said}); a telephone is "
                f"called as `{self._settings.commands.dial}`, see `commands: {{dial: …}}`"
            )
        whose = f" for {act.rings}" if act.rings else ""
        raise CommandRefusedError(f"FreeSWITCH at {self._pbx} refuses {_name(act)}{whose}: {said or 'it does not say why'}")


def _name(act: Act) -> str:
    return act.command.partition(" ")[0]


def _said(printed: str) -> str:
    """Return the first line of a refusal: of ``-ERR USER_BUSY`` ``USER_BUSY``."""
    return printed.strip().partition("\n")[0].removeprefix("-ERR").strip()
