"""Makes cards: what an agent needs to know of a call before he says hello, read in a few milliseconds.

A live call comes from memory, and so does who calls, with his notes and former calls (:mod:`gateway.session.acquaintances`).
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.api.calls import told
from gateway.api.card_views import draft_view, note_of_customer
from gateway.api.customer_calls import CustomerCalls
from gateway.api.customer_views import NoteView, note_view, person_view
from gateway.api.problems import not_found
from gateway.model.call_work import CallWork
from gateway.model.calls import Call
from gateway.model.customers import Note
from gateway.model.desk import DeskRules, Seat, calls_within, consulted_about, controls, former_agents, pops, seat_of
from gateway.model.ids import CallId, PbxName
from gateway.model.menus import passed
from gateway.model.principals import Principal, Scope
from gateway.model.record import direction_of
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.ports.connector import CommandingConnector, Connector, LinkStatus
from gateway.ports.store import Store
from gateway.session.acquaintances import SHOWN_NOTES, Acquaintance, Acquaintances
from gateway.session.command_orders import MAX_MERGES
from gateway.session.conversations_shown import brief
from gateway.session.desk import DeskBook
from gateway.session.engine import Engine
from gateway.session.pbx_state import PbxState
from gateway.session.sights import Sights

_NO_SITE: Final = Site()
"""Of a PBX that is no longer configured."""


class Cards:
    """Makes the cards of one tenant's calls.

    Args:
        engine: Has the live calls.
        store: Has the others.
        acquaintances: Knows who is behind a number.
        customer_calls: Shows his former calls.
        desk: Has what agents wrote.
        rules: When a call shows itself.
        sights: Knows who sees which call.
        connector: Returns the connector that runs for a PBX now.
        crm_matches: Returns what the CRMs know of a live call's customer.
    """

    def __init__(
        self,
        engine: Engine,
        store: Store,
        acquaintances: Acquaintances,
        customer_calls: CustomerCalls,
        desk: DeskBook,
        rules: DeskRules,
        sights: Sights,
        connector: Callable[[PbxName], Connector | None],
        crm_matches: Callable[[CallId], Sequence[Mapping[str, Any]]] = lambda _: (),
    ) -> None:
        self._crm_matches = crm_matches
        self._engine = engine
        self._store = store
        self._acquaintances = acquaintances
        self._customer_calls = customer_calls
        self._desk = desk
        self._rules = rules
        self._sights = sights
        self._connector = connector

    async def call(self, call_id: CallId, principal: Principal) -> Call:
        """Return the call of this id, or the one that it became part of.

        Raises:
            ApiError: 404: there is none that the one who asks may see.
            StoreUnavailableError: It is not live, and the store does not answer.
        """
        wanted = call_id
        for _ in range(MAX_MERGES):
            live = [
                call for state in self._engine.pbxs.values() if state.tenant == principal.tenant for call in state.find([wanted])
            ]
            found = live or await self._store.find(principal.tenant, [wanted])
            if not found:
                break
            (call,) = found
            if call.merged_into is None:
                if not self._sights.sees_call(principal, call):
                    break
                return call
            wanted = call.merged_into
        raise not_found(f"No call {call_id} is live or kept.")

    async def of(self, call: Call, principal: Principal) -> dict[str, Any]:
        """Return a call's card; see :class:`gateway.api.card_views.CardView`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        # All that is live is read here, before anybody is waited for: it is of one moment.
        state = self._engine.pbxs.get(call.pbx)
        site = _NO_SITE if state is None else state.site
        others = [] if state is None or call.ended else state.live
        seat = self._seat(call, principal, others)
        about = self._about(call, site, others)
        consults = seat is not None and self._consults(call, principal.extension, others)
        card: dict[str, Any] = {
            "call": told(call, site),
            "role_of_mine": None if seat is None else seat.part,
            "leg_since": None if seat is None or seat.since is None else rfc3339(seat.since),
            "pop": seat is not None and pops(self._rules.pop_of(call.queues[-1].queue if call.queues else None), seat),
            "menu": [
                {"menu": step.menu, "digits": step.digits, "label": self._rules.label_of(step.menu, step.digits)}
                for step in passed(about or call)
            ],
            "former_agents": [
                {"extension": each, "name": _name_of(state, each)} for each in former_agents(call, principal.extension)
            ],
            "controls": [] if seat is None or state is None else controls(call, seat, self._taken(state), consults=consults),
            "answered_elsewhere_by": None if seat is None else seat.elsewhere,
            "consulted_about": None if about is None else about.call_id,
        }
        if not principal.may(Scope.CUSTOMERS_READ):
            return card | {"customer": None, "matches": 0, "crms": [], "notes": [], "disposition": None, "done": False}
        work, known = await asyncio.gather(self._work(call, about), self._acquaintances.of(about or call, site))
        card |= {"customer": None, "matches": 0, "crms": list(self._crm_matches((about or call).call_id))}
        if known is not None:
            card |= {"customer": self._shown(known), "matches": len(known.match.persons)}
        return card | _written(call, about, work, () if known is None else known.notes, principal)

    def _seat(self, call: Call, principal: Principal, others: Sequence[Call]) -> Seat | None:
        if principal.extension is None or principal.pbx not in (None, call.pbx):
            return None
        return seat_of(call, principal.extension, others)

    def _about(self, call: Call, site: Site, others: Sequence[Call]) -> Call | None:
        """Return the call that somebody asks about in this one, as a consultation."""
        caller = None if call.caller is None else call.caller.party
        if caller is None or call.ended or direction_of(call, site) == "inbound":
            return None
        return consulted_about(call, caller, others)

    def _consults(self, call: Call, extension: str | None, others: Sequence[Call]) -> bool:
        """Tell whether this telephone has begun another call about this one."""
        if extension is None:
            return False
        return any(
            consulted_about(other, extension, [call]) is not None and other.caller is not None and other.caller.party == extension
            for other in others
            if other.call_id != call.call_id
        )

    def _taken(self, state: PbxState) -> frozenset[str]:
        connector = self._connector(state.pbx)
        if state.link.status is not LinkStatus.CONNECTED or not isinstance(connector, CommandingConnector):
            return frozenset()
        return frozenset(connector.commands)

    async def _work(self, call: Call, about: Call | None) -> list[CallWork]:
        own = await self._desk.work(call)
        return own if about is None else [*await self._desk.work(about), *own]

    def _shown(self, known: Acquaintance) -> dict[str, Any] | None:
        """Return a customer as the card shows him; None where it is nobody, or not certain who."""
        person = known.match.person
        if person is None:
            return None
        drafts = [
            {field: draft[field] for field in NoteView.__struct_fields__} | {"customer_id": person.id}
            for draft in (draft_view(work, "") for work in known.drafts)
        ]
        notes = sorted([*map(note_view, known.notes), *drafts], key=lambda note: str(note["at"]), reverse=True)
        calls, conversations = self._customer_calls.briefs(known.calls), list(map(brief, known.conversations))
        return person_view(person) | {"notes": notes[:SHOWN_NOTES], "calls": calls, "conversations": conversations}


def _name_of(state: PbxState | None, extension: str) -> str | None:
    agent = None if state is None else state.agents.find(extension)
    return None if agent is None else agent.name


def _written(call: Call, about: Call | None, work: list[CallWork], notes: Iterable[Note], principal: Principal) -> dict[str, Any]:
    """Return what stands on the card of what people wrote."""
    within = {*calls_within(call), *(() if about is None else calls_within(about))}
    shown = [draft_view(each, principal.id) for each in work if each.note is not None]
    ids = {note["note_id"] for note in shown}
    shown += [note_of_customer(note, principal.name) for note in notes if note.call_id in within and note.id not in ids]
    filed = max((each for each in work if each.disposition is not None), key=lambda each: each.disposed_at or 0.0, default=None)
    at = None if filed is None else rfc3339(filed.disposed_at or filed.changed_at)
    return {
        "notes": sorted(shown, key=lambda note: str(note["at"])),
        "disposition": None if filed is None else {"id": filed.disposition, "by": filed.by, "at": at},
        "done": any(each.author == principal.id and each.done_at is not None for each in work),
    }
