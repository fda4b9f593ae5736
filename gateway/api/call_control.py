"""``POST /api/v1/calls`` and ``/api/v1/calls/{call_id}/…``: place calls and steer them.

The answer says what the PBX said to the command; what becomes of the call is told by its events.
"""

from typing import Annotated, Any, Final

import msgspec
from aiohttp import web

from gateway.api.command_answers import IDEMPOTENT, PLACING, PROBLEMS, CommandTold, commanded
from gateway.api.operations import Asked, Handler, Operation, answer
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Monitor,
    MonitorMode,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
)
from gateway.model.principals import Scope
from gateway.session.dispatcher import Dispatcher

Extension = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z_.-]{1,32}$", description="A telephone of the site.")]
Number = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=40,
        description="As a telephone of the site dials it, or in E.164 with `+`; it is written as the site dials it then.",
    ),
]
_Pbx = Annotated[str | None, msgspec.Meta(description="May be left out where there is only one.")]
_By = Annotated[
    Extension | None,
    msgspec.Meta(
        description="The telephone that does it; may be left out where only one of the site talks in the call, or where the "
        "token is bound to one."
    ),
]


class _Body(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


class CallPlacing(_Body, frozen=True, kw_only=True):
    """Ring a telephone, and connect it to a number when it answers."""

    number: Number
    extension: Extension | None = None
    """May be left out where the token is bound to one."""
    pbx: _Pbx = None
    caller_number: Annotated[str, msgspec.Meta(pattern=r"^\+?[0-9]{2,20}$")] | None = None
    """What the far end is shown, one of those that the configuration has for the role."""
    ring_s: Annotated[float, msgspec.Meta(ge=1, le=300)] = 30.0
    """Seconds for which the telephone rings."""


class ByDevice(_Body, frozen=True, kw_only=True):
    """Which telephone does it."""

    by: _By = None


class ByDeviceTo(_Body, frozen=True, kw_only=True):
    """Which telephone does it, and whom it brings in."""

    to: Number
    by: _By = None


class To(_Body, frozen=True, kw_only=True):
    """Where the caller goes."""

    to: Number


class Parking(_Body, frozen=True, kw_only=True):
    """Which telephone parks, and where."""

    by: _By = None
    slot: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,8}$")] | None = None
    """Null takes any that is free."""


class Digits(_Body, frozen=True, kw_only=True):
    """Keys to press."""

    digits: Annotated[str, msgspec.Meta(pattern=r"^[0-9*#A-D]{1,64}$")]
    by: _By = None


class Monitoring(_Body, frozen=True, kw_only=True):
    """Who listens to whom, and who hears it."""

    agent: Extension
    """Who is listened to."""
    mode: MonitorMode = MonitorMode.LISTEN
    """``listen`` is heard by nobody, ``whisper`` by the agent, ``barge`` by all."""
    extension: Extension | None = None
    """The telephone that listens, which rings first; may be left out where the token is bound to one."""


class Plain(_Body, frozen=True, kw_only=True):
    """Nothing more is to be said."""


_CALL: Final = "/api/v1/calls/{call_id}"
_ROUTES: Final[tuple[tuple[str, type[Command], type[_Body], str], ...]] = (
    ("hang-up", HangUp, ByDevice, "End a telephone's part in a call, or the whole call"),
    ("hold", Hold, ByDevice, "Hold the other side"),
    ("retrieve", Retrieve, ByDevice, "Take the held side back"),
    ("transfer", BlindTransfer, ByDeviceTo, "Hand the other side over without asking"),
    ("consult", Consult, ByDeviceTo, "Hold the other side and call somebody: the first half of an attended transfer"),
    ("complete-transfer", CompleteTransfer, ByDevice, "Connect the held side with who was consulted"),
    ("cancel-transfer", CancelTransfer, ByDevice, "Give the consultation up and go back to the held side"),
    ("redirect", Redirect, To, "Send the caller elsewhere, wherever he is"),
    ("park", Park, Parking, "Park the other side"),
    ("digits", SendDigits, Digits, "Press keys for a telephone: the other side hears them"),
    ("recording/start", StartRecording, Plain, "Record the call"),
    ("recording/stop", StopRecording, Plain, "End the recording"),
    ("recording/pause", PauseRecording, Plain, "Record silence for a while"),
    ("recording/resume", ResumeRecording, Plain, "Record on"),
    ("monitor", Monitor, Monitoring, "Listen in on an agent, whisper to him, or barge in"),
)
_EXAMPLES: Final[dict[type[Command], dict[str, Any]]] = {
    BlindTransfer: {"to a queue": {"by": "8001", "to": "4001"}},
    Consult: {"ask a colleague": {"by": "8001", "to": "8002"}},
    Redirect: {"to another telephone": {"to": "8003"}},
    SendDigits: {"choose 2, then confirm": {"by": "8001", "digits": "2#"}},
    Monitor: {"whisper": {"extension": "8010", "agent": "8001", "mode": "whisper"}},
}


class CallControl:
    """Has commands about calls done."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="POST",
                path="/api/v1/calls",
                handler=self._place,
                summary="Place a call: ring a telephone, and connect it to a number when it answers",
                tag="call control",
                scope=Scope.CALLS_PLACE,
                headers=PLACING,
                body=CallPlacing,
                examples={"call a customer back": {"extension": "8001", "number": "+8613800138000"}},
                answers={202: CommandTold},
                problems=PROBLEMS,
            ),
            *(
                Operation(
                    method="POST",
                    path=f"{_CALL}/{name}",
                    handler=self._about_call(kind),
                    summary=summary,
                    tag="call control",
                    scope=Scope.CALLS_LISTEN if kind is Monitor else Scope.CALLS_CONTROL,
                    headers=IDEMPOTENT,
                    body=body,
                    examples=_EXAMPLES.get(kind, {}),
                    answers={202: CommandTold},
                    problems=PROBLEMS,
                )
                for name, kind, body, summary in _ROUTES
            ),
        ]

    async def _place(self, asked: Asked[Any, CallPlacing]) -> web.Response:
        """Answered when the telephone's leg exists: ``call_id`` is the call that it began.

        ``state`` is ``unanswered`` where the PBX did not say what it did: the call is never placed again, and an event tells
        what came of it.
        """
        body = asked.body
        fields = {
            "extension": body.extension,
            "number": body.number,
            "caller_number": body.caller_number,
            "ring_s": body.ring_s,
        }
        return answer(await commanded(self._dispatcher, asked, PlaceCall, fields, pbx=body.pbx, needs_key=True), 202)

    def _about_call(self, kind: type[Command]) -> Handler:
        async def handle(asked: Asked[Any, _Body]) -> web.Response:
            fields = msgspec.structs.asdict(asked.body)
            by = fields.pop("by", None)
            return answer(await commanded(self._dispatcher, asked, kind, fields, call_id=asked.path("call_id"), by=by), 202)

        return handle
