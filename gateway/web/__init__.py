"""The pages: static files without a build step, without anything from elsewhere, without inline script or style."""

from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

STATIC: Final = Path(__file__).parent / "static"
BAR: Final = STATIC / "embed" / "tieline-bar.js"
"""What other programs' pages include."""
PAGES: Final = {
    "/": "sign-in.html",
    "/live": "live.html",
    "/agent": "agent.html",
    "/supervisor": "supervisor.html",
    "/admin": "admin.html",
}
"""The file of each page by its path."""


def routes() -> list[web.AbstractRouteDef]:
    """Return what is answered where: the pages, and their parts below ``/static/``."""
    files = {file.relative_to(STATIC).as_posix(): file for file in STATIC.rglob("*") if file.is_file()}

    async def page(request: web.Request) -> web.FileResponse:
        return _file(files[PAGES[request.path]])

    async def part(request: web.Request) -> web.FileResponse:
        file = files.get(request.match_info["name"])
        if file is None:
            raise web.HTTPNotFound(text="There is no such file.")
        return _file(file)

    return [*(web.get(path, page) for path, name in PAGES.items() if name in files), web.get("/static/{name:.+}", part)]


def _file(file: Path) -> web.FileResponse:
    # Asked again each time and answered by "not modified": a new version is never mixed with an old one.
    return web.FileResponse(file, headers={hdrs.CACHE_CONTROL: "no-cache"})
