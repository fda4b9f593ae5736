"""``/embed``: the bar with Tieline's call control inside another program's page, a CRM's, and who may have it.

A page includes ``/embed/tieline-bar.js``; that puts ``/embed/bar`` into a frame. The page sees of a call what the bar tells it by
messages, and never a token of the gateway's pages. Which pages may have the bar the configuration says (``api.embed``): the
answer to the frame names the one page that asks as its only ancestor (CSP ``frame-ancestors``), so that one that gives itself out
for another is refused by the browser; and messages are taken from that page alone.
"""

from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from gateway.api.guard import SECURITY_HEADERS
from gateway.model.origins import Origins

_POLICY: Final = "Content-Security-Policy"
_RESOURCE: Final = "Cross-Origin-Resource-Policy"
_BAR: Final = """<!doctype html>
<html lang="en" data-origin="{origin}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Tieline</title>
<link rel="stylesheet" href="/static/tokens.css">
<link rel="stylesheet" href="/static/embed/bar.css">
<script type="module" src="/static/embed/bar.js"></script>
<main id="bar" aria-live="polite"></main>
</html>
"""
_REFUSED: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Tieline: not allowed</title>
<p>Tieline is not allowed in pages of {origin}. The operator can add it to api.embed in the gateway's configuration.</p>
</html>
"""


def embed_routes(allowed: Iterable[str], script: Path) -> list[web.AbstractRouteDef]:
    """Return what is answered where, to everybody's pages.

    Args:
        allowed: Pages that may have the bar.
        script: The file that they include.
    """
    embed = _Embed(Origins(allowed), script)
    return [web.get("/embed/tieline-bar.js", embed.included), web.get("/embed/bar", embed.bar)]


class _Embed:
    def __init__(self, origins: Origins, script: Path) -> None:
        self._origins = origins
        self._script = script

    async def included(self, _request: web.Request) -> web.FileResponse:
        headers = {hdrs.CACHE_CONTROL: "no-cache", hdrs.ACCESS_CONTROL_ALLOW_ORIGIN: "*", _RESOURCE: "cross-origin"}
        return web.FileResponse(self._script, headers=headers)

    async def bar(self, request: web.Request) -> web.Response:
        origin = request.query.get("origin", "")
        policy = SECURITY_HEADERS[_POLICY].partition("frame-ancestors")[0]
        if not self._origins.allows(origin, request.host):
            # It is shown where it was asked for, and has nothing to do there.
            text = _REFUSED.format(origin=escape(origin[:200]) or "this site")
            headers = {_POLICY: "default-src 'none'; frame-ancestors *", _RESOURCE: "cross-origin"}
            return web.Response(status=403, text=text, content_type="text/html", headers=headers)
        headers = {_POLICY: f"{policy}frame-ancestors {origin.lower()}", _RESOURCE: "cross-origin"}
        text = _BAR.format(origin=escape(origin.lower()))
        return web.Response(text=text, content_type="text/html", headers=headers)
