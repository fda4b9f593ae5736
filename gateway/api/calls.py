"""``/api/v1/calls``, ``/api/v1/pbxs`` and ``/api/v1/queues``: what is now, and what was a moment ago."""

from collections.abc import Mapping
from heapq import merge
from itertools import islice
from typing import Any, Final

import msgspec
from aiohttp import web

from gateway.api import query
from gateway.api.problems import bad_parameter, not_found
from gateway.model.calls import Call
from gateway.model.ids import CallId, PbxName
from gateway.model.phase import phase_of
from gateway.model.queues import Queue
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState

MAX_CALLS: Final = 1_000
"""Calls in one answer, about 2 kB each."""
DEFAULT_CALLS: Final = 100
_STATES: Final = ("active", "ended", "all")


class Calls:
    """Reads the engine's calls; an answer is of one moment, the one of the ``position`` that it gives."""

    def __init__(self, engine: Engine, hub: Hub, plugins: Mapping[PbxName, str]) -> None:
        self._engine = engine
        self._hub = hub
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
        """Live calls by their beginning, then ended ones, the last first. Filters: state, pbx, limit; or ids."""
        query.known(request, ("state", "pbx", "limit", "ids"))
        states = self._chosen(request)
        ids = query.words(request, "ids", most=MAX_CALLS)
        if ids is not None:
            wanted = [CallId(each) for each in ids]
            found = [(call, state.site) for state in states for call in state.find(wanted)]
        else:
            limit = query.number(request, "limit", least=1, most=MAX_CALLS, default=DEFAULT_CALLS)
            found = list(islice(_listed(states, query.choice(request, "state", _STATES, "all")), limit))
        return answer({"position": self._hub.position, "calls": [told(call, site) for call, site in found]})

    async def _call(self, request: web.Request) -> web.Response:
        query.known(request, ())
        call_id = CallId(request.match_info["call_id"])
        for state in self._engine.pbxs.values():
            for call in state.find([call_id]):
                return answer(told(call, state.site))
        raise not_found(f"No call {call_id} is live or among those that ended lately.")

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


def _listed(states: list[PbxState], which: str) -> Any:
    if which != "ended":
        live = ([(call, state.site) for call in state.live] for state in states)
        yield from merge(*live, key=lambda each: each[0].began_at)
    if which != "active":
        recent = ([(call, state.site) for call in state.recent] for state in states)
        yield from merge(*recent, key=lambda each: -(each[0].ended_at or each[0].began_at))


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
