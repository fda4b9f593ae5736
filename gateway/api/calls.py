"""``/api/v1/calls``, ``/api/v1/pbxs`` and ``/api/v1/queues``: what is now, and what was before."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from gateway.api import query
from gateway.api.problems import bad_parameter, not_found, store_unavailable
from gateway.model.calls import Call
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName
from gateway.model.phase import phase_of
from gateway.model.queues import Queue
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.ports.store import Cursor, Store
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState

MAX_CALLS: Final = 1_000
"""Calls in one answer, about 2 kB each."""
DEFAULT_CALLS: Final = 100
_STATES: Final = ("active", "ended", "all")
_NO_SITE: Final = Site()
"""Of a PBX that is no longer configured."""


class _Place(msgspec.Struct, frozen=True, array_like=True):
    """Where a list goes on: after this call, among the live ones or among the ended."""

    state: Literal["active", "ended"]
    at: float
    call_id: CallId


class Calls:
    """Shows calls: live ones from memory, as of the ``position`` that the answer gives; ended ones from the store."""

    def __init__(self, engine: Engine, hub: Hub, store: Store, plugins: Mapping[PbxName, str]) -> None:
        self._engine = engine
        self._hub = hub
        self._store = store
        self._plugins = plugins

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return what is answered where."""
        return [
            web.get("/api/v1/calls", self._calls),
            web.get("/api/v1/calls/{call_id}", self._call),
            web.get("/api/v1/pbxs", self._pbxs),
            web.get("/api/v1/queues", self._queues),
        ]

    async def _calls(self, request: web.Request) -> web.Response:
        """Live calls by their beginning, then ended ones, the last first. Filters: state, pbx, limit, cursor; or ids.

        ``next`` is the cursor of the next page, null on the last one. Where live calls were asked for as well and the store
        does not answer, they are told without the ended ones, and ``problem`` says why.
        """
        query.known(request, ("state", "pbx", "limit", "cursor", "ids"))
        states = self._chosen(request)
        ids = query.words(request, "ids", most=MAX_CALLS)
        position = self._hub.position
        if ids is not None:
            found = await self._found([CallId(each) for each in ids])
            pbxs = {state.pbx for state in states} if "pbx" in request.query else None
            told_calls = [self._told(call) for call in found if pbxs is None or call.pbx in pbxs]
            return answer({"position": position, "calls": told_calls})
        limit = query.number(request, "limit", least=1, most=MAX_CALLS, default=DEFAULT_CALLS)
        which = query.choice(request, "state", _STATES, "all")
        place = _place(request)
        live = _live(states, place) if which != "ended" and (place is None or place.state == "active") else []
        calls, more = live[:limit], len(live) > limit
        problem: dict[str, Any] | None = None
        last = _Place("active", calls[-1].began_at, calls[-1].call_id) if more else None
        if which != "active" and not more:
            try:
                ended, last = await self._ended(request, states, place, limit - len(calls), calls)
                calls += ended
            except StoreUnavailableError as error:
                if which == "ended":
                    raise
                problem = store_unavailable(str(error)).document()
        body = {"position": position, "calls": [self._told(call) for call in calls], "next": _cursor(last)}
        return answer(body if problem is None else body | {"problem": problem})

    async def _ended(
        self, request: web.Request, states: list[PbxState], place: _Place | None, limit: int, live: list[Call]
    ) -> tuple[list[Call], _Place | None]:
        """Return a page of ended calls without those that were live a moment ago, and where the next one begins."""
        after = Cursor(place.at, place.call_id) if place is not None and place.state == "ended" else None
        pbxs = [state.pbx for state in states] if "pbx" in request.query else None
        # One more than wanted says whether there is another page.
        listed = await self._store.ended(DEFAULT_TENANT, pbxs=pbxs, after=after, limit=limit + 1)
        page, seen = listed[:limit], {call.call_id for call in live}
        calls = [call for _, call in page if call.call_id not in seen]
        if len(listed) <= limit:
            return calls, None
        if page:
            return calls, _Place("ended", page[-1][0].ended_at, page[-1][0].call_id)
        return calls, _Place("active", live[-1].began_at, live[-1].call_id)

    async def _call(self, request: web.Request) -> web.Response:
        query.known(request, ())
        call_id = CallId(request.match_info["call_id"])
        for call in await self._found([call_id]):
            return answer(self._told(call))
        raise not_found(f"No call {call_id} is live or kept.")

    async def _found(self, call_ids: list[CallId]) -> list[Call]:
        """Return those of the calls that are known, in this order; the store is asked for those that are not live."""
        found = {call.call_id: call for state in self._engine.pbxs.values() for call in state.find(call_ids)}
        missing = [call_id for call_id in call_ids if call_id not in found]
        if missing:
            found |= {call.call_id: call for call in await self._store.find(DEFAULT_TENANT, missing)}
        return [found[call_id] for call_id in dict.fromkeys(call_ids) if call_id in found]

    def _told(self, call: Call) -> dict[str, Any]:
        state = self._engine.pbxs.get(call.pbx)
        return told(call, _NO_SITE if state is None else state.site)

    async def _pbxs(self, request: web.Request) -> web.Response:
        query.known(request, ())
        return answer({"position": self._hub.position, "pbxs": [self._pbx(state) for state in self._engine.pbxs.values()]})

    async def _queues(self, request: web.Request) -> web.Response:
        query.known(request, ("pbx",))
        queues = [_queue(queue) for state in self._chosen(request) for queue in state.queues]
        return answer({"position": self._hub.position, "queues": queues})

    def _chosen(self, request: web.Request) -> list[PbxState]:
        name = request.query.get("pbx")
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
            "link": {"status": state.link.status, "detail": state.link.detail, "since": rfc3339(state.link.since)},
            "live_calls": state.live_count,
            "gaps": [
                {"began_at": rfc3339(gap.began_at), "ended_at": rfc3339(gap.ended_at), "reason": gap.reason}
                for gap in reversed(state.gaps)
            ],
        }


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


def answer(data: Any) -> web.Response:
    """Return data as JSON."""
    return web.Response(body=msgspec.json.encode(data), content_type="application/json")


def _live(states: list[PbxState], place: _Place | None) -> list[Call]:
    """Return the live calls after this place, by their beginning."""
    calls = sorted((call for state in states for call in state.live), key=lambda call: (call.began_at, call.call_id))
    return calls if place is None else [call for call in calls if (call.began_at, call.call_id) > (place.at, place.call_id)]


def _cursor(place: _Place | None) -> str | None:
    return None if place is None else urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(request: web.Request) -> _Place | None:
    text = request.query.get("cursor")
    if text is None:
        return None
    try:
        return msgspec.json.decode(urlsafe_b64decode(text + "=" * (-len(text) % 4)), type=_Place)
    except (ValueError, msgspec.MsgspecError) as error:
        raise bad_parameter("cursor", "it is none that an answer gave as `next`") from error


def _queue(queue: Queue) -> dict[str, Any]:
    return {
        "pbx": queue.pbx,
        "queue": queue.queue,
        "strategy": queue.strategy,
        "waiting": [
            {
                "call_id": caller.call_id,
                "caller": caller.caller,
                "joined_at": None if caller.joined_at is None else rfc3339(caller.joined_at),
            }
            for caller in queue.waiting
        ],
        "members": queue.members,
    }
