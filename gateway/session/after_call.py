"""The time after a call, where the PBX's queues have none: an agent is paused while he talks, and let in again when he is done
writing or his time is over.

He is paused already while he talks, because a queue gives the next caller before anybody could pause him afterwards. That Tieline
paused him stands at the PBX, as the pause's reason: so a gateway that starts anew lets in whom an earlier one paused.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from gateway.model.agent_states import Agent, AgentState
from gateway.model.calls import Call
from gateway.model.commands import SetPause
from gateway.model.desk import WRAP_UP, DeskRules
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import DEFAULT_TENANT, CallId, PbxName, Tenant
from gateway.model.principals import ALL_SCOPES, Principal, Role
from gateway.model.refusals import CommandNotDoneError
from gateway.session.command_orders import Wish
from gateway.session.dispatcher import Dispatcher
from gateway.session.engine import Engine
from gateway.session.pbx_state import PbxState

TICK_S: Final = 0.5
"""Seconds by which an agent is paused or let in late at most."""
RETRY_S: Final = 5.0
"""Seconds after which a PBX that refused is asked again."""
ROUTE: Final = "after-call work"
"""In an audit, where others have what was asked of the API."""

_log = structlog.get_logger()

_Desk = tuple[PbxName, str]
_AWAY: Final = frozenset({AgentState.NOT_READY, AgentState.AFTER_CALL_WORK})


class AfterCall:
    """Pauses agents and lets them in again.

    Args:
        engine: Has the agents.
        dispatcher: Has it done.
        rules: How long it takes.
        now: Seconds since the epoch.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        engine: Engine,
        dispatcher: Dispatcher,
        rules: DeskRules,
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._engine = engine
        self._dispatcher = dispatcher
        self._rules = rules
        self._now = now
        self._sleep = sleep
        self._paused: dict[_Desk, CallId | None] = {}
        """The call in which each was paused last."""
        self._done: dict[_Desk, CallId] = {}
        """The call that he said he is done with while he still talked."""
        self._until: dict[_Desk, float] = {}
        self._next_try: dict[_Desk, float] = {}

    def until(self, pbx: PbxName, extension: str) -> float | None:
        """Return when an agent's time to write is over, in seconds since the epoch; None where it does not run."""
        return self._until.get((pbx, extension))

    async def done(self, call: Call, extension: str) -> None:
        """Take note that an agent has written what he wants about this call: he is let in again."""
        desk = (call.pbx, extension)
        if desk in self._until:
            self._until[desk] = self._now()
            state = self._engine.pbxs[call.pbx]
            agent = state.agents.find(extension)
            if agent is not None:
                await self._look_at(state, agent, self._now())
        elif desk in self._paused:
            self._done[desk] = call.call_id

    async def run(self) -> None:
        """Look after all agents until cancelled."""
        if not (self._rules.wrap_up_s or any(rule.wrap_up_s for rule in self._rules.queues.values())):
            return
        while True:
            await self._sleep(TICK_S)
            await self.look()

    async def look(self) -> None:
        """Pause who has begun to talk, and let in whose time is over."""
        now = self._now()
        for state in self._engine.pbxs.values():
            for agent in state.agents.agents:
                if agent.queues:
                    await self._look_at(state, agent, now)

    async def _look_at(self, state: PbxState, agent: Agent, now: float) -> None:
        desk = (state.pbx, agent.extension)
        if self._next_try.get(desk, now) > now:
            return
        if agent.state is AgentState.TALKING:
            self._until.pop(desk, None)
            await self._pause(state, agent, desk)
        elif agent.state in _AWAY and all(served.paused and served.reason == WRAP_UP for served in agent.queues):
            if desk not in self._until:
                self._until[desk] = (now if agent.since is None else max(agent.since, 0.0)) + self._wrap_up_s(agent)
                if desk in self._done and self._done[desk] == self._paused.get(desk):
                    self._until[desk] = now
            if self._until[desk] <= now:
                await self._let_in(state, agent, desk)
        elif agent.state not in (AgentState.BUSY, AgentState.RESERVED):
            self._until.pop(desk, None)
            self._done.pop(desk, None)

    async def _pause(self, state: PbxState, agent: Agent, desk: _Desk) -> None:
        queue = agent.queue
        if queue is None or agent.call_id is None or self._paused.get(desk, CallId("")) == agent.call_id:
            return
        theirs = state.site.queue_rules.of(queue).wrap_up_s or any(served.wrap_up_s for served in agent.queues)
        # Who has paused himself in a queue has his reasons, and they would be lost.
        if theirs or not self._rules.wrap_up_of(queue) or any(served.paused for served in agent.queues):
            return
        if await self._command(state, agent, desk, paused=True):
            self._paused[desk] = agent.call_id

    async def _let_in(self, state: PbxState, agent: Agent, desk: _Desk) -> None:
        if await self._command(state, agent, desk, paused=False):
            self._until.pop(desk, None)
            self._done.pop(desk, None)
            self._paused.pop(desk, None)
            # What the PBX says of it takes a moment.
            self._next_try[desk] = self._now() + TICK_S

    async def _command(self, state: PbxState, agent: Agent, desk: _Desk, *, paused: bool) -> bool:
        fields = {"extension": agent.extension, "paused": paused, "queue": None, "reason": WRAP_UP if paused else None}
        wish = Wish(principal=_ourselves(state.tenant), kind=SetPause, fields=fields, route=ROUTE, pbx=state.pbx)
        try:
            record = await self._dispatcher.submit(wish)
            reason = record.reason if record.refusal is not None else None
        except (CommandNotDoneError, StoreUnavailableError) as error:
            reason = str(error)
        if reason is None:
            self._next_try.pop(desk, None)
            return True
        _log.warning("after_call_work_refused", pbx=state.pbx, extension=agent.extension, paused=paused, reason=reason)
        self._next_try[desk] = self._now() + RETRY_S
        return False

    def _wrap_up_s(self, agent: Agent) -> float:
        """Return how long he has: as after the queue that gave the call, else the longest of those that he serves."""
        queues = [served.queue for served in agent.queues] if agent.queue is None else [agent.queue]
        return max((self._rules.wrap_up_of(queue) for queue in queues), default=0.0)


def _ourselves(tenant: Tenant = DEFAULT_TENANT) -> Principal:
    return Principal(id="tieline", name="tieline", role=Role.ADMIN, scopes=ALL_SCOPES, tenant=tenant)
