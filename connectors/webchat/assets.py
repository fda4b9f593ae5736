"""The widget's files and those of the page that shows it: few and small, and so kept in memory, packed too."""

import gzip
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import hdrs, web

STATIC: Final = Path(__file__).parent / "static"
_TYPES: Final = {".css": "text/css", ".html": "text/html", ".js": "text/javascript"}


class _Asset(msgspec.Struct, frozen=True):
    plain: bytes
    packed: bytes
    type: str
    tag: str


class Assets:
    """All files of :data:`STATIC`, read once."""

    def __init__(self) -> None:
        self._assets = {file.name: _read(file) for file in STATIC.iterdir() if file.is_file()}

    def page(self, name: str) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        """Return what answers with this file."""

        async def answer(request: web.Request) -> web.StreamResponse:
            return _answer(request, self._assets[name])

        return answer

    async def part(self, request: web.Request) -> web.StreamResponse:
        """Answer with the file that is asked for, whichever page asks: none is a secret."""
        asset = self._assets.get(request.match_info["name"])
        if asset is None:
            raise web.HTTPNotFound(text="There is no such file.")
        response = _answer(request, asset)
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = "*"
        return response


def _answer(request: web.Request, asset: _Asset) -> web.Response:
    # Asked again each time and answered by "not modified": a new version is never mixed with an old one.
    headers = {hdrs.CACHE_CONTROL: "no-cache", hdrs.ETAG: f'"{asset.tag}"', hdrs.VARY: hdrs.ACCEPT_ENCODING}
    if asset.tag in (each.value for each in request.if_none_match or ()):
        return web.Response(status=304, headers=headers)
    if "gzip" not in request.headers.get(hdrs.ACCEPT_ENCODING, ""):
        return web.Response(body=asset.plain, content_type=asset.type, charset="utf-8", headers=headers)
    headers[hdrs.CONTENT_ENCODING] = "gzip"
    return web.Response(body=asset.packed, content_type=asset.type, charset="utf-8", headers=headers)


def _read(file: Path) -> _Asset:
    plain = file.read_bytes()
    tag = sha256(plain).hexdigest()[:16]
    return _Asset(plain, gzip.compress(plain, mtime=0), _TYPES[file.suffix], tag)
