"""``tieline contacts import|export``: customers out of files, address books and directories, and back into a CSV file.

The gateway may run meanwhile.
"""

import argparse
import asyncio
import csv
import getpass
import secrets
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from pathlib import Path
from typing import Final, TextIO

import msgspec

from gateway.cli.contact_sources import carddav, ldap
from gateway.cli.contact_sources.files import read_file
from gateway.cli.contact_sources.source import Access, ContactsError, Source
from gateway.cli.progress import Progress
from gateway.cli.tables import printable
from gateway.model.contacts import EXPORTED, BadContact, Contact, contact_of, exported_row
from gateway.model.customers import Person
from gateway.model.errors import ConfigurationError, UsageError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.secret import Secret
from gateway.model.site import Site
from gateway.session.contacts import ContactImport
from gateway.session.people import People
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.settings.values import Settings
from gateway.store.customers import SqlCustomers
from gateway.store.opening import database_of, make_ready
from gateway.store.urls import MEMORY

AT_ONCE: Final = 1_000
"""Contacts in one transaction: short enough that the gateway does not wait for it noticeably."""


def run(options: argparse.Namespace) -> int:
    """Import or export; returns 0 when everybody was taken over."""
    settings = load_settings(options.config)
    if settings.store.url == MEMORY:
        raise ConfigurationError(f"{options.config} keeps customers in memory (store.url): there is no database")
    if options.command == "contacts export":
        return asyncio.run(_export(settings, options.file))
    sites = tuple(dict.fromkeys(entry.site for entry in settings.connectors))
    if options.region is not None:
        sites = tuple(msgspec.structs.replace(site, region=options.region.upper()) for site in sites[:1])
    return asyncio.run(_import(settings, options, sites))


async def _import(settings: Settings, options: argparse.Namespace, sites: Sequence[Site]) -> int:
    async with _opened(options) as source, _customers(settings) as customers:
        sys.stderr.write("".join(f"{printable(line)}\n" for line in source.said))
        taking = ContactImport(customers, DEFAULT_TENANT, source.called, now=time.time, random_bytes=secrets.token_bytes)
        desk = _Desk(taking, source, dry_run=options.dry_run)
        try:
            async with aclosing(source.contacts) as contacts:
                async for written in contacts:
                    for each in (written,) if isinstance(written, BadContact) else contact_of(written, sites):
                        await desk.take(each)
        except ContactsError:
            # What was read before a server went away is not lost.
            await desk.rest()
            sys.stderr.write(f"until then: {desk.result()}\n")
            raise
        await desk.rest()
    sys.stdout.write(f"{desk.result()}\n")
    return 1 if desk.bad else 0


class _Desk:
    """Takes contacts over, many at once, and tells of those that it cannot."""

    def __init__(self, taking: ContactImport, source: Source, *, dry_run: bool) -> None:
        self._taking = taking
        self._dry_run = dry_run
        self._unit = source.unit
        self._progress = Progress(source.total, source.unit, sys.stderr)
        self._held: list[Contact] = []
        self._done = 0
        self.bad = 0

    async def take(self, contact: Contact | BadContact) -> None:
        """Take somebody over, now or with those that come next."""
        if isinstance(contact, Contact):
            self._held.append(contact)
        else:
            self.bad += 1
            self._progress.clear()
            text = f"{contact.place}: {contact.reason}{'' if contact.whole else ' (the rest was taken)'}"
            sys.stderr.write(f"{printable(text)}\n")
        self._done += isinstance(contact, Contact) or contact.whole
        self._progress.at(self._done, f"{self.bad:,} bad" if self.bad else "")
        if len(self._held) >= AT_ONCE:
            await self._put()

    async def rest(self) -> None:
        """Take over those that are left."""
        await self._put()
        self._progress.clear()

    def result(self) -> str:
        """Return what became of all of them."""
        imported, would = self._taking.imported, "would be " if self._dry_run else ""
        told = f"{imported.added:,} {would}added, {imported.changed:,} {would}changed, {imported.unchanged:,} as they were"
        return f"{told}, {self.bad:,} {self._unit} with faults" if self.bad else told

    async def _put(self) -> None:
        held, self._held = self._held, []
        await self._taking.take(held, dry_run=self._dry_run)


def _opened(options: argparse.Namespace) -> AbstractAsyncContextManager[Source]:
    source: str = options.source
    scheme = source.partition("://")[0].casefold() if "://" in source else ""
    if scheme in ("http", "https"):
        if options.map is not None:
            raise UsageError("--map is for CSV, LDIF and directories: an address book says itself what is what")
        return carddav.opened(source, _access(options))
    if scheme in ("ldap", "ldaps"):
        return ldap.opened(source, _access(options), options.map)
    if scheme:
        raise UsageError(
            f"{source}: there is no {scheme}://, but https:// for address books (CardDAV), and ldaps:// for directories"
        )
    return _file(options)


@asynccontextmanager
async def _file(options: argparse.Namespace) -> AsyncIterator[Source]:
    yield read_file(Path(options.source), encoding=options.encoding, delimiter=options.delimiter, mapping=options.map)


def _access(options: argparse.Namespace) -> Access:
    password: str | None = None
    if options.password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif options.user is not None:
        if not sys.stdin.isatty():
            raise UsageError(f"the password of {options.user} is missing: add --password-stdin, and give it on standard input")
        password = getpass.getpass(f"Password of {options.user}: ")
    if options.user is None and password is not None:
        raise UsageError("whose password is it? Say so with --user")
    return Access(
        user=options.user,
        password=None if password is None else Secret(password),
        ca=options.ca,
        without_tls=options.without_tls,
    )


async def _export(settings: Settings, file: Path | None) -> int:
    async with _customers(settings) as customers:
        people = People(customers, DEFAULT_TENANT, now=time.time)
        try:
            if file is None:
                await _write(people, sys.stdout)
            else:
                # The mark tells Excel that it is UTF-8.
                with file.open("w", encoding="utf-8-sig", newline="") as opened:
                    sys.stdout.write(f"{file} has {await _write(people, opened):,} customers\n")
        except BrokenPipeError:
            raise
        except OSError as error:
            raise ContactsError(f"{file}: {error.strerror}") from error
    return 0


async def _write(people: People, to: TextIO) -> int:
    writer = csv.writer(to)
    writer.writerow(EXPORTED)
    count = 0
    async for person in _everybody(people):
        writer.writerow(exported_row(person))
        count += 1
    return count


async def _everybody(people: People) -> AsyncIterator[Person]:
    after = None
    while True:
        page, after = await people.page(words=None, after=after, limit=AT_ONCE)
        for person in page:
            yield person
        if after is None:
            return


@asynccontextmanager
async def _customers(settings: Settings) -> AsyncIterator[SqlCustomers]:
    """Open the database beside a gateway that may use it; where none does, its schema is brought up to date."""
    database = database_of(settings.store.url, settings.store.password, state_folder(settings.state_dir))
    try:
        await make_ready(database)
        yield SqlCustomers(database, beside_gateway=True)
    finally:
        await database.close()
