"""What applications that hold a caller's voice have done with his call: commands like everybody's.

They go through the dispatcher: written down, within the rules for numbers of the role ``partner``, sent once.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any, Final

import structlog

from gateway.model.calls import Call
from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import Command, HangUp, Redirect, SendDigits
from gateway.model.errors import (
    CommandRefusedError,
    CommandUnansweredError,
    PeerUnavailableError,
    StoreUnavailableError,
)
from gateway.model.handover import for_pbx, note_of
from gateway.model.ids import LegId, PbxName
from gateway.model.principals import Principal, Role, Scope
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.ports.connector import LinkStatus
from gateway.session.command_orders import Wish
from gateway.session.desk import DeskBook
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine

_log = structlog.get_logger()

LOOK_S: Final = 0.05
"""Seconds between two looks for what the PBX has not told of yet."""
ROUTE: Final = "application"


class PbxLegCommands:
    """See :class:`gateway.ports.media.LegCommands`.

    Args:
        application: Who gives the commands: the name that stands in the audit.
        notes: Take what an application tells of a caller whom it sends elsewhere; None where nobody reads them.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        pbx: PbxName,
        engine: Engine,
        dispatcher: Dispatcher,
        application: str,
        *,
        notes: DeskBook | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._pbx = pbx
        self._engine = engine
        self._dispatcher = dispatcher
        self._notes = notes
        self._sleep = sleep
        self._principal = Principal(
            id=f"application:{application}",
            name=application,
            role=Role.PARTNER,
            scopes=frozenset({Scope.CALLS_CONTROL}),
            presses_for_callers=True,
        )

    async def find(self, is_it: Callable[[LegId], bool], timeout_s: float) -> LegId | None:
        """Return the live leg that it is; None when the PBX does not tell of it in time, or is not connected."""
        state = self._engine.pbxs[self._pbx]
        looks = max(1, round(timeout_s / LOOK_S))
        for look in range(looks):
            found = next((leg for call in state.live for leg in call.legs if is_it(leg)), None)
            if found is not None or state.link.status is not LinkStatus.CONNECTED or look == looks - 1:
                return found
            await self._sleep(LOOK_S)
        return None

    async def hang_up(self, leg: LegId) -> None:
        """End the leg's call."""
        await self._do(self._call_of(leg), HangUp, {})

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        """Send the leg's caller elsewhere. What is told of him stands on the call's card before anything rings."""
        call = self._call_of(leg)
        if call.caller_leg != leg:
            raise CommandRefusedError(f"the leg {leg} did not begin its call at {self._pbx}: only a caller is sent elsewhere")
        await self._note(call, context)
        await self._do(call, Redirect, {"to": to, "context": for_pbx(context)})

    async def press(self, leg: LegId, digits: str) -> None:
        """Press keys in the caller's place; who is not shown with a number or an extension cannot be pressed for."""
        call = self._call_of(leg)
        if call.caller_leg != leg:
            raise CommandRefusedError(f"the leg {leg} did not begin its call at {self._pbx}: keys are pressed for a caller only")
        party = call.legs[leg].party
        if party is None:
            raise CommandRefusedError(f"{self._pbx} shows no number of the leg {leg}: no keys can be pressed for it")
        await self._do(call, SendDigits, {"digits": digits}, by=party)

    async def follow(self, leg: LegId) -> AsyncGenerator[Call, None]:
        """Tell the leg's call as it was committed last, whenever it has changed."""
        told: Call | None = None
        while (call := self._live(leg)) is not None and call.legs[leg].is_live:
            if call is not told:
                told = call
                yield call
            else:
                await self._sleep(LOOK_S)

    async def _do(self, call: Call, kind: type[Command], fields: dict[str, Any], by: str | None = None) -> None:
        wish = Wish(principal=self._principal, kind=kind, fields=fields, route=ROUTE, pbx=self._pbx, call_id=call.call_id, by=by)
        try:
            record = await self._dispatcher.submit(wish)
        except CommandNotDoneError as error:
            if error.refusal is Refusal.PBX_UNAVAILABLE:
                raise PeerUnavailableError(error.detail) from error
            raise CommandRefusedError(error.detail) from error
        except StoreUnavailableError as error:
            raise PeerUnavailableError(f"a command cannot be written down now: {error}") from error
        _raise_unless_accepted(record)

    async def _note(self, call: Call, context: Mapping[str, str]) -> None:
        note = note_of(context)
        if self._notes is None or note is None:
            return
        try:
            await self._notes.write(call, self._principal, disposition=None, note=note, done=True)
        except StoreUnavailableError as error:
            # The caller goes on: who answers asks him again.
            _log.warning("handover_not_noted", pbx=self._pbx, reason=str(error))

    def _call_of(self, leg: LegId) -> Call:
        call = self._live(leg)
        if call is None:
            raise CommandRefusedError(f"the leg {leg} has left {self._pbx}")
        return call

    def _live(self, leg: LegId) -> Call | None:
        return next((call for call in self._engine.pbxs[self._pbx].live if leg in call.legs), None)


def _raise_unless_accepted(record: CommandRecord) -> None:
    reason = record.reason or f"{record.pbx} did not take it"
    match record.state:
        case CommandState.ACCEPTED:
            return
        case CommandState.UNANSWERED | CommandState.SENDING:
            raise CommandUnansweredError(reason)
        case CommandState.FAILED:
            raise PeerUnavailableError(reason)
        case CommandState.REFUSED:
            raise CommandRefusedError(reason)
