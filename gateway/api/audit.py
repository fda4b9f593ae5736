"""``GET /api/v1/commands/{command_id}`` and ``GET /api/v1/audit``: what came of a command, and who did what."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from aiohttp import web

from gateway.api.command_answers import CommandTold, told
from gateway.api.operations import Asked, Nothing, Operation, answer
from gateway.api.problems import bad_parameter, not_found
from gateway.model.command_records import CommandRecord, CommandState
from gateway.model.commands import Command, CommandId
from gateway.model.ids import CallId, PbxName
from gateway.model.principals import Role, Scope
from gateway.model.refusals import Refusal
from gateway.model.times import rfc3339
from gateway.ports.commands import AuditFilter, CommandLog
from gateway.session.command_book import CommandBook

MAX_ENTRIES: Final = 1_000
"""Commands in one answer, about 0.5 kB each."""


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which commands."""

    principal: str | None = None
    """The id of who gave them."""
    pbx: str | None = None
    call_id: str | None = None
    state: CommandState | None = None
    command: str | None = None
    """The ``type`` of command: ``place_call``."""
    since: datetime | None = None
    """Asked at this time or later, RFC 3339."""
    until: datetime | None = None
    """Asked before this time."""
    limit: Annotated[int, msgspec.Meta(ge=1, le=MAX_ENTRIES)] = 100
    cursor: str | None = None
    """The ``next`` of the page before."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Who wanted what when, and what came of it."""

    command_id: str
    asked_at: str
    settled_at: str | None
    principal: str
    principal_name: str
    role: Role
    pbx: str | None
    call_id: str | None
    began: str | None
    command: Command
    """What was wanted; digits that were sent are masked."""
    state: CommandState
    refusal: Refusal | None
    reason: str | None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Commands, the last first."""

    entries: list[AuditEntry]
    next: str | None
    """The cursor of the next page; null on the last one."""


class Audit:
    """Shows commands."""

    def __init__(self, book: CommandBook, log: CommandLog) -> None:
        self._book = book
        self._log = log

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/commands/{command_id}",
                handler=self._command,
                summary="Show what came of a command",
                tag="call control",
                scope=None,
                answers={200: CommandTold},
                problems=(404, 503),
            ),
            Operation(
                method="GET",
                path="/api/v1/audit",
                handler=self._audit,
                summary="List who gave which commands, and what came of them",
                tag="audit",
                scope=Scope.AUDIT_READ,
                query=AuditQuery,
                answers={200: AuditPage},
                problems=(503,),
            ),
        ]

    async def _command(self, asked: Asked[Nothing, None]) -> web.Response:
        """Your own; anybody's takes the scope ``audit:read``."""
        command_id, principal = asked.path("command_id"), asked.principal
        record = await self._book.find(principal.tenant, CommandId(command_id))
        if record is None or (record.principal != principal.id and not principal.may(Scope.AUDIT_READ)):
            raise not_found(f"No command {command_id} of yours is kept.")
        return answer(told(record))

    async def _audit(self, asked: Asked[AuditQuery, None]) -> web.Response:
        """The last first. Commands that a rule refused are in it too; those that a program got wrong are not."""
        query = asked.query
        wanted = AuditFilter(
            principal=query.principal,
            pbx=None if query.pbx is None else PbxName(query.pbx),
            call_id=None if query.call_id is None else CallId(query.call_id),
            state=query.state,
            kind=query.command,
            from_at=_at("since", query.since),
            to_at=_at("until", query.until),
        )
        before = None if query.cursor is None else CommandId(query.cursor)
        found = await self._log.listed(asked.principal.tenant, wanted, before=before, limit=query.limit + 1)
        page = found[: query.limit]
        following = page[-1].id if len(found) > query.limit else None
        return answer(AuditPage(entries=[_entry(each) for each in page], next=following))


def _at(name: str, given: datetime | None) -> float | None:
    if given is None:
        return None
    if given.tzinfo is None:
        raise bad_parameter(name, "write the time with its zone, such as 2027-01-15T08:00:00Z")
    return given.timestamp()


def _entry(record: CommandRecord) -> AuditEntry:
    return AuditEntry(
        command_id=record.id,
        asked_at=rfc3339(record.asked_at),
        settled_at=None if record.settled_at is None else rfc3339(record.settled_at),
        principal=record.principal,
        principal_name=record.principal_name,
        role=record.role,
        pbx=record.pbx,
        call_id=record.call_id,
        began=record.began,
        command=record.command,
        state=record.state,
        refusal=record.refusal,
        reason=record.reason,
    )
