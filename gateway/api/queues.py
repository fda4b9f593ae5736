"""``/api/v1/queues``: who waits, who could answer, and how well it went today."""

from collections import Counter
from collections.abc import Collection
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.agents import chosen
from gateway.api.operations import Asked, Operation, answer
from gateway.api.problems import bad_parameter, not_found
from gateway.api.records import Time
from gateway.model.agent_states import AgentState
from gateway.model.desk import DeskRules, LimitedState
from gateway.model.ids import QueueName
from gateway.model.principals import Scope
from gateway.model.queue_figures import QueueFigures
from gateway.model.queues import Queue
from gateway.model.times import rfc3339
from gateway.session.engine import Engine
from gateway.session.floor import Floor
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState
from gateway.session.sights import Sights

_Pbx = Annotated[str | None, Meta(description="Only this PBX's.")]
_Position = Annotated[int, Meta(description="Listen to events after it, and none is missed.")]


class WaitingView(msgspec.Struct, frozen=True, kw_only=True):
    """Who waits in a queue."""

    call_id: str
    caller: str | None
    joined_at: Time | None


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """Who could answer."""

    member: str
    interface: str
    device_state: Annotated[int, Meta(description="Asterisk's device state number, 0 unknown .. 8 on hold.")]
    paused: bool
    reason: str
    penalty: int
    extension: Annotated[str | None, Meta(description="Where the member sits: see `/api/v1/agents/{extension}`.")]
    state: AgentState | None


class TodayView(QueueFigures, frozen=True, kw_only=True):
    """What became of the callers who joined today."""

    date: Annotated[str, Meta(description="The site's date, `2026-11-22`.")]
    complete: Annotated[bool, Meta(description="False while the calls of before the gateway's start are being counted.")]


class HourView(QueueFigures, frozen=True, kw_only=True):
    """What became of the callers who joined in one hour of the site's day."""

    hour: Annotated[int, Meta(ge=0, le=23)]


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """One queue."""

    pbx: str
    queue: str
    name: Annotated[str | None, Meta(description="For people, as configured.")]
    strategy: str | None
    length: int
    longest_wait_since: Annotated[Time | None, Meta(description="When the caller joined who waits longest.")]
    waiting: Annotated[list[WaitingView], Meta(description="Who came first stands first.")]
    members: list[MemberView]
    agents: Annotated[dict[AgentState, int], Meta(description="How many of the members are in each state.")]
    service_level_s: Annotated[float, Meta(description="Callers should be answered within so many seconds.")]
    short_abandon_s: Annotated[float, Meta(description="Who gives up sooner counts as a short abandon.")]
    service_goal: Annotated[float, Meta(description="The share of callers to be answered so, 0 to 1; `desk.service_goal`.")]
    waits_too_long_s: Annotated[float, Meta(description="Who waits longer has waited too long; `desk.waits_too_long_s`.")]
    too_long_s: Annotated[
        dict[LimitedState, float],
        Meta(description="With a call of this queue an agent is too long in a state after so many seconds; `desk.too_long_s`."),
    ]
    today: TodayView


class QueueDetails(QueueView, frozen=True, kw_only=True):
    """One queue, with its day by the hour."""

    position: _Position
    hours: Annotated[list[HourView], Meta(description="The hours in which somebody joined.")]


class QueueList(msgspec.Struct, frozen=True, kw_only=True):
    """All queues."""

    position: _Position
    queues: list[QueueView]


class QueueQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which PBX."""

    pbx: _Pbx = None


class Queues:
    """Shows queues."""

    def __init__(self, engine: Engine, hub: Hub, floor: Floor, sights: Sights, rules: DeskRules) -> None:
        self._engine = engine
        self._hub = hub
        self._floor = floor
        self._sights = sights
        self._rules = rules

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/queues",
                handler=self._list,
                summary="List the queues: who waits, who could answer, and how well it went today",
                tag="queues",
                scope=Scope.QUEUES_READ,
                query=QueueQuery,
                answers={200: QueueList},
            ),
            Operation(
                method="GET",
                path="/api/v1/queues/{queue}",
                handler=self._show,
                summary="Show one queue, with its day by the hour",
                tag="queues",
                scope=Scope.QUEUES_READ,
                query=QueueQuery,
                answers={200: QueueDetails},
                problems=(404,),
            ),
        ]

    async def _list(self, asked: Asked[QueueQuery, None]) -> web.Response:
        queues = [self._view(state, queue) for state, queue in self._seen(asked)]
        return answer({"position": self._hub.position, "queues": queues})

    async def _show(self, asked: Asked[QueueQuery, None]) -> web.Response:
        name = asked.path("queue")
        found = [(state, queue) for state, queue in self._seen(asked) if queue.queue == name]
        if not found:
            raise not_found(f"No queue is called {name}.")
        if len(found) > 1:
            raise bad_parameter("pbx", f"{name} is on several: {', '.join(state.pbx for state, _ in found)}; name one")
        ((state, queue),) = found
        now = self._floor.clock(state)
        hours = [{"hour": hour, **msgspec.structs.asdict(figures)} for hour, figures in state.days.hours(queue.queue, now)]
        return answer(self._view(state, queue) | {"position": self._hub.position, "hours": hours})

    def _seen(self, asked: Asked[QueueQuery, None]) -> list[tuple[PbxState, Queue]]:
        """Return the queues that may be seen: an agent sees those that he serves."""
        sight = self._sights.of(asked.principal)
        return [
            (state, queue)
            for state in chosen(self._engine, asked.query.pbx)
            for queue in self._all(state)
            if sight is None or sight.sees_queue(state.pbx, queue.queue)
        ]

    def of(self, state: PbxState, names: Collection[QueueName]) -> list[dict[str, Any]]:
        """Return these queues of a PBX as they are shown, by name; see :class:`QueueView`."""
        return [self._view(state, queue) for queue in self._all(state) if queue.queue in names]

    def reached(self, state: PbxState) -> list[dict[str, Any]]:
        """Return the queues of a PBX that a telephone can dial, by name; see :class:`gateway.api.card_views.QueueTarget`."""
        rules = state.site.queue_rules
        known = ((queue.queue, rules.number_of(queue.queue)) for queue in self._all(state))
        return [{"queue": name, "name": rules.of(name).name, "number": number} for name, number in known if number is not None]

    def _all(self, state: PbxState) -> list[Queue]:
        """Return the queues that the PBX lists or somebody waits in, those that are configured, and those that somebody left."""
        known = {queue.queue: queue for queue in state.queues}
        others: set[QueueName] = {*state.site.queue_rules.named, *state.days.queues(self._floor.clock(state))}
        for name in others - known.keys():
            known[name] = Queue(pbx=state.pbx, queue=name, strategy=None, waiting=(), members=())
        return [known[name] for name in sorted(known)]

    def _view(self, state: PbxState, queue: Queue) -> dict[str, Any]:
        now = self._floor.clock(state)
        rule = state.site.queue_rules.of(queue.queue)
        agents = state.agents.members(queue.queue)
        seats = {served.interface: agent for agent in agents for served in agent.queues if served.queue == queue.queue}
        joined = [caller.joined_at for caller in queue.waiting if caller.joined_at is not None]
        figures = msgspec.structs.asdict(state.days.today(queue.queue, now))
        return {
            "pbx": queue.pbx,
            "queue": queue.queue,
            "name": rule.name,
            "strategy": queue.strategy,
            "length": len(queue.waiting),
            "longest_wait_since": rfc3339(min(joined)) if joined else None,
            "waiting": [
                {
                    "call_id": caller.call_id,
                    "caller": caller.caller,
                    "joined_at": None if caller.joined_at is None else rfc3339(caller.joined_at),
                }
                for caller in queue.waiting
            ],
            "members": [
                {
                    **msgspec.structs.asdict(member),
                    "extension": None if seat is None else seat.extension,
                    "state": None if seat is None else seat.state,
                }
                for member in queue.members
                for seat in (seats.get(member.interface),)
            ],
            "agents": Counter(agent.state for agent in agents),
            "service_level_s": rule.service_level_s,
            "short_abandon_s": rule.short_abandon_s,
            "service_goal": self._rules.service_goal_of(queue.queue),
            "waits_too_long_s": self._rules.waits_too_long_of(queue.queue, rule.service_level_s),
            "too_long_s": self._rules.too_long_of(queue.queue),
            "today": {"date": state.days.day(now), "complete": self._floor.is_counted(state.pbx), **figures},
        }
