"""What real servers do seldom; tests/live/test_contacts_carddav.py asks a real one."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.cli.contact_sources import carddav
from gateway.cli.contact_sources.source import Access, ContactsError
from gateway.model.contacts import WrittenContact
from gateway.model.secret import Secret

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ACCESS = Access(user="anna", password=Secret("made up"))
NAMES = 'xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:carddav"'


@asynccontextmanager
async def served(handler: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


def multistatus(*responses: tuple[str, str]) -> web.Response:
    inside = "".join(
        f"<response><href>{href}</href><propstat><prop>{found}</prop><status>HTTP/1.1 200 OK</status></propstat></response>"
        for href, found in responses
    )
    return web.Response(status=207, text=f"<multistatus {NAMES}>{inside}</multistatus>", content_type="application/xml")


BOOK = "<resourcetype><collection/><c:addressbook/></resourcetype>"
CARD = "<c:address-data>BEGIN:VCARD&#13;\nFN:Wang&#13;\nTEL:1&#13;\nEND:VCARD</c:address-data>"


async def book(request: web.Request) -> web.StreamResponse:
    if request.method == "REPORT":
        return multistatus(("/book/a.vcf", CARD), ("/book/gone.vcf", ""))
    listed = [("/book/a.vcf", "<getetag>1</getetag>"), ("/book/gone.vcf", "")] if request.headers["Depth"] == "1" else []
    return multistatus(("/book/", BOOK), *listed)


async def names(url: str, access: Access = ACCESS) -> list[str | None]:
    async with carddav.opened(url, access) as source:
        return [each.name async for each in source.contacts if isinstance(each, WrittenContact)]


async def test_a_card_that_went_away_meanwhile_is_nobodys_fault() -> None:
    async with served(book) as url:
        assert await names(f"{url}/book/") == ["Wang"]


async def test_a_server_that_wants_digests_gets_no_password() -> None:
    seen: list[str] = []

    async def digest(request: web.Request) -> web.StreamResponse:
        proof = request.headers.get("Authorization", "")
        seen.append(proof.partition(" ")[0])
        if not proof.startswith("Digest "):
            challenge = 'Digest realm="Baikal", qop="auth", nonce="abc", opaque="def"'
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        return await book(request)

    async with served(digest) as url:
        assert await names(f"{url}/book/") == ["Wang"]
    assert seen[0] == "Basic"
    assert set(seen[1:]) <= {"", "Digest"}
    assert "Digest" in seen


async def test_a_server_is_found_by_its_well_known_address() -> None:
    async def server(request: web.Request) -> web.StreamResponse:
        if request.path == "/":
            return web.Response(status=405)
        if request.path == "/.well-known/carddav":
            return web.Response(status=301, headers={"Location": "/dav"})
        if request.path == "/dav":
            return multistatus(("/dav", "<current-user-principal><href>/dav/anna/</href></current-user-principal>"))
        if request.path == "/dav/anna/":
            return multistatus(("/dav/anna/", "<c:addressbook-home-set><href>/dav/books/</href></c:addressbook-home-set>"))
        if request.path == "/dav/books/":
            return multistatus(("/dav/books/", "<resourcetype><collection/></resourcetype>"), ("/book/", BOOK))
        return await book(request)

    async with served(server) as url:
        assert await names(url) == ["Wang"]
        with pytest.raises(ContactsError, match=r"there is no address book at .*/other"):
            await names(f"{url}/other/../")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (web.Response(status=403), "forbids it to this user"),
        (web.Response(status=500), "answers 500 Internal Server Error"),
        (web.Response(status=200, text="<html>Sign in</html>"), "answers 200 OK: give the address"),
        (web.Response(status=207, text="<html>"), "does not answer as CardDAV does: it is no XML"),
        (web.Response(status=302, headers={"Location": "https://thief.example/"}), "does not get the password by itself"),
        (web.Response(status=302, headers={"Location": "/again"}), "sends us round in a circle"),
    ],
)
async def test_what_a_server_does_instead_is_told(answer: web.Response, said: str) -> None:
    async def server(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=answer.status, headers=answer.headers, body=answer.body)

    async with served(server) as url:
        with pytest.raises(ContactsError, match=said):
            await names(f"{url}/book/")


async def test_a_server_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carddav, "MAX_ANSWER_BYTES", 1_000)

    async def endless(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=207, body=b"x" * 5_000)

    async with served(endless) as url:
        with pytest.raises(ContactsError, match="that is no address book"):
            await names(f"{url}/book/")


async def test_a_server_that_is_silent_or_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carddav, "SILENCE_S", 0.05)

    async def hang(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(status=207)
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async with served(hang) as url:
        with pytest.raises(ContactsError, match="cannot be reached: "):
            await names(f"{url}/book/")
    with pytest.raises(ContactsError, match="cannot be reached"):
        await names("http://127.0.0.1:9/book/")


async def test_nothing_goes_over_the_network_unencrypted() -> None:
    with pytest.raises(ContactsError, match=r"is not encrypted: write https://"):
        await names("http://dav.example.com/book/")
