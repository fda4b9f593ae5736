"""Contacts out of CardDAV address books: Nextcloud, Baikal, Radicale, SOGo, iCloud and others.

The address may be that of an address book, of a person, or of the server; what is found there is followed to the books.

Source: RFC 6352 (CardDAV), RFC 6764 (finding it), RFC 4918 (WebDAV).
"""

from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import SplitResult, unquote, urljoin, urlsplit
from xml.sax.saxutils import escape

import aiohttp

from gateway.cli.contact_sources.multistatus import CARDDAV, DAV, NotMultistatusError, Resource, resources_in
from gateway.cli.contact_sources.source import SILENCE_S, Access, ContactsError, Source
from gateway.model.contacts import BadContact, WrittenContact
from gateway.model.vcards import written_in

AT_ONCE: Final = 100
"""Cards in one request."""
MAX_ANSWER_BYTES: Final = 64 << 20
"""Of a hundred cards with their pictures, or of a book's list."""
MAX_ROUNDS: Final = 6
"""Redirections on the way to an answer, and one change of how we say who we are."""
_NAMES: Final = f'xmlns="{DAV}" xmlns:c="{CARDDAV}"'
_ABOUT: Final = (
    f"<propfind {_NAMES}><prop><resourcetype/><displayname/><current-user-principal/><c:addressbook-home-set/></prop></propfind>"
)
_LIST: Final = f"<propfind {_NAMES}><prop><resourcetype/><getetag/></prop></propfind>"


@asynccontextmanager
async def opened(url: str, access: Access) -> AsyncIterator[Source]:
    """Open the address books at an address.

    Raises:
        ContactsError: There are none, or they cannot be read; the text says why, and what to do.
    """
    where = urlsplit(url)
    if where.scheme == "http" and access.must_be_hidden_from(where):
        raise ContactsError(f"{url} is not encrypted: write https://, or allow it with --without-tls")
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=SILENCE_S, sock_read=SILENCE_S)
    connector = aiohttp.TCPConnector(ssl=access.trust())
    async with aiohttp.ClientSession(timeout=timeout, connector=connector) as http:
        server = _Server(http, where, access)
        books = await server.books(url)
        cards = [(book, href) for book in books for href in await server.cards(book)]
        said = [f"{book.url}: {book.name}" for book in books]
        yield Source(
            called=f"address book of {where.hostname}", unit="cards", total=len(cards), said=said, contacts=server.contacts(cards)
        )


class _Book:
    def __init__(self, url: str, name: str) -> None:
        self.url = url
        self.name = name


class _Server:
    """Asks one server; nobody else gets the password."""

    def __init__(self, http: aiohttp.ClientSession, where: SplitResult, access: Access) -> None:
        self._http = http
        self._where = where
        self._user = access.user
        self._password = access.password.reveal() if access.password else ""
        self._digest: tuple[aiohttp.DigestAuthMiddleware, ...] = ()

    async def books(self, url: str) -> list[_Book]:
        """Return the address books at an address."""
        at = await self._about(url)
        if at is None and self._where.path in ("", "/"):
            at = await self._about(urljoin(url, "/.well-known/carddav"))
        if at is None:
            raise ContactsError(f"there is no address book at {url}: give the address that the server's page shows for it")
        place, about = at
        if about.has_type(f"{CARDDAV} addressbook"):
            return [_Book(place, about.text(f"{DAV} displayname") or place)]
        homes = about.hrefs(f"{CARDDAV} addressbook-home-set")
        for principal in () if homes else about.hrefs(f"{DAV} current-user-principal"):
            of_person = await self._about(self._inside(principal, place))
            homes += [] if of_person is None else of_person[1].hrefs(f"{CARDDAV} addressbook-home-set")
        # What is no person and no book may be what books lie in.
        found = [book for home in homes or [place] for book in await self._books_in(self._inside(home, place))]
        if not found:
            raise ContactsError(f"{url}: there is no address book; give the address that the server's page shows for one")
        return found

    async def _about(self, url: str) -> tuple[str, Resource] | None:
        place, data = await self._ask("PROPFIND", url, _ABOUT, depth="0", missing_is_none=True)
        if data is None:
            return None
        resources = self._read(place, data)
        known = resources and (
            resources[0].has_type(f"{CARDDAV} addressbook")
            or resources[0].hrefs(f"{CARDDAV} addressbook-home-set")
            or resources[0].hrefs(f"{DAV} current-user-principal")
            or resources[0].has_type(f"{DAV} collection")
        )
        return (place, resources[0]) if known else None

    async def _books_in(self, home: str) -> list[_Book]:
        place, data = await self._ask("PROPFIND", home, _ABOUT, depth="1")
        return [
            _Book(self._inside(each.href, place), each.text(f"{DAV} displayname") or unquote(each.href))
            for each in self._read(place, data)
            if each.has_type(f"{CARDDAV} addressbook")
        ]

    async def cards(self, book: _Book) -> list[str]:
        """Return the addresses of a book's cards."""
        place, data = await self._ask("PROPFIND", book.url, _LIST, depth="1")
        listed = self._read(place, data)
        return [each.href for each in listed if each.href and not each.has_type(f"{DAV} collection")]

    async def contacts(self, cards: Sequence[tuple[_Book, str]]) -> AsyncGenerator[WrittenContact | BadContact, None]:
        """Fetch cards; one that went away meanwhile is nobody's fault."""
        for begin in range(0, len(cards), AT_ONCE):
            by_book: dict[str, list[str]] = {}
            for book, href in cards[begin : begin + AT_ONCE]:
                by_book.setdefault(book.url, []).append(href)
            for url, hrefs in by_book.items():
                for contact in await self._fetch(url, hrefs):
                    yield contact

    async def _fetch(self, book: str, hrefs: Sequence[str]) -> list[WrittenContact | BadContact]:
        wanted = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
        asked = f"<c:addressbook-multiget {_NAMES}><prop><c:address-data/></prop>{wanted}</c:addressbook-multiget>"
        place, data = await self._ask("REPORT", book, asked, depth="1")
        found: list[WrittenContact | BadContact] = []
        for each in self._read(place, data):
            text = each.text(f"{CARDDAV} address-data")
            if text:
                found.extend(written_in(text, unquote(each.href), numbered=False))
        return found

    async def _ask(
        self, method: str, url: str, body: str, *, depth: str, missing_is_none: bool = False
    ) -> tuple[str, bytes | None]:
        """Ask; return where the answer came from, and the answer."""
        headers = {"Depth": depth, "Content-Type": 'application/xml; charset="utf-8"'}
        data = f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode()
        try:
            for _ in range(MAX_ROUNDS):
                async with self._http.request(
                    method, url, data=data, headers=headers | self._proof(), middlewares=self._digest, allow_redirects=False
                ) as answer:
                    if answer.status == 401 and self._user is not None and not self._digest and _wants_digest(answer):
                        self._digest = (aiohttp.DigestAuthMiddleware(self._user, self._password),)
                        continue
                    if answer.status in (301, 302, 303, 307, 308) and "Location" in answer.headers:
                        url = self._inside(answer.headers["Location"], url)
                        continue
                    if answer.status == 207:
                        return url, await self._whole(answer, url)
                    if missing_is_none and answer.status in (400, 404, 405, 501):
                        return url, None
                    raise ContactsError(_why(url, answer))
        except aiohttp.ClientConnectorCertificateError as error:
            why = f"is not trusted ({error.certificate_error}): name its CA with --ca FILE"
            raise ContactsError(f"the certificate of {self._where.hostname} {why}") from error
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise ContactsError(f"{url} cannot be reached: {str(error) or 'it says nothing'}") from error
        raise ContactsError(f"{url} sends us round in a circle: give the address that the server's page shows")

    def _proof(self) -> dict[str, str]:
        if self._user is None or self._digest:
            return {}
        return {"Authorization": f"Basic {b64encode(f'{self._user}:{self._password}'.encode()).decode()}"}

    async def _whole(self, answer: aiohttp.ClientResponse, url: str) -> bytes:
        data = bytearray()
        async for part in answer.content.iter_any():
            data += part
            if len(data) > MAX_ANSWER_BYTES:
                raise ContactsError(f"{url} answers with more than {MAX_ANSWER_BYTES >> 20} MB: that is no address book")
        return bytes(data)

    def _read(self, url: str, data: bytes | None) -> list[Resource]:
        try:
            return resources_in(data or b"")
        except NotMultistatusError as error:
            raise ContactsError(f"{url} does not answer as CardDAV does: {error}") from error

    def _inside(self, href: str, base: str) -> str:
        """Return an address of the same server."""
        url = urljoin(base, href)
        found = urlsplit(url)
        if (found.scheme, found.hostname, found.port) != (self._where.scheme, self._where.hostname, self._where.port):
            raise ContactsError(
                f"{self._where.hostname} sends us to {found.scheme}://{found.netloc}, which does not get the password by itself: "
                f"import from {url} if it is the same company's"
            )
        return url


def _wants_digest(answer: aiohttp.ClientResponse) -> bool:
    """Tell whether the server takes no name and password as they are: Baikal does not, where nobody changed it."""
    ways = [way.split()[0].casefold() for way in answer.headers.getall("WWW-Authenticate", []) if way.strip()]
    return "digest" in ways and "basic" not in ways


def _why(url: str, answer: aiohttp.ClientResponse) -> str:
    if answer.status == 401:
        return f"{url} does not let us in: look at --user and the password (many servers want one made for applications)"
    if answer.status == 403:
        return f"{url} forbids it to this user: give him the right to read the address book there"
    return f"{url} answers {answer.status} {answer.reason}: give the address that the server's page shows for the address book"
