"""``/api/v1/desk``, and what an agent sees and writes of one call: ``/api/v1/calls/{call_id}/card`` and ``…/wrap-up``."""

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.agents import shown
from gateway.api.calls import link_view
from gateway.api.card_views import CardView, DeskView
from gateway.api.cards import Cards
from gateway.api.dispositions import filed_as
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError
from gateway.api.queues import Queues
from gateway.model.agent_states import AgentState
from gateway.model.calls import Call
from gateway.model.desk import Part, legs_of, seat_of
from gateway.model.dispositions import DispositionId
from gateway.model.ids import CallId, PbxName
from gateway.model.principals import Principal, Scope
from gateway.model.record import direction_of
from gateway.model.search import CallSearch, extension_term
from gateway.model.times import rfc3339
from gateway.ports.store import Store
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState
from gateway.session.workplace import Workplace

MAX_NOTE: Final = 10_000
"""Characters of a note, as of a customer's."""
REMINDED_S: Final = 1_800.0
"""Seconds for which a call that nobody has filed is shown again to who talked in it."""


class WrappingUp(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that the one who asks has to say of a call, in place of what he said before."""

    disposition: str | None = None
    note: Annotated[str, Meta(max_length=MAX_NOTE)] | None = None
    """A draft until it is done."""
    done: bool = False
    """Ends the time after the call."""


class DeskApi:
    """See the module.

    Args:
        engine: Has the PBXs and their agents.
        hub: Tells what happens.
        store: Has calls that have ended.
        cards: Makes the cards.
        queues: Shows queues.
        workplace: Takes what is written, has the calls to return.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        store: Store,
        cards: Cards,
        queues: Queues,
        workplace: Workplace,
        *,
        now: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._store = store
        self._cards = cards
        self._queues = queues
        self._desk = workplace.notes
        self._after_call = workplace.after_call
        self._callbacks = workplace.callbacks
        self._now = now

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/desk",
                handler=self._read,
                summary="Show all that the page of the agent who asks begins with",
                tag="desk",
                scope=Scope.CALLS_READ,
                answers={200: DeskView},
                problems=(409, 503),
            ),
            Operation(
                method="GET",
                path="/api/v1/calls/{call_id}/card",
                handler=self._card,
                summary="Show one call as the agent who asks needs it: who calls, what was said before, what can be done",
                tag="desk",
                scope=Scope.CALLS_READ,
                answers={200: CardView},
                problems=(404, 503),
            ),
            Operation(
                method="PUT",
                path="/api/v1/calls/{call_id}/wrap-up",
                handler=self._wrap_up,
                summary="File a call and write a note on it, during it and after",
                tag="desk",
                scope=Scope.CALLS_CONTROL,
                body=WrappingUp,
                examples={"done": {"disposition": "solved", "note": "Sent the invoice again", "done": True}},
                answers={200: CardView},
                problems=(404, 422, 503),
            ),
        ]

    async def _read(self, asked: Asked[Nothing, None]) -> web.Response:
        """Everything live in it is of the moment that ``position`` names."""
        state, extension = self._seat(asked.principal)
        position = self._hub.position
        agent = state.agents.find(extension)
        live = [call for call in state.live if legs_of(call, extension)]
        ours = [call for call in live if (seat := seat_of(call, extension, live)) is not None and seat.part is not Part.ENDED]
        queues = [] if agent is None else self._queues.of(state, [served.queue for served in agent.queues])
        wraps_up = agent if agent is not None and agent.state is AgentState.AFTER_CALL_WORK else None
        until = self._after_call.until(state.pbx, extension)
        if until is None and wraps_up is not None and wraps_up.wrap_up is not None:
            until = wraps_up.wrap_up.until
        body: dict[str, Any] = {
            "position": position,
            "agent": None if agent is None else shown(state, agent),
            "pbx": {"name": state.pbx, "link": link_view(state)},
            "queues": queues,
            "queue_targets": self._queues.reached(state),
            "mailbox": None if (mailbox := state.mailboxes.of(extension)) is None else mailbox.told(),
            "wrap_up_until": None if until is None else rfc3339(until),
        }
        # One after the other: they share what is read of a customer.
        body["cards"] = [await self._cards.of(call, asked.principal) for call in ours]
        unfiled = await self._unfiled(state, extension, asked.principal)
        body["wrap_up"] = None if unfiled is None else await self._cards.of(unfiled, asked.principal)
        body["callbacks_open"] = await self._callbacks.open_for(asked.principal)
        return answer(body)

    async def _card(self, asked: Asked[Nothing, None]) -> web.Response:
        call = await self._cards.call(CallId(asked.path("call_id")), asked.principal)
        return answer(await self._cards.of(call, asked.principal))

    async def _wrap_up(self, asked: Asked[Nothing, WrappingUp]) -> web.Response:
        """The same said twice is said once; ``done`` without a disposition or a note is a call that needs none."""
        body, principal = asked.body, asked.principal
        call = await self._cards.call(CallId(asked.path("call_id")), principal)
        chosen = await filed_as(self._desk, body.disposition, body.note, done=body.done)
        disposition = None if chosen is None else DispositionId(chosen.id)
        work = await self._desk.write(call, principal, disposition=disposition, note=body.note, done=body.done)
        if body.done:
            if chosen is not None and chosen.call_back:
                await self._callbacks.promise(call, principal, work.note)
            if principal.extension is not None:
                await self._after_call.done(call, principal.extension)
        return answer(await self._cards.of(call, principal))

    def _seat(self, principal: Principal) -> tuple[PbxState, str]:
        """Return where the one who asks sits.

        Raises:
            ApiError: 409: nowhere that is known.
        """
        extension = principal.extension
        if extension is None:
            raise _no_seat(f"{principal.name} has no extension: an administrator gives one, under users.")
        pbxs = {name: state for name, state in self._engine.pbxs.items() if state.tenant == principal.tenant}
        if principal.pbx is not None:
            if principal.pbx not in pbxs:
                raise _no_seat(f"{principal.name} sits at the PBX {principal.pbx!r}, and there is: {', '.join(pbxs)}.")
            return pbxs[PbxName(principal.pbx)], extension
        known = [state for state in pbxs.values() if state.agents.find(extension) is not None] or list(pbxs.values())
        if len(known) != 1:
            raise _no_seat(f"{extension} may be at {', '.join(state.pbx for state in known)}: say at which, under users.")
        return known[0], extension

    async def _unfiled(self, state: PbxState, extension: str, principal: Principal) -> Call | None:
        """Return the last call that was talked in here, where it has just ended and nobody has said that he is done with it."""
        search = CallSearch(terms=(frozenset({extension_term(extension)}),))
        found = await self._store.ended(state.tenant, pbxs=[state.pbx], after=None, limit=1, search=search)
        if not found or found[0][0].ended_at < self._now() - REMINDED_S:
            return None
        call = found[0][1]
        seat = seat_of(call, extension)
        if seat is None or not seat.talked or direction_of(call, state.site) not in ("inbound", "outbound"):
            return None
        if call.answered_at is None:
            return None
        written = await self._desk.work(call)
        return None if any(work.author == principal.id and work.done_at is not None for work in written) else call


def _no_seat(detail: str) -> ApiError:
    return ApiError(409, "no-seat", "Where you sit is not known", detail)
