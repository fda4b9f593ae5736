"""``/openapi.json`` and ``/asyncapi.json``: what can be asked and what is told, for programs and for those who write them."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

import msgspec
from aiohttp import web

from gateway.api.asyncapi import asyncapi
from gateway.api.event_types import EVENTS
from gateway.api.openapi import openapi
from gateway.api.operations import Asked, Nothing, Operation


class Documents:
    """Serves the descriptions of these operations, and of itself."""

    def __init__(self, operations: Sequence[Operation]) -> None:
        described = [*operations, *self.operations()]
        self._openapi = msgspec.json.encode(openapi(described, version("tieline")))
        self._asyncapi = msgspec.json.encode(asyncapi(EVENTS, version("tieline")))

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/openapi.json",
                handler=self._show_openapi,
                summary="Describe all requests and their answers",
                tag="documents",
                scope=None,
                open=True,
                answers={200: dict[str, Any]},
            ),
            Operation(
                method="GET",
                path="/asyncapi.json",
                handler=self._show_asyncapi,
                summary="Describe the event stream and all its messages",
                tag="documents",
                scope=None,
                open=True,
                answers={200: dict[str, Any]},
            ),
        ]

    async def _show_openapi(self, _asked: Asked[Nothing, None]) -> web.Response:
        return web.Response(body=self._openapi, content_type="application/json")

    async def _show_asyncapi(self, _asked: Asked[Nothing, None]) -> web.Response:
        return web.Response(body=self._asyncapi, content_type="application/json")
