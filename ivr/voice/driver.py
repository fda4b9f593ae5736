"""Drives a caller through the old menu whom the dialog understood, and takes him back when he is lost.

The application hears him no more meanwhile: what is known is what the PBX tells of his call. The thinking is
:mod:`ivr.driving`'s; here keys are pressed, times are waited for, and what came of it is written down for the operator.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any, Final

import msgspec
import structlog
from msgspec.structs import replace

from gateway.model.calls import Call
from gateway.model.errors import CommandError, CommandUnansweredError, PeerUnavailableError
from gateway.ports.media import DrivenCall
from ivr.definition.values import Dialog
from ivr.driving import Arrived, Astray, Driving, Lost, OldMenus, Seen, Send, Wait, seen, step, way_to

ASTRAY: Final = "astray"
"""In the context of a caller who comes back: the ``Astray``."""
NODE: Final = "node"
"""In it too: to which node he was driven."""

_log = structlog.get_logger()


class Outcome(StrEnum):
    ARRIVED = "arrived"
    GONE = "gone"
    """His call ended on the way."""
    BACK = "back"
    """He was lost, and sent back to the application."""
    HUMAN = "human"
    """He was lost, and sent to people."""
    STRANDED = "stranded"
    """He was lost, and whether he could be sent anywhere is not known: he may be where the old menu left him."""


class Refuge(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lost caller is sent: back if something leads there and takes him, else to people."""

    back: str | None
    """What is dialled at the PBX to reach the application again; None where nothing does, or it is not told the context."""
    human: str | None
    """What is dialled to reach people; None where nobody is."""
    context: Mapping[str, str] = {}
    """What people are told of him."""


async def drive(
    dialog: Dialog,
    node: str,
    old: OldMenus,
    call: DrivenCall,
    refuge: Refuge,
    *,
    now: Callable[[], float],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Outcome:
    """Drive a caller who was just sent to the start of the old menu to the node; return when nothing more is to be done.

    Args:
        now: Seconds, of a clock that never goes back.
        sleep: Waits for some of them.

    Cancelling is safe: the caller stays where he is.

    Raises:
        NoWayError: No digits lead there: ask :func:`ivr.driving.way_to` before he is sent.
    """
    way = way_to(dialog, node, old)
    watch = _Watch(call, sleep)
    try:
        await watch.begin()
        driving = Driving(way=way, since=now())
        while True:
            driving, act = step(driving, watch.seen, old, now())
            match act:
                case Wait():
                    await watch.changed(act.seconds)
                case Send():
                    _log.info("menu_key_pressed", node=node, menu=_menu(driving), key=act.keys, attempt=driving.tries)
                    try:
                        await call.press(act.keys)
                    except CommandUnansweredError as error:
                        # Whether it was heard is told by what the menu does next.
                        _log.warning("menu_key_in_doubt", node=node, menu=_menu(driving), reason=str(error))
                    except (CommandError, PeerUnavailableError) as error:
                        _log.warning("menu_key_refused", node=node, menu=_menu(driving), key=act.keys, reason=str(error))
                        return await _take_back(call, refuge, node, Lost(Astray.NOTHING, _menu(driving)))
                case Arrived():
                    _log.info("menu_driven", node=node, keys=len(way.presses))
                    return Outcome.ARRIVED
                case Lost(why=Astray.ENDED):
                    _log.info("menu_left", node=node, menu=act.where, pressed=driving.pressed, of=len(way.presses))
                    return Outcome.GONE
                case Lost():
                    # Whom the old menu called is a number; menus and queues are nobody's data.
                    where = "pii.where" if act.where in watch.seen.called else "where"
                    _log.warning("menu_astray", node=node, why=act.why, after=_menu(driving), **{where: act.where})
                    return await _take_back(call, refuge, node, act)
    finally:
        await watch.close()


def came_back(variables: Mapping[str, str]) -> Astray | None:
    """Return why a caller comes back from the old menu, by what his session's variables say; None: he does not come from there.

    The dial plan hands on what it was told under the context's name, or that of its own variable, ``TIELINE_ASTRAY``.
    """
    told = {name.lower().removeprefix("tieline_"): value for name, value in variables.items()}
    return next((why for why in Astray if why == told.get(ASTRAY)), None)


async def _take_back(call: DrivenCall, refuge: Refuge, node: str, lost: Lost) -> Outcome:
    back = (refuge.back, {ASTRAY: lost.why.value, NODE: node}, Outcome.BACK)
    for to, context, outcome in (back, (refuge.human, refuge.context, Outcome.HUMAN)):
        if to is None:
            continue
        try:
            await call.transfer(to, context)
        except (CommandError, PeerUnavailableError) as error:
            _log.error("caller_not_taken_back", node=node, to=to, reason=str(error))
            if isinstance(error, CommandUnansweredError):
                break  # it may have been done: nobody is sent twice
        else:
            _log.info("caller_taken_back", node=node, to=to, why=lost.why)
            return outcome
    return Outcome.STRANDED


def _menu(driving: Driving) -> str:
    """Return the menu of the key that was pressed last."""
    return driving.way.presses[driving.pressed - 1].menu if driving.pressed else ""


class _Watch:
    """What the PBX says of the call since the caller was sent into the menu."""

    def __init__(self, call: DrivenCall, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._calls = call.calls()
        self._sleep = sleep
        self._before: Call | None = None
        self._next: asyncio.Future[Call | None] | None = None
        self.seen = Seen()

    async def begin(self) -> None:
        """Take the call as it was before; what it went through until then is no part of the way."""
        self._before = await anext(self._calls, None)
        if self._before is None:
            self.seen = replace(self.seen, is_over=True)

    async def changed(self, seconds: float) -> None:
        """Wait until the call has changed, or so many seconds have passed."""
        if self._next is None:
            self._next = asyncio.ensure_future(self._take())
        rest = asyncio.ensure_future(self._sleep(seconds))
        either: set[asyncio.Future[Any]] = {self._next, rest}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            rest.cancel()
        if not self._next.done():
            return
        call, self._next = self._next.result(), None
        self.seen = replace(self.seen, is_over=True) if call is None or self._before is None else seen(_since(self._before, call))

    async def close(self) -> None:
        """Follow the call no more."""
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait({self._next})
        await self._calls.aclose()

    async def _take(self) -> Call | None:
        return await anext(self._calls, None)


def _since(before: Call, call: Call) -> Call:
    """Return the call without what it went through before: an earlier menu, or whoever carried the voice."""
    return replace(
        call,
        menus=call.menus[len(before.menus) :],
        digits=call.digits[len(before.digits) :],
        queues=call.queues[len(before.queues) :],
        agents=call.agents[len(before.agents) :],
        legs={name: leg for name, leg in call.legs.items() if name == call.caller_leg or name not in before.legs},
    )
