import re
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from gateway.web import PAGES, STATIC, routes

FILES = sorted(file for file in STATIC.rglob("*") if file.is_file())
HTML = [file for file in FILES if file.suffix == ".html"]
SCRIPTS = [file for file in FILES if file.suffix == ".js"]


@pytest.mark.parametrize("path", [path for path, name in PAGES.items() if (STATIC / name).exists()])
async def test_a_page_and_its_parts_are_served(path: str) -> None:
    application = web.Application()
    application.add_routes(routes())
    async with TestClient(TestServer(application)) as client:
        page = await client.get(path)
        text = await page.text()
        parts = set(re.findall(r'"(/static/[^"#]+)"', text))
        assert page.content_type == "text/html"
        assert parts
        for part in parts:
            response = await client.get(part)
            assert (response.status, response.headers["Cache-Control"]) == (200, "no-cache"), part
        assert (await client.get("/static/none.js")).status == 404
        assert (await client.get("/static/..%2f__init__.py")).status == 404


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(STATIC).as_posix())
def test_a_page_needs_nothing_from_elsewhere(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "").replace("https://crm.example", "")

    assert not re.search(r"https?://|//cdn|@import|url\(", text)


@pytest.mark.parametrize("file", HTML, ids=lambda file: str(file.name))
def test_a_page_has_no_inline_script_or_style(file: Path) -> None:
    text = file.read_text("utf-8")

    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.relative_to(STATIC).as_posix())
def test_what_a_caller_sends_is_never_markup(file: Path) -> None:
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|outerHTML\s*=|eval\(", file.read_text("utf-8"))


@pytest.mark.parametrize(
    "file", [file for file in FILES if file.suffix in (".js", ".css")], ids=lambda file: file.relative_to(STATIC).as_posix()
)
def test_a_part_of_a_page_has_one_subject(file: Path) -> None:
    assert len(file.read_text("utf-8").splitlines()) <= 400


def test_the_icons_that_are_used_are_there() -> None:
    there = set(re.findall(r'<symbol id="([^"]+)"', (STATIC / "icons.svg").read_text("utf-8")))
    scripts = "".join(file.read_text("utf-8") for file in SCRIPTS)
    named = set(re.findall(r'\bicon\("([^"]+)"', scripts))
    named |= {f"st-{mark}" for mark in re.findall(r'\bmark\("([^"]+)"|\bmark: "([^"]+)"', scripts) for mark in mark if mark}

    assert named - there == set()


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.relative_to(STATIC).as_posix())
def test_each_string_exists_in_both_languages(file: Path) -> None:
    chinese = "".join(words.read_text("utf-8") for words in (STATIC / "zh").iterdir())
    said = re.findall(r'\bt\(\s*"((?:[^"\\]|\\.)*)"', file.read_text("utf-8"))

    assert [text for text in said if f'"{text}": "' not in chinese] == []


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.relative_to(STATIC).as_posix())
def test_what_a_script_imports_is_there(file: Path) -> None:
    for name in re.findall(r'from "([^"]+)"', file.read_text("utf-8")):
        assert (file.parent / name).resolve().is_file(), name


def parts_of(page: Path, *, later: bool = False) -> set[Path]:
    """All files that a page loads, itself included; and, where asked, what it loads ``later``: ``import("…")``."""
    found, ahead = {page}, [page]
    while ahead:
        file = ahead.pop()
        text = file.read_text("utf-8")
        named = {STATIC / name for name in re.findall(r'"/static/([^"#`$]+)', text)}
        named |= {(file.parent / name).resolve() for name in re.findall(r'from "([^"]+)"', text)}
        if later:
            named |= {(file.parent / name).resolve() for name in re.findall(r'import\("([^"]+)"\)', text)}
        ahead += [part for part in named - found if part.suffix == ".js"]
        found |= named
    return found


@pytest.mark.parametrize("file", HTML, ids=lambda file: str(file.name))
def test_a_page_is_small(file: Path) -> None:
    assert sum(part.stat().st_size for part in parts_of(file)) < 204_800


def test_what_an_agent_loads_with_his_first_conversation_is_small_too() -> None:
    at_once = parts_of(STATIC / "agent.html")
    with_it = parts_of(STATIC / "agent" / "conversations.js") - at_once

    assert STATIC / "agent" / "conversations.js" in parts_of(STATIC / "agent.html", later=True) - at_once
    assert {part.name for part in with_it} == {"chats.js", "conversations.css", "conversations.js"}
    assert sum(part.stat().st_size for part in with_it) < 30_000
