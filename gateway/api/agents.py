"""``/api/v1/agents``: who sits where, and what he does."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.operations import Asked, Operation, answer
from gateway.api.problems import bad_parameter, forbidden, not_found
from gateway.api.records import Time
from gateway.model.agent_states import Agent, AgentState
from gateway.model.desk import DeskRules, LimitedState
from gateway.model.directory import MAX_NAME
from gateway.model.ids import PbxName, QueueName
from gateway.model.principals import Scope
from gateway.session.engine import Engine
from gateway.session.floor import Floor
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState

_Pbx = Annotated[str | None, Meta(description="Only this PBX's.")]
_Position = Annotated[int, Meta(description="Listen to events after it, and none is missed.")]


class MembershipView(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's part in a queue."""

    queue: str
    paused: bool
    reason: Annotated[str | None, Meta(description="What the agent gave for the pause.")]
    penalty: int
    logged_in_at: Time | None


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """Who sits at one extension."""

    pbx: str
    extension: str
    agent: Annotated[
        str | None, Meta(description="The queue member logged in here, or the last one: another than `name` at a shared desk.")
    ]
    name: str | None
    state: AgentState
    reason: Annotated[str | None, Meta(description="Of `not_ready` what the agent gave, of `busy` whether it rings.")]
    since: Annotated[Time | None, Meta(description="Null where nobody saw it begin.")]
    call_id: str | None
    queue: Annotated[str | None, Meta(description="The queue that gave the call.")]
    queues: Annotated[list[str], Meta(description="Those that the agent serves.")]
    memberships: list[MembershipView]


class AgentList(msgspec.Struct, frozen=True, kw_only=True):
    """Agents by PBX and extension."""

    position: _Position
    agents: list[AgentView]
    too_long_s: Annotated[
        dict[LimitedState, float],
        Meta(
            description="After so many seconds in a state somebody is too long in it; with a call of a queue by that queue's own."
        ),
    ]


class AgentsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which agents."""

    pbx: _Pbx = None
    queue: Annotated[str | None, Meta(description="Only those who serve it.")] = None
    state: Annotated[tuple[AgentState, ...] | None, Meta(description="Only those in one of these states.")] = None


class AgentQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which PBX; needed where several have the extension."""

    pbx: _Pbx = None


class AgentChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be said of an agent."""

    name: Annotated[str, Meta(min_length=1, max_length=MAX_NAME)] | None
    """Null goes back to what the PBX says."""


class Agents:
    """Shows agents, and names them."""

    def __init__(self, engine: Engine, hub: Hub, floor: Floor, rules: DeskRules) -> None:
        self._engine = engine
        self._hub = hub
        self._floor = floor
        self._rules = rules

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/agents",
                handler=self._list,
                summary="List the agents with their states",
                tag="agents",
                scope=Scope.AGENTS_READ,
                query=AgentsQuery,
                answers={200: AgentList},
            ),
            Operation(
                method="GET",
                path="/api/v1/agents/{extension}",
                handler=self._show,
                summary="Show one agent",
                tag="agents",
                scope=Scope.AGENTS_READ,
                query=AgentQuery,
                answers={200: AgentView},
                problems=(404,),
            ),
            Operation(
                method="PATCH",
                path="/api/v1/agents/{extension}",
                handler=self._change,
                summary="Name an agent, whatever the PBX says",
                tag="agents",
                scope=Scope.AGENTS_CONTROL,
                query=AgentQuery,
                body=AgentChange,
                answers={200: AgentView},
                problems=(404, 503),
            ),
        ]

    async def _list(self, asked: Asked[AgentsQuery, None]) -> web.Response:
        wanted = asked.query
        agents = [
            shown(state, agent)
            for state in chosen(self._engine, wanted.pbx)
            for agent in (state.agents.agents if wanted.queue is None else state.agents.members(QueueName(wanted.queue)))
            if wanted.state is None or agent.state in wanted.state
        ]
        return answer({"position": self._hub.position, "agents": agents, "too_long_s": self._rules.too_long_of(None)})

    async def _show(self, asked: Asked[AgentQuery, None]) -> web.Response:
        return answer(shown(*self._found(asked)))

    async def _change(self, asked: Asked[AgentQuery, AgentChange]) -> web.Response:
        if asked.principal.sees_own_only:
            raise forbidden(Scope.AGENTS_CONTROL, asked.principal.name)
        state, agent = self._found(asked)
        await self._floor.name(state, {agent.extension: asked.body.name})
        return answer(shown(state, state.agents.find(agent.extension) or agent))

    def _found(self, asked: "Asked[AgentQuery, None] | Asked[AgentQuery, AgentChange]") -> tuple[PbxState, Agent]:
        extension = asked.path("extension")
        states = chosen(self._engine, asked.query.pbx)
        found = [(state, agent) for state in states if (agent := state.agents.find(extension)) is not None]
        if not found:
            raise not_found(f"No agent is known at {extension}.")
        if len(found) > 1:
            raise bad_parameter("pbx", f"{extension} is on several: {', '.join(state.pbx for state, _ in found)}; name one")
        return found[0]


def chosen(engine: Engine, name: str | None) -> list[PbxState]:
    """Return the PBX of this name, else all.

    Raises:
        ApiError: There is none of this name.
    """
    if name is None:
        return list(engine.pbxs.values())
    state = engine.pbxs.get(PbxName(name))
    if state is None:
        raise bad_parameter("pbx", f"no PBX is called {name!r}; there is: {', '.join(engine.pbxs)}")
    return [state]


def shown(state: PbxState, agent: Agent) -> dict[str, object]:
    """Return an agent as the API shows him."""
    return {"pbx": state.pbx, **agent.told()}
