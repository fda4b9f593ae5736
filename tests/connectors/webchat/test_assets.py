import gzip
import re
from pathlib import Path

import pytest
from support.web_chats import chat_site

from connectors.webchat.assets import STATIC

FILES = sorted(STATIC.iterdir())
WIDGET = [STATIC / name for name in ("widget.js", "link.js", "kept.js", "look.js", "words.js")]
TOKENS = Path(__file__).parents[3] / "gateway" / "web" / "static" / "tokens.css"


async def test_the_widget_may_be_loaded_by_any_page() -> None:
    async with chat_site() as site, site.client.get(site.address + "webchat/widget.js") as answer:
        headers = answer.headers

        assert (answer.status, headers["Content-Type"]) == (200, "text/javascript; charset=utf-8")
        assert (headers["Access-Control-Allow-Origin"], headers["Cache-Control"]) == ("*", "no-cache")
        assert await answer.read() == (STATIC / "widget.js").read_bytes()


async def test_what_did_not_change_is_not_sent_again() -> None:
    async with chat_site() as site:
        async with site.client.get(site.address + "webchat/widget.js") as answer:
            tag = answer.headers["ETag"]
        async with site.client.get(site.address + "webchat/widget.js", headers={"If-None-Match": tag}) as again:
            assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", tag)
        async with site.client.get(site.address + "webchat/link.js", headers={"If-None-Match": tag}) as other:
            assert other.status == 200


async def test_who_cannot_unpack_gets_it_plain_and_nothing_else_is_there() -> None:
    async with chat_site() as site:
        async with site.client.get(site.address + "chat", headers={"Accept-Encoding": "identity"}) as page:
            assert ("Content-Encoding" in page.headers, await page.read()) == (False, (STATIC / "chat.html").read_bytes())
        for name in ("none.js", "..%2fserver.py", "manifest.toml"):
            async with site.client.get(site.address + "webchat/" + name) as answer:
                assert answer.status == 404


def test_the_widget_is_small() -> None:
    assert sum(len(gzip.compress(file.read_bytes())) for file in WIDGET) < 20_000


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.name))
def test_nothing_comes_from_elsewhere_and_nothing_is_markup(file: Path) -> None:
    text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")

    assert not re.search(r"https?://[a-z]|//cdn|@import|url\(", text)
    assert not re.search(r"innerHTML|insertAdjacentHTML|document\.write|outerHTML\s*=|eval\(", text)
    assert file.suffix != ".html" or not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", text)
    assert len(text.splitlines()) <= 400


def test_all_words_are_there_in_both_languages() -> None:
    words = (STATIC / "words.js").read_text("utf-8")
    english, chinese = (
        set(re.findall(r'\b(\w+): "', part))
        for part in re.findall(r"^  (?:en|zh): \{\n(.*?)^  \},", words, re.DOTALL | re.MULTILINE)
    )
    said = re.findall(r'\bsay\("(\w+)"', (STATIC / "widget.js").read_text("utf-8"))

    assert english == chinese
    assert set(said) <= english


def test_the_colours_are_the_gateways() -> None:
    tokens = TOKENS.read_text("utf-8")
    look = (STATIC / "look.js").read_text("utf-8")
    themes = re.findall(r"const \w+ = `(.*?)`;", look, re.DOTALL)
    ours = [dict(re.findall(r"(--[\w-]+): ([^;]+);", theme)) for theme in themes]
    theirs = [
        dict(re.findall(r"(--[\w-]+): ([^;]+);", part))
        for part in re.split(r':root\[data-theme="dark"\]', tokens.split("@media")[0])
    ]

    assert len(ours) == len(theirs) == 2
    for mine, gateways in zip(ours, theirs, strict=True):
        assert mine == {name: gateways[name] for name in mine}
