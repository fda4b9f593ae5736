"""``POST /api/v1/agents/{extension}/…``: what the PBX does with an agent's telephone when nobody calls."""

from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from gateway.api.call_control import Number
from gateway.api.command_answers import IDEMPOTENT, PROBLEMS, CommandTold, commanded
from gateway.api.operations import Asked, Handler, Operation, answer
from gateway.model.commands import (
    Command,
    ForwardingKind,
    LogIn,
    LogOut,
    SetDoNotDisturb,
    SetForwarding,
    SetPause,
    SetPenalty,
)
from gateway.model.principals import Scope
from gateway.session.dispatcher import Dispatcher

Penalty = Annotated[int, msgspec.Meta(ge=0, le=1_000)]
_Queue = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.@-]{1,128}$")]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pbx: Annotated[str | None, msgspec.Meta(description="May be left out where there is only one.")] = None


class LoggingIn(_Body, frozen=True, kw_only=True):
    """How an agent serves a queue."""

    penalty: Penalty = 0
    """Agents with a higher one are called when those with a lower one are not free."""
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None
    """The agent's, where desks are shared."""


class AtPbx(_Body, frozen=True, kw_only=True):
    """At which PBX."""


class Pausing(_Body, frozen=True, kw_only=True):
    """A break."""

    queue: _Queue | None = None
    """Null is all queues."""
    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=80)] | None = None


class Resuming(_Body, frozen=True, kw_only=True):
    """The end of a break."""

    queue: _Queue | None = None
    """Null is all queues."""


class Penalising(_Body, frozen=True, kw_only=True):
    """Who comes first."""

    penalty: Penalty
    queue: _Queue | None = None
    """Null is all queues."""


class Switching(_Body, frozen=True, kw_only=True):
    """On or off."""

    on: bool


class Forwarding(_Body, frozen=True, kw_only=True):
    """Where calls go instead."""

    kind: ForwardingKind = ForwardingKind.UNCONDITIONAL
    to: Number | None = None
    """Null takes the forwarding away."""


_AGENT: Final = "/api/v1/agents/{extension}"
_ROUTES: Final[tuple[tuple[str, type[Command], type[_Body], dict[str, Any], str], ...]] = (
    ("queues/{queue}/log-in", LogIn, LoggingIn, {}, "Serve a queue with this telephone"),
    ("queues/{queue}/log-out", LogOut, AtPbx, {}, "Serve a queue no longer"),
    ("pause", SetPause, Pausing, {"paused": True}, "Take a break"),
    ("resume", SetPause, Resuming, {"paused": False}, "Come back from a break"),
    ("penalty", SetPenalty, Penalising, {}, "Say when an agent's turn is"),
    ("do-not-disturb", SetDoNotDisturb, Switching, {}, "Let the telephone be called, or not"),
    ("forwarding", SetForwarding, Forwarding, {}, "Send the telephone's calls elsewhere, or no longer"),
)


class AgentControl:
    """Has commands about agents and their telephones done."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="POST",
                path=f"{_AGENT}/{name}",
                handler=self._about_agent(kind, more),
                summary=summary,
                tag="agent control",
                scope=Scope.AGENTS_CONTROL,
                headers=IDEMPOTENT,
                body=body,
                answers={202: CommandTold},
                problems=PROBLEMS,
            )
            for name, kind, body, more, summary in _ROUTES
        ]

    def _about_agent(self, kind: type[Command], more: dict[str, Any]) -> Handler:
        async def handle(asked: Asked[Any, _Body]) -> web.Response:
            fields = msgspec.structs.asdict(asked.body) | more | dict(asked.request.match_info)
            pbx = fields.pop("pbx")
            return answer(await commanded(self._dispatcher, asked, kind, fields, pbx=pbx), 202)

        return handle
