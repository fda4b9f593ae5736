"""Who asks."""

from typing import Final

from aiohttp import web

from gateway.model.principals import ALL_SCOPES, Principal, Role

DEMO: Final = Principal(id="demo", name="the demo's visitor", role=Role.ADMIN, scopes=ALL_SCOPES)


class DemoAuthenticator:
    """Takes everybody for the demo's visitor; see :class:`gateway.api.operations.Authenticator`."""

    async def principal(self, _request: web.Request) -> Principal:
        """Return the one there is."""
        return DEMO

    async def anybody(self, _request: web.Request) -> Principal:
        """Return the one there is."""
        return DEMO

    async def shown(self, _request: web.Request, _token: str | None) -> Principal:
        """Return the one there is."""
        return DEMO

    async def still(self, _principal: Principal) -> None:
        """Let the visitor stay."""
