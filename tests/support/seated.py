"""People at desks, as an API sees them once they have signed in."""

from typing import Final

from aiohttp import web

from gateway.model.ids import PbxName
from gateway.model.principals import Principal, Role
from gateway.model.roles import SCOPES_OF


def seated(role: Role, extension: str | None, pbx: PbxName | None) -> Principal:
    """Return a person of this role who sits there."""
    is_agent = role is Role.AGENT
    return Principal(
        id=f"user:{role}",
        name=f"the {role}",
        role=role,
        scopes=SCOPES_OF[role],
        extension=extension,
        pbx=pbx,
        may_act_for_others=not is_agent,
        sees_own_only=is_agent,
        session="ses_test",
    )


class Always:
    """Takes everybody for the same person; see :class:`gateway.api.operations.Authenticator`."""

    def __init__(self, principal: Principal) -> None:
        self.who: Final = principal

    async def principal(self, _request: web.Request) -> Principal:
        return self.who

    async def anybody(self, _request: web.Request) -> Principal:
        return self.who

    async def shown(self, _request: web.Request, _token: str | None) -> Principal:
        return self.who

    async def still(self, _principal: Principal) -> None:
        return None
