"""Does what an order says: checks it, sends its actions one after the other, once, and says how the PBX took them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from connectors.asterisk_ami.commands_devices import do_not_disturb, forwarding, log_in, of_member
from connectors.asterisk_ami.commands_plan import Act, Planner, first_leg
from connectors.asterisk_ami.commands_rights import Rights, offered, refusal, rights_of, slot_unknown, why_not
from connectors.asterisk_ami.commands_watch import Beginning, Watch
from connectors.asterisk_ami.link import Answer
from connectors.asterisk_ami.protocol import AmiMessage
from connectors.asterisk_ami.settings import AsteriskSettings
from gateway.model.commands import (
    Accepted,
    LogIn,
    LogOut,
    Order,
    Park,
    PlaceCall,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
)
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError
from gateway.model.ids import LegId, PbxName

CONSULTED_WITHIN_S: Final = 4.0
"""Seconds within which Asterisk presses the feature code for ``Atxfer``: 0.2 s a key, and its ``featuredigittimeout``."""

_NOT_FOUND: Final = "did not find"
"""How ``ShowDialPlan`` begins where there is no such extension or context; a missing right reads otherwise."""

Ask = Callable[[str, Sequence[tuple[str, str]]], Awaitable[list[AmiMessage]]]
"""Sends one action and returns what it brought; see ``AsteriskConnector.action``."""

log = structlog.get_logger(__name__)


class Commander:
    """Gives one PBX its orders.

    Args:
        pbx: The PBX's name in the configuration.
        settings: Its own.
        ask: Sends an action.
        name_of: Gives a live leg's present name; None when it is gone.
        is_silenced: Tells whether we silenced a leg for a hold.
    """

    def __init__(
        self,
        pbx: PbxName,
        settings: AsteriskSettings,
        ask: Ask,
        name_of: Callable[[LegId], str | None],
        is_silenced: Callable[[LegId], bool],
    ) -> None:
        self._pbx = pbx
        self._settings = settings
        self._ask = ask
        self._planner = Planner(pbx, settings.commands, name_of, is_silenced)
        self._rights: Rights | None = None
        self._unconnected = f"{pbx} is not connected, or only just: nothing was sent"
        self.watch = Watch()
        """Wants every message of the PBX."""

    @property
    def commands(self) -> frozenset[str]:
        """The ``type`` of each command that can be done now; none while the PBX is not connected."""
        return frozenset() if self._rights is None else offered(self._rights, self._settings)

    def why_not(self, command: str) -> str:
        """Say why a command is not among those.

        Raises:
            PeerUnavailableError: The PBX is not connected, or only just.
        """
        if self._rights is None:
            raise PeerUnavailableError(self._unconnected)
        return why_not(command, self._rights, self._settings, self._pbx) or f"{self._pbx} takes {command} now: try again"

    async def learn(self, ask: Callable[[str, Sequence[tuple[str, str]]], Awaitable[Answer]]) -> None:
        """Find out what the PBX lets us do. Cancelling is safe.

        Raises:
            CommandUnansweredError: It does not answer.
        """
        listed = await ask("ListCommands", ())
        settings = await ask("CoreSettings", ())
        self._rights = rights_of(listed.messages, settings.messages)

    def forget(self) -> None:
        """The connection is gone."""
        self._rights = None

    async def execute(self, order: Order) -> Accepted:
        """Send what the order takes, once; see :class:`gateway.ports.connector.CommandingConnector`."""
        rights = self._rights
        if rights is None:
            raise PeerUnavailableError(self._unconnected)
        command = order.command
        reason = why_not(str(command.__struct_config__.tag), rights, self._settings, self._pbx)
        if reason is not None:
            raise CommandRefusedError(reason)
        if isinstance(command, Park) and command.slot is not None and slot_unknown(rights):
            raise CommandRefusedError(f"Asterisk {rights.major} at {self._pbx} parks in any free slot only: name none")
        acts = await self._plan(order)
        done: list[Act] = []
        for act in acts:
            try:
                await (self._ask_first(act) if act.asks else self._do(act))
            except CommandRefusedError as error:
                if act.optional:
                    log.info("optional_action_refused", pbx=self._pbx, action=act.name, reason=str(error))
                    continue
                await self._take_back(done)
                raise
            done.append(act)
        return Accepted(first_leg=first_leg(order))

    async def _plan(self, order: Order) -> list[Act]:
        command = order.command
        if isinstance(command, PlaceCall):
            return self._planner.place(order, command)
        match command:
            case LogIn():
                return log_in(command, self._settings.commands)
            case LogOut() | SetPause() | SetPenalty():
                # The names that the PBX knows its members by are its own, and may change.
                listed = await self._ask("QueueStatus", ())
                self._see(listed, "QueueStatus")
                return of_member(self._pbx, command, listed)
            case SetDoNotDisturb() | SetForwarding():
                families = self._settings.commands.astdb
                assert families is not None  # not offered without
                return (
                    do_not_disturb(command, families) if isinstance(command, SetDoNotDisturb) else forwarding(command, families)
                )
            case _:
                return self._planner.of_call(order, command)

    async def _do(self, act: Act) -> None:
        begins = None if act.begins is None else self.watch.begins(act.begins, of_party=bool(act.rings))
        holds = None if act.holds is None else self.watch.holds(act.holds)
        try:
            self._see(await self._ask(act.name, act.headers), act.name)
            if begins is not None:
                await self._until_begun(act, begins)
            if holds is not None:
                await self._until_held(holds)
        finally:
            if begins is not None:
                begins.reason.cancel()
            if holds is not None:
                holds.cancel()

    async def _ask_first(self, act: Act) -> None:
        """See whether the dial plan knows a number; a user who may not see the dial plan goes on without."""
        answer = (await self._ask(act.name, act.headers))[0]
        if answer.name != "Error" or not answer.get("Message").lower().startswith(_NOT_FOUND):
            return
        asked = dict(act.headers)
        # A switch looks numbers up elsewhere, in a database say: what it knows is in no list.
        everything = await self._ask(act.name, (("Context", asked["Context"]),))
        if not any(message.get("Switch") for message in everything):
            raise CommandRefusedError(f"{self._pbx} knows no number {asked['Extension']} in its context {asked['Context']}")

    def _see(self, answer: list[AmiMessage], action: str) -> None:
        if answer[0].name == "Error":
            raise CommandRefusedError(refusal(action, answer[0].get("Message"), self._settings, self._pbx))

    async def _until_begun(self, act: Act, begins: Beginning) -> None:
        """The PBX has only queued it: wait until the leg is there, or none will be."""
        try:
            async with asyncio.timeout(self._settings.action_timeout_s):
                reason = await begins.reason
        except TimeoutError as error:
            if begins.is_there:
                # The dial plan takes its time before it rings anybody.
                return
            whose = f"{act.rings}'s telephone" if act.rings else "the leg that it makes"
            raise CommandUnansweredError(
                f"{self._pbx} took {act.name} and told nothing of {whose} within {self._settings.action_timeout_s:g} s"
            ) from error
        if reason is not None:
            device = dict(act.headers)["Channel"]
            raise CommandRefusedError(
                f"{act.rings or device} cannot be called at {self._pbx}: {device} is not registered there, or unknown"
            )

    async def _until_held(self, holds: "asyncio.Future[None]") -> None:
        try:
            async with asyncio.timeout(CONSULTED_WITHIN_S):
                await holds
        except TimeoutError as error:
            raise CommandRefusedError(
                f"Asterisk at {self._pbx} took Atxfer and did not do it: in its dial plan this call's Dial or Queue needs the "
                f"option t (whoever was called may transfer) and T (the caller may), and features.conf an `atxfer`"
            ) from error

    async def _take_back(self, done: Sequence[Act]) -> None:
        for act in reversed(done):
            for undo in act.undo:
                try:
                    self._see(await self._ask(undo.name, undo.headers), undo.name)
                except CommandRefusedError as error:
                    log.warning("action_not_taken_back", pbx=self._pbx, action=undo.name, reason=str(error))
