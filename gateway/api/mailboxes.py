"""``/api/v1/mailboxes``: whose voicemail waits."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.agents import chosen
from gateway.api.operations import Asked, Operation, answer
from gateway.model.principals import Scope
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.sights import Sights


class MailboxView(msgspec.Struct, frozen=True, kw_only=True):
    """What waits in one mailbox."""

    mailbox: Annotated[str, Meta(description="As the PBX names it, `1001@default`.")]
    extension: Annotated[str | None, Meta(description="Whose it is; null where its name is no extension's.")]
    waiting: Annotated[bool, Meta(description="There are messages that nobody has heard.")]
    new: Annotated[int | None, Meta(description="Messages that nobody has heard; null where the PBX gives no count.")]
    old: Annotated[int | None, Meta(description="Messages that were heard and kept.")]
    urgent: Annotated[int | None, Meta(description="Of the new ones those marked as urgent.")]


class PbxMailboxView(MailboxView, frozen=True, kw_only=True):
    """A mailbox, and the PBX that has it."""

    pbx: str


class MailboxList(msgspec.Struct, frozen=True, kw_only=True):
    """All mailboxes that a PBX spoke of."""

    position: Annotated[int, Meta(description="Listen to events after it, and none is missed.")]
    mailboxes: list[PbxMailboxView]


class MailboxQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of which PBX."""

    pbx: Annotated[str | None, Meta(description="Only this PBX's.")] = None


class Mailboxes:
    """Shows mailboxes."""

    def __init__(self, engine: Engine, hub: Hub, sights: Sights) -> None:
        self._engine = engine
        self._hub = hub
        self._sights = sights

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/mailboxes",
                handler=self._list,
                summary="List the mailboxes: whose voicemail waits",
                tag="agents",
                scope=Scope.AGENTS_READ,
                query=MailboxQuery,
                answers={200: MailboxList},
            ),
        ]

    async def _list(self, asked: Asked[MailboxQuery, None]) -> web.Response:
        sight = self._sights.of(asked.principal)
        found = [
            {"pbx": state.pbx, **mailbox.told()}
            for state in chosen(self._engine, asked.query.pbx)
            for mailbox in state.mailboxes.all
            if sight is None
            or (sight.pbx == state.pbx and mailbox.extension is not None and mailbox.extension == sight.extension)
        ]
        return answer({"position": self._hub.position, "mailboxes": found})
