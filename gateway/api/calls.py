"""``/api/v1/calls`` and ``/api/v1/pbxs``: what is now, and what was before."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from gateway.api import calls_csv
from gateway.api.call_filter import CallFilter, named, narrowed, pbxs_of, search_of
from gateway.api.cursors import cursor_of, place_of
from gateway.api.examples import CALL, CALLS
from gateway.api.operations import Asked, Media, Nothing, Operation, answer
from gateway.api.problems import Problem, bad_parameter, not_found, store_unavailable
from gateway.api.records import Shown, Time
from gateway.model.calls import Call
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.phase import phase_of
from gateway.model.principals import Principal, Scope
from gateway.model.record import record_of
from gateway.model.search import CallSearch, matches
from gateway.model.sight import Sight
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.ports.connector import LinkStatus
from gateway.ports.store import Cursor, Store
from gateway.session.callers import customer_of
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState
from gateway.session.people import People
from gateway.session.sights import Sights

MAX_CALLS: Final = 1_000
"""Calls in one answer, about 2 kB each."""
DEFAULT_CALLS: Final = 100
PAGE_CALLS: Final = 200
"""Calls read at once for a table: about 20 ms of work, then others have their turn."""
MAX_IDS: Final = 250
"""Calls that may be asked for by name at once: their ids fit into the 8 kB that a web server takes as an address."""
_NO_SITE: Final = Site()
"""Of a PBX that is no longer configured."""

_Position = Annotated[int, Meta(description="Listen to events after it, and none is missed.")]


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: after this call, among the live ones or among the ended."""

    state: Literal["active", "ended"]
    at: float
    call_id: CallId


class CallsQuery(CallFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which calls, and how many at once."""

    state: Literal["active", "ended", "all"] = "all"
    limit: Annotated[int, Meta(ge=1, le=MAX_CALLS)] = DEFAULT_CALLS
    cursor: Annotated[str | None, Meta(description="The `next` of the page before, with the same filters.")] = None
    ids: Annotated[
        Annotated[tuple[Annotated[str, Meta(pattern="^[0-9A-Za-z]{1,26}$")], ...], Meta(max_length=MAX_IDS)] | None,
        Meta(description="These calls and no others; of the filters `pbx` alone may be given with it."),
    ] = None


class CallList(msgspec.Struct, frozen=True, kw_only=True):
    """Live calls by their beginning, then ended ones, the last first."""

    position: _Position
    calls: list[Shown]
    next: Annotated[str | UnsetType | None, Meta(description="The `cursor` of the next page; null on the last one.")] = UNSET
    problem: Annotated[Problem | UnsetType, Meta(description="Why ended calls are missing: the database fails.")] = UNSET


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """How the gateway stands with a PBX."""

    status: LinkStatus
    detail: Annotated[str, Meta(description="For a person: what happened, what to change and where.")]
    since: Time


class GapView(msgspec.Struct, frozen=True, kw_only=True):
    """A time in which a PBX was not heard."""

    began_at: Time
    ended_at: Time
    reason: str


class PbxView(msgspec.Struct, frozen=True, kw_only=True):
    """One PBX."""

    pbx: str
    tenant: str
    plugin: str
    link: LinkView
    live_calls: int
    gaps: Annotated[list[GapView], Meta(description="The last ones, the latest first.")]


class PbxList(msgspec.Struct, frozen=True, kw_only=True):
    """All PBXs."""

    position: _Position
    pbxs: list[PbxView]


class Calls:
    """Shows calls: live ones from memory, as of the ``position`` that the answer gives; ended ones from the store."""

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        store: Store,
        plugins: Mapping[PbxName, str],
        sights: Sights,
        people: People | None = None,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._store = store
        self._plugins = plugins
        self._sights = sights
        self._people = people

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/calls",
                handler=self._calls,
                summary="List calls, live and ended",
                tag="calls",
                scope=Scope.CALLS_READ,
                query=CallsQuery,
                answers={200: CallList},
                example=CALLS,
                problems=(503,),
            ),
            Operation(
                method="GET",
                path="/api/v1/calls.csv",
                handler=self._csv,
                summary="Export ended calls as a table, the last one first",
                tag="calls",
                scope=Scope.CALLS_READ,
                query=CallFilter,
                answers={200: Media((calls_csv.CONTENT_TYPE,))},
                problems=(503,),
            ),
            Operation(
                method="GET",
                path="/api/v1/calls/{call_id}",
                handler=self._call,
                summary="Show one call",
                tag="calls",
                scope=Scope.CALLS_READ,
                answers={200: Shown},
                example=CALL,
                problems=(404, 503),
            ),
            Operation(
                method="GET",
                path="/api/v1/pbxs",
                handler=self._pbxs,
                summary="List the PBXs, how the gateway stands with each, and the gaps in what it heard",
                tag="pbxs",
                scope=Scope.SYSTEM_READ,
                answers={200: PbxList},
            ),
        ]

    async def _calls(self, asked: Asked[CallsQuery, None]) -> web.Response:
        """Where live calls were asked for as well and the store does not answer, they are told without the ended ones."""
        wanted, sight = asked.query, self._sights.of(asked.principal)
        states = self._chosen(wanted.pbx)
        position = self._hub.position
        if wanted.ids is not None:
            found = await self._found([CallId(each) for each in wanted.ids])
            pbxs = None if wanted.pbx is None else {state.pbx for state in states}
            seen = found if sight is None else sight.sees(found)
            told_calls = [self._told(call) for call in seen if pbxs is None or call.pbx in pbxs]
            return answer({"position": position, "calls": told_calls})
        place = place_of(wanted.cursor, _Place)
        search = await self._search(wanted, asked.principal, states)
        live = (
            _live(states, place, search, sight) if wanted.state != "ended" and (place is None or place.state == "active") else []
        )
        calls, more = live[: wanted.limit], len(live) > wanted.limit
        problem: dict[str, Any] | None = None
        last = _Place("active", calls[-1].began_at, calls[-1].call_id) if more else None
        if wanted.state != "active" and not more:
            try:
                ended, last = await self._ended(
                    narrowed(search, sight), pbxs_of(wanted, sight), place, wanted.limit - len(calls), calls
                )
                calls += ended
            except StoreUnavailableError as error:
                if wanted.state == "ended":
                    raise
                problem = store_unavailable(str(error)).document()
        body = {"position": position, "calls": [self._told(call) for call in calls], "next": cursor_of(last)}
        return answer(body if problem is None else body | {"problem": problem})

    async def _ended(
        self, search: CallSearch, pbxs: list[PbxName] | None, place: _Place | None, limit: int, live: list[Call]
    ) -> tuple[list[Call], _Place | None]:
        """Return a page of ended calls without those that were live a moment ago, and where the next one begins."""
        after = Cursor(place.at, place.call_id) if place is not None and place.state == "ended" else None
        # One more than wanted says whether there is another page.
        listed = await self._store.ended(DEFAULT_TENANT, pbxs=pbxs, after=after, limit=limit + 1, search=search)
        page, seen = listed[:limit], {call.call_id for call in live}
        calls = [call for _, call in page if call.call_id not in seen]
        if len(listed) <= limit:
            return calls, None
        if page:
            return calls, _Place("ended", page[-1][0].ended_at, page[-1][0].call_id)
        return calls, _Place("active", live[-1].began_at, live[-1].call_id)

    async def _csv(self, asked: Asked[CallFilter, None]) -> web.StreamResponse:
        """One row a call, in UTF-8; times are UTC. Where the database fails in the middle the connection breaks off."""
        sight = self._sights.of(asked.principal)
        search = await self._search(asked.query, asked.principal, self._chosen(asked.query.pbx))
        async with aclosing(self._pages(pbxs_of(asked.query, sight), narrowed(search, sight))) as pages:
            first = await anext(pages)
            response = web.StreamResponse(headers=calls_csv.HEADERS)
            await response.prepare(asked.request)
            await response.write(calls_csv.header() + calls_csv.rows(map(self._told, first)))
            try:
                async for page in pages:
                    await response.write(calls_csv.rows(map(self._told, page)))
            except StoreUnavailableError:
                # The status was sent: a table without its end must not look like a whole one.
                if asked.request.transport is not None:
                    asked.request.transport.abort()
                return response
        await response.write_eof()
        return response

    async def _pages(self, pbxs: list[PbxName] | None, search: CallSearch) -> AsyncGenerator[list[Call], None]:
        after: Cursor | None = None
        while True:
            listed = await self._store.ended(DEFAULT_TENANT, pbxs=pbxs, after=after, limit=PAGE_CALLS, search=search)
            yield [call for _, call in listed]
            if len(listed) < PAGE_CALLS:
                return
            after = listed[-1][0]

    async def _search(self, wanted: CallFilter, principal: Principal, states: list[PbxState]) -> CallSearch:
        people = self._people if principal.may(Scope.CUSTOMERS_READ) else None
        return search_of(wanted, states, await named(wanted, people))

    async def _call(self, asked: Asked[Nothing, None]) -> web.Response:
        call_id = CallId(asked.path("call_id"))
        for call in await self._found([call_id]):
            if not self._sights.sees_call(asked.principal, call):
                break
            return answer(self._told(call) | await self._customer(call, asked.principal))
        raise not_found(f"No call {call_id} is live or kept.")

    async def _found(self, call_ids: list[CallId]) -> list[Call]:
        """Return those of the calls that are known, in this order; the store is asked for those that are not live."""
        found = {call.call_id: call for state in self._engine.pbxs.values() for call in state.find(call_ids)}
        missing = [call_id for call_id in call_ids if call_id not in found]
        if missing:
            found |= {call.call_id: call for call in await self._store.find(DEFAULT_TENANT, missing)}
        return [found[call_id] for call_id in dict.fromkeys(call_ids) if call_id in found]

    async def _customer(self, call: Call, principal: Principal) -> dict[str, Any]:
        """Return who is on the customer's side, for those who may know; the call is shown without a database too."""
        if self._people is None or call.merged_into is not None or not principal.may(Scope.CUSTOMERS_READ):
            return {}
        try:
            customer = await customer_of(call, self._site(call), self._people)
        except StoreUnavailableError:
            return {}
        return {} if customer is None else {"customer": customer}

    def _told(self, call: Call) -> dict[str, Any]:
        return told(call, self._site(call))

    def _site(self, call: Call) -> Site:
        state = self._engine.pbxs.get(call.pbx)
        return _NO_SITE if state is None else state.site

    async def _pbxs(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"position": self._hub.position, "pbxs": [self._pbx(state) for state in self._engine.pbxs.values()]})

    def _chosen(self, name: str | None) -> list[PbxState]:
        if name is None:
            return list(self._engine.pbxs.values())
        state = self._engine.pbxs.get(PbxName(name))
        if state is None:
            raise bad_parameter("pbx", f"no PBX is called {name!r}; there is: {', '.join(self._engine.pbxs)}")
        return [state]

    def _pbx(self, state: PbxState) -> dict[str, Any]:
        return {
            "pbx": state.pbx,
            "tenant": state.tenant,
            "plugin": self._plugins[state.pbx],
            "link": link_view(state),
            "live_calls": state.live_count,
            "gaps": [
                {"began_at": rfc3339(gap.began_at), "ended_at": rfc3339(gap.ended_at), "reason": gap.reason}
                for gap in reversed(state.gaps)
            ],
        }


def link_view(state: PbxState) -> dict[str, Any]:
    """Return how the gateway stands with a PBX; see :class:`LinkView`."""
    return {"status": state.link.status, "detail": state.link.detail, "since": rfc3339(state.link.since)}


def told(call: Call, site: Site) -> dict[str, Any]:
    """Return a call's record and, while it is live, its ``phase``; of one merged into another only where it went."""
    if call.merged_into is not None:
        return {"call_id": call.call_id, "pbx": call.pbx, "tenant": call.tenant, "merged_into": call.merged_into}
    record = record_of(call, site)
    phase = phase_of(call)
    if phase is not None:
        since = None if phase.since is None else rfc3339(phase.since)
        record["phase"] = {"name": phase.name, "since": since, "parties": phase.parties}
    return record


def _live(states: list[PbxState], place: _Place | None, search: CallSearch, sight: Sight | None) -> list[Call]:
    """Return the live calls after this place that somebody sees, by their beginning."""
    found = (
        call
        for state in states
        for call in state.live
        if (sight is None or sight.sees_call(call)) and matches(call, state.site, search)
    )
    calls = sorted(found, key=lambda call: (call.began_at, call.call_id))
    return calls if place is None else [call for call in calls if (call.began_at, call.call_id) > (place.at, place.call_id)]
