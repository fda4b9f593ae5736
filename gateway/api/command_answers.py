"""How commands are told: what came of them, or as a problem why nothing did."""

from http import HTTPStatus
from math import ceil
from typing import Any, Final

import msgspec

from gateway.api.operations import Asked, Header
from gateway.api.problems import ApiError, bad_body, bad_header
from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import Command
from gateway.model.ids import CallId, PbxName
from gateway.model.refusals import CommandNotDoneError, Refusal
from gateway.model.times import rfc3339
from gateway.session.command_orders import Wish
from gateway.session.dispatcher import Dispatcher

KEY_HEADER: Final = "Idempotency-Key"
MAX_KEY_CHARACTERS: Final = 255

IDEMPOTENT: Final = (
    Header(
        name=KEY_HEADER,
        description=(
            "Anything unique, such as a UUID, 255 characters at most: the same request with the same key is done once, and "
            "answered with what came of it."
        ),
    ),
)
PLACING: Final = (
    Header(
        name=KEY_HEADER,
        description=(
            "Anything unique, such as a UUID, 255 characters at most: the same request with the same key makes one call. "
            "It is required, but for emergency calls."
        ),
    ),
)
PROBLEMS: Final = (400, 403, 404, 409, 422, 429, 503)
"""Statuses with which a command may be refused."""

_OF_REFUSALS: Final = {
    Refusal.COMMAND_REFUSED: (HTTPStatus.CONFLICT, "The PBX refused it"),
    Refusal.PBX_UNAVAILABLE: (HTTPStatus.SERVICE_UNAVAILABLE, "The PBX is not connected"),
    Refusal.NO_SUCH_PBX: (HTTPStatus.UNPROCESSABLE_ENTITY, "Which PBX is not said"),
    Refusal.NO_SUCH_CALL: (HTTPStatus.NOT_FOUND, "Not found"),
    Refusal.CALL_ENDED: (HTTPStatus.CONFLICT, "The call has ended"),
    Refusal.NO_SUCH_DEVICE: (HTTPStatus.NOT_FOUND, "No such telephone"),
    Refusal.NOT_IN_THIS_CALL: (HTTPStatus.CONFLICT, "Not in this call"),
    Refusal.WHICH_DEVICE: (HTTPStatus.UNPROCESSABLE_ENTITY, "Which telephone is not said"),
    Refusal.NOT_YOUR_DEVICE: (HTTPStatus.FORBIDDEN, "Not your telephone"),
    Refusal.COMMAND_NOT_SUPPORTED: (HTTPStatus.CONFLICT, "The PBX does not take this command"),
    Refusal.NUMBER_NOT_ALLOWED: (HTTPStatus.FORBIDDEN, "This number is not allowed"),
    Refusal.TOO_MANY_CALLS: (HTTPStatus.TOO_MANY_REQUESTS, "Too many calls"),
    Refusal.KEY_MISSING: (HTTPStatus.BAD_REQUEST, "An Idempotency-Key is needed"),
    Refusal.KEY_REUSED: (HTTPStatus.UNPROCESSABLE_ENTITY, "This Idempotency-Key was used for something else"),
}


class CommandTold(msgspec.Struct, frozen=True, kw_only=True):
    """A command, and what came of it as far as it is known."""

    command_id: str
    command: str
    """What was wanted: ``place_call``."""
    state: CommandState
    pbx: str | None
    call_id: str | None
    """The call that it is about, or that it began; null where none is known (yet): the events tell it."""
    began: str | None
    """The call that it began."""
    asked_at: str
    settled_at: str | None
    """When it was known what came of it."""
    reason: str | None
    """Why nothing came of it, or nobody knows what."""


def told(record: CommandRecord) -> CommandTold:
    """Return what is told of a command."""
    return CommandTold(
        command_id=record.id,
        command=record.kind,
        state=record.state,
        pbx=record.pbx,
        call_id=record.call_id,
        began=record.began,
        asked_at=rfc3339(record.asked_at),
        settled_at=None if record.settled_at is None else rfc3339(record.settled_at),
        reason=record.reason,
    )


def problem_of(refusal: Refusal, detail: str, *, retry_after_s: float | None = None, **members: Any) -> ApiError:
    """Return why nothing was done."""
    status, title = _OF_REFUSALS[refusal]
    headers = None
    if retry_after_s is not None:
        seconds = max(1, ceil(retry_after_s))
        headers, members = {"Retry-After": str(seconds)}, members | {"retry_after_s": seconds}
    return ApiError(status.value, refusal, title, detail, headers=headers, **members)


async def commanded(
    dispatcher: Dispatcher,
    asked: Asked[Any, Any],
    kind: type[Command],
    fields: dict[str, Any],
    *,
    pbx: str | None = None,
    call_id: str | None = None,
    by: str | None = None,
    needs_key: bool = False,
) -> CommandTold:
    """Have a command done, and return what came of it.

    Raises:
        ApiError: Nothing was done.
    """
    if any(not text.isprintable() for text in (*fields.values(), pbx, by) if isinstance(text, str)):
        raise bad_body("a text has a control character, such as a line end")
    wish = Wish(
        principal=asked.principal,
        kind=kind,
        fields=fields,
        route=f"{asked.request.method} {asked.request.path}",
        asked=msgspec.json.encode(asked.body),
        pbx=None if pbx is None else PbxName(pbx),
        call_id=None if call_id is None else CallId(call_id),
        by=by,
        key=key_asked(asked),
        needs_key=needs_key,
    )
    try:
        record = await dispatcher.submit(wish)
    except CommandNotDoneError as error:
        raise problem_of(error.refusal, error.detail, retry_after_s=error.retry_after_s) from error
    if record.refusal is not None:
        raise problem_of(record.refusal, record.reason or "", command_id=record.id)
    return told(record)


def key_asked(asked: Asked[Any, Any]) -> str | None:
    """Return the request's ``Idempotency-Key``.

    Raises:
        ApiError: 400: it cannot be used.
    """
    key = asked.request.headers.get(KEY_HEADER)
    if key is not None and not (0 < len(key) <= MAX_KEY_CHARACTERS and key.isascii() and key.isprintable()):
        raise bad_header(KEY_HEADER, f"write 1 to {MAX_KEY_CHARACTERS} printable characters, such as a UUID")
    return key
