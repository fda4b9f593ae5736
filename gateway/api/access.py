"""``GET /api/v1/audit/access``: who came in, who was refused, who changed who may, and who gave work to whom."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.operations import Asked, Operation, answer
from gateway.api.problems import bad_parameter
from gateway.api.user_views import AccessPage, access_view
from gateway.model.access import AccessKind
from gateway.model.principals import Scope
from gateway.ports.users import AccessFilter, AccessLog

MAX_ENTRIES: Final = 1_000
"""Lines in one answer, about 0.3 kB each."""


class AccessQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which lines."""

    kind: AccessKind | None = None
    user_id: Annotated[str | None, Meta(description="About this user.")] = None
    by: Annotated[str | None, Meta(description="Done by this principal: `user:…`, the id of a token.")] = None
    since: Annotated[datetime | None, Meta(description="At this time or later, with a time zone.")] = None
    until: Annotated[datetime | None, Meta(description="Before this time, with a time zone.")] = None
    limit: Annotated[int, Meta(ge=1, le=MAX_ENTRIES)] = 100
    cursor: Annotated[str | None, Meta(description="The `next` of the page before.")] = None


class Access:
    """Shows who came in."""

    def __init__(self, log: AccessLog) -> None:
        self._log = log

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/audit/access",
                handler=self._list,
                summary="List who signed in, who was refused, who changed who may, and who gave work to whom",
                tag="audit",
                scope=Scope.AUDIT_READ,
                query=AccessQuery,
                answers={200: AccessPage},
                problems=(503,),
            )
        ]

    async def _list(self, asked: Asked[AccessQuery, None]) -> web.Response:
        """The last first."""
        query = asked.query
        wanted = AccessFilter(
            kind=query.kind,
            user_id=query.user_id,
            by=query.by,
            from_at=_at("since", query.since),
            to_at=_at("until", query.until),
        )
        found = await self._log.listed(asked.principal.tenant, wanted, before=query.cursor, limit=query.limit + 1)
        page = found[: query.limit]
        following = page[-1].id if len(found) > query.limit else None
        return answer(AccessPage(entries=[access_view(each) for each in page], next=following))


def _at(name: str, given: datetime | None) -> float | None:
    if given is None:
        return None
    if given.tzinfo is None:
        raise bad_parameter(name, "write the time with its zone, such as 2027-01-15T08:00:00Z")
    return given.timestamp()
