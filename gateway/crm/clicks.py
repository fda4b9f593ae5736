"""Begins the calls that somebody asked for by a click in a CRM, as commands like all others: with rules, and in the audit."""

from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway.model.commands import PlaceCall
from gateway.model.crm import ClickToCall
from gateway.model.errors import StoreUnavailableError
from gateway.model.principals import Principal, Role, Scope
from gateway.model.refusals import CommandNotDoneError
from gateway.session.command_orders import Wish
from gateway.session.dispatcher import Dispatcher

RING_S: Final = 30.0
ROUTE: Final = "crm callback"

_log = structlog.get_logger()


def clicker(dispatcher: Dispatcher) -> Callable[[str, ClickToCall], Awaitable[None]]:
    """Return what begins a call that a CRM asked for, from the extension that it names."""

    async def click(crm: str, asked: ClickToCall) -> None:
        principal = Principal(
            id=f"crm:{crm}",
            name=crm,
            role=Role.PARTNER,
            scopes=frozenset({Scope.CALLS_PLACE}),
            extension=asked.extension,
            may_act_for_others=True,
        )
        fields = {"extension": asked.extension, "number": asked.number, "caller_number": None, "ring_s": RING_S}
        try:
            await dispatcher.submit(Wish(principal=principal, kind=PlaceCall, fields=fields, route=ROUTE))
        except (CommandNotDoneError, StoreUnavailableError) as error:
            _log.warning("crm_call_not_begun", crm=crm, extension=asked.extension, reason=str(error))

    return click
