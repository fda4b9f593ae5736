"""``/api/v1/webhooks``: to which programs events are sent, what came of it, and what to try again."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import wraps
from typing import Annotated, Any, Final

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import ApiError, not_found
from gateway.api.records import Time
from gateway.model.errors import TargetError, TemplateError, UnknownWebhookError
from gateway.model.principals import Scope
from gateway.model.times import rfc3339
from gateway.model.webhooks import Attempt, Delivery, Endpoint, Outcome, Standing, WebhookId
from gateway.ports.webhooks import Draft
from gateway.ports.webhooks import Webhooks as WebhookPort

MAX_LISTED: Final = 1_000

_Topic = Annotated[str, Meta(pattern=r"^(\*|[a-z_]+(\.[a-z_]+)*)$", max_length=100)]
_Topics = Annotated[
    tuple[_Topic, ...],
    Meta(min_length=1, max_length=100, description="Types of events, or what they begin with up to a dot; `*` is all."),
]
_Word = Annotated[str, Meta(min_length=1, max_length=100)]
_Pbxs = Annotated[tuple[_Word, ...], Meta(max_length=100, description="Only of these PBXs; none is all.")]
_Queues = Annotated[
    tuple[_Word, ...], Meta(max_length=100, description="Only about these queues and calls that were in them; none is all.")
]
_Template = Annotated[
    str, Meta(max_length=16_384, description='JSON with placeholders, such as `{"text": "{{data.caller}} calls"}`.')
]
_Secret = Annotated[str, Meta(max_length=200, description="`whsec_…`; without it a new one is made.")]
_Name = Annotated[str, Meta(min_length=1, max_length=100)]
_Url = Annotated[str, Meta(min_length=1, max_length=2_000)]


class WebhookBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where events should go."""

    name: _Name
    url: _Url
    topics: _Topics = ("*",)
    pbxs: _Pbxs = ()
    queues: _Queues = ()
    template: _Template | None = None
    enabled: bool = True
    secret: _Secret | None = None


class WebhookPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes."""

    name: _Name | UnsetType = UNSET
    url: _Url | UnsetType = UNSET
    topics: _Topics | UnsetType = UNSET
    pbxs: _Pbxs | UnsetType = UNSET
    queues: _Queues | UnsetType = UNSET
    template: _Template | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class RotateBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next secret."""

    secret: _Secret | None = None


class ReplayBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead messages; with neither all."""

    positions: Annotated[tuple[int, ...], Meta(max_length=MAX_LISTED)] | None = None
    since: Annotated[datetime, Meta(tz=True)] | None = None


class DeadQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which dead messages."""

    after: Annotated[int, Meta(ge=0, description="The `next` of the page before.")] = 0
    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 100


class AttemptsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many attempts."""

    limit: Annotated[int, Meta(ge=1, le=MAX_LISTED)] = 100


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """Where events go, and how it stands there."""

    webhook_id: str
    name: str
    url: str
    topics: tuple[str, ...]
    pbxs: tuple[str, ...]
    queues: tuple[str, ...]
    template: str | None
    enabled: bool
    disabled_why: Annotated[str | None, Meta(description="It said 410: it wants no more.")]
    created_at: Time
    created_by: str
    position: Annotated[int, Meta(description="Every event up to it arrived, or waits, or is dead.")]
    waiting: int
    dead: Annotated[int, Meta(description="Messages that are not tried any more.")]
    away_since: Annotated[Time | None, Meta(description="Since when it does not answer.")]
    why: Annotated[str | None, Meta(description="What went wrong last, while it goes wrong.")]
    signing_keys: Annotated[int, Meta(description="2 for a day after the secret was changed.")]
    secret: Annotated[str | UnsetType, Meta(description="Shown once: when it is made.")] = UNSET


class WebhookList(msgspec.Struct, frozen=True, kw_only=True):
    """All webhooks."""

    webhooks: list[WebhookView]


class OutcomeView(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test."""

    arrived: bool
    status: Annotated[int | None, Meta(description="HTTP's; null where no answer came.")]
    why: str | None
    took_s: float


class DeadView(msgspec.Struct, frozen=True, kw_only=True):
    """A message that is not tried any more."""

    position: int
    event_id: str
    type: str
    call_id: str | None
    at: Time
    attempts: int
    why: str | None


class DeadList(msgspec.Struct, frozen=True, kw_only=True):
    """Dead messages, the oldest first."""

    dead: list[DeadView]
    next: Annotated[int | None, Meta(description="The `after` of the next page; null on the last one.")]


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try to deliver one message."""

    at: Time
    position: int
    event_id: str
    type: str
    status: int | None
    why: str | None
    took_s: float


class AttemptList(msgspec.Struct, frozen=True, kw_only=True):
    """The last attempts, the latest first."""

    attempts: list[AttemptView]


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """How many messages are tried again."""

    count: int


_Handler = Callable[[Any, Asked[Any, Any]], Awaitable[web.StreamResponse]]


def _plainly(handler: _Handler) -> _Handler:
    """Say what cannot be done as a problem."""

    @wraps(handler)
    async def handle(self: Any, asked: Asked[Any, Any]) -> web.StreamResponse:
        try:
            return await handler(self, asked)
        except UnknownWebhookError as error:
            raise not_found(f"{error}.") from error
        except TargetError as error:
            raise ApiError(422, "bad-target", "Nothing may be sent there", f"{error}.") from error
        except TemplateError as error:
            raise ApiError(422, "bad-template", "The template cannot be used", f"{error}.") from error

    return handle


class Webhooks:
    """Shows and changes webhooks."""

    def __init__(self, webhooks: WebhookPort) -> None:
        self._webhooks = webhooks

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        every, one = "/api/v1/webhooks", "/api/v1/webhooks/{webhook_id}"

        def operation(method: str, path: str, handler: Any, summary: str, answers: Any, *problems: int, **more: Any) -> Operation:
            return Operation(
                method=method,
                path=path,
                handler=handler,
                summary=summary,
                scope=Scope.WEBHOOKS_MANAGE,
                tag="webhooks",
                answers=answers,
                problems=(*problems, 503),
                **more,
            )

        example = {"a CRM": {"name": "CRM", "url": "https://crm.example/hooks/tieline", "topics": ["call.ended"]}}
        show, lost = {200: WebhookView}, 404
        return [
            operation("GET", every, self._list, "List the webhooks", {200: WebhookList}),
            operation(
                "POST", every, self._add, "Send events to an address", {201: WebhookView}, body=WebhookBody, examples=example
            ),
            operation("GET", one, self._show, "Show a webhook", show, lost),
            operation("PATCH", one, self._change, "Change a webhook", show, lost, body=WebhookPatch),
            operation("DELETE", one, self._remove, "Send nothing there any more", {204: None}, lost),
            operation(
                "POST",
                f"{one}/rotate",
                self._rotate,
                "Give it a new secret; the former one signs too for a day",
                show,
                lost,
                body=RotateBody,
            ),
            operation("POST", f"{one}/ping", self._ping, "Send a test message now", {200: OutcomeView}, lost),
            operation("GET", f"{one}/dead", self._dead, "List messages given up", {200: DeadList}, lost, query=DeadQuery),
            operation(
                "POST",
                f"{one}/replay",
                self._replay,
                "Try dead messages again: some, those since a time, or all",
                {202: Replayed},
                lost,
                body=ReplayBody,
            ),
            operation(
                "GET",
                f"{one}/attempts",
                self._attempts,
                "List the last attempts",
                {200: AttemptList},
                lost,
                query=AttemptsQuery,
            ),
        ]

    async def _list(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"webhooks": [_view(endpoint, standing) for endpoint, standing in self._webhooks.all()]})

    @_plainly
    async def _add(self, asked: Asked[Nothing, WebhookBody]) -> web.Response:
        fields = msgspec.structs.asdict(asked.body)
        secret = fields.pop("secret")
        endpoint = await self._webhooks.add(Draft(**fields), secret, by=asked.principal.id)
        response = answer(self._with_secret(endpoint), 201)
        response.headers["Location"] = f"/api/v1/webhooks/{endpoint.id}"
        return response

    @_plainly
    async def _show(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer(_view(*self._webhooks.one(_webhook(asked))))

    @_plainly
    async def _change(self, asked: Asked[Nothing, WebhookPatch]) -> web.Response:
        endpoint, _ = self._webhooks.one(_webhook(asked))
        given = {name: value for name, value in msgspec.structs.asdict(asked.body).items() if value is not UNSET}
        now = {name: getattr(endpoint, name) for name in Draft.__struct_fields__}
        await self._webhooks.change(endpoint.id, Draft(**(now | given)))
        return answer(_view(*self._webhooks.one(endpoint.id)))

    @_plainly
    async def _remove(self, asked: Asked[Nothing, None]) -> web.Response:
        await self._webhooks.remove(_webhook(asked))
        return web.Response(status=204)

    @_plainly
    async def _rotate(self, asked: Asked[Nothing, RotateBody]) -> web.Response:
        return answer(self._with_secret(await self._webhooks.rotate(_webhook(asked), asked.body.secret)))

    @_plainly
    async def _ping(self, asked: Asked[Nothing, None]) -> web.Response:
        return answer(_outcome(await self._webhooks.ping(_webhook(asked))))

    @_plainly
    async def _dead(self, asked: Asked[DeadQuery, None]) -> web.Response:
        limit = asked.query.limit
        found = await self._webhooks.dead(_webhook(asked), after=asked.query.after, limit=limit + 1)
        page = found[:limit]
        return answer({"dead": list(map(_dead, page)), "next": page[-1].position if len(found) > limit else None})

    @_plainly
    async def _replay(self, asked: Asked[Nothing, ReplayBody]) -> web.Response:
        since = None if asked.body.since is None else asked.body.since.timestamp()
        count = await self._webhooks.replay(_webhook(asked), positions=asked.body.positions, since=since)
        return answer({"count": count}, 202)

    @_plainly
    async def _attempts(self, asked: Asked[AttemptsQuery, None]) -> web.Response:
        found = await self._webhooks.attempts(_webhook(asked), limit=asked.query.limit)
        return answer({"attempts": list(map(_attempt, found))})

    def _with_secret(self, endpoint: Endpoint) -> dict[str, Any]:
        return _view(*self._webhooks.one(endpoint.id)) | {"secret": endpoint.keys[0].secret}


def _webhook(asked: Asked[Any, Any]) -> WebhookId:
    return WebhookId(asked.path("webhook_id"))


def _view(endpoint: Endpoint, standing: Standing) -> dict[str, Any]:
    return {
        "webhook_id": endpoint.id,
        "name": endpoint.name,
        "url": endpoint.url,
        "topics": endpoint.topics,
        "pbxs": endpoint.pbxs,
        "queues": endpoint.queues,
        "template": endpoint.template,
        "enabled": endpoint.enabled,
        "disabled_why": endpoint.disabled_why,
        "created_at": rfc3339(endpoint.created_at),
        "created_by": endpoint.created_by,
        "position": standing.position,
        "waiting": standing.waiting,
        "dead": standing.dead,
        "away_since": None if standing.away_since is None else rfc3339(standing.away_since),
        "why": standing.why,
        "signing_keys": len(endpoint.keys),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    return {"arrived": outcome.arrived, "status": outcome.status, "why": outcome.why, "took_s": round(outcome.took_s, 3)}


def _dead(delivery: Delivery) -> dict[str, Any]:
    return {
        "position": delivery.position,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "call_id": delivery.call_id,
        "at": rfc3339(delivery.at),
        "attempts": delivery.attempts,
        "why": delivery.why,
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return msgspec.structs.asdict(attempt) | {"at": rfc3339(attempt.at)}
