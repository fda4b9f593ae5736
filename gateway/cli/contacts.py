"""``tieline contacts import|export``: customers out of a CSV file, and back into one. The gateway may run meanwhile."""

import argparse
import asyncio
import csv
import secrets
import sys
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from pathlib import Path
from typing import Final, TextIO

import msgspec

from gateway.cli.progress import Progress
from gateway.model.contacts import (
    EXPORTED,
    SEVERAL,
    BadLine,
    Contact,
    ContactField,
    ContactList,
    contacts_of,
    decode,
    delimiter_of,
    exported_row,
    guess_columns,
    read_list,
)
from gateway.model.customers import Person
from gateway.model.errors import ConfigurationError, TielineError
from gateway.model.ids import DEFAULT_TENANT
from gateway.model.site import Site
from gateway.session.contacts import ContactImport, Imported
from gateway.session.people import People
from gateway.settings.folders import state_folder
from gateway.settings.load import load_settings
from gateway.settings.values import Settings
from gateway.store.customers import SqlCustomers
from gateway.store.opening import database_of, make_ready
from gateway.store.urls import MEMORY

AT_ONCE: Final = 1_000
"""Contacts in one transaction: short enough that the gateway does not wait for it noticeably."""


class ContactsError(TielineError):
    """A list of contacts cannot be read or written; whoever gave it must act."""


def run(options: argparse.Namespace) -> int:
    """Import or export; returns 0 when every line was taken over."""
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
    file: Path = options.file
    read, columns, how = _read(file, options)
    sys.stderr.write(f"{file}: {how}\n" + "".join(f"  {_shown(field, columns)}\n" for field in columns))
    bad = lines = 0
    progress = Progress(len(read.rows), "lines", sys.stderr)
    async with _customers(settings) as customers:
        taking = ContactImport(customers, DEFAULT_TENANT, f"file {file.name}", now=time.time, random_bytes=secrets.token_bytes)
        found = contacts_of(read, columns, sites)
        while part := list(islice(found, AT_ONCE)):
            contacts = [each for each in part if isinstance(each, Contact)]
            for each in part:
                if isinstance(each, BadLine):
                    bad += 1
                    progress.clear()
                    sys.stderr.write(f"{file}:{each.line}: {each.reason}{'' if each.whole else ' (the rest was taken)'}\n")
            await taking.take(contacts, dry_run=options.dry_run)
            lines += len(contacts) + sum(1 for each in part if isinstance(each, BadLine) and each.whole)
            progress.at(lines, f"{bad:,} bad" if bad else "")
    progress.clear()
    sys.stdout.write(_result(taking.imported, bad, dry_run=options.dry_run) + "\n")
    return 1 if bad else 0


def _result(imported: Imported, bad: int, *, dry_run: bool) -> str:
    would = "would be " if dry_run else ""
    told = f"{imported.added:,} {would}added, {imported.changed:,} {would}changed, {imported.unchanged:,} as they were"
    return f"{told}, {bad:,} lines with faults" if bad else told


def _read(file: Path, options: argparse.Namespace) -> tuple[ContactList, Mapping[ContactField, Sequence[str]], str]:
    try:
        data = file.read_bytes()
        text, encoding = decode(data) if options.encoding is None else (data.decode(options.encoding), options.encoding)
    except OSError as error:
        raise ContactsError(f"{file}: {error.strerror}") from error
    except LookupError as error:
        raise ContactsError(f"there is no encoding {options.encoding}: write one such as utf-8, gb18030, latin-1") from error
    except UnicodeDecodeError as error:
        raise ContactsError(
            f"{file} is not {options.encoding} (byte {error.start}): leave --encoding out, or name another"
        ) from error
    try:
        delimiter = delimiter_of(text) if options.delimiter is None else options.delimiter.replace("\\t", "\t")
        read = read_list(text, delimiter)
    except (csv.Error, TypeError) as error:
        raise ContactsError(f"{file}: {error}") from error
    columns = guess_columns(read.headings) | _mapped(options.map, read.headings)
    if not {ContactField.PHONE, ContactField.EMAIL, ContactField.EXTERNAL_ID} & columns.keys():
        there = ", ".join(read.headings) or "none, it is empty"
        raise ContactsError(f"{file}: no column looks like a number. Say which is: --map phone=HEADING. Its headings: {there}")
    return read, columns, f"{len(read.rows):,} lines in {encoding}, fields between {_called(delimiter)}"


def _mapped(asked: str | None, headings: Sequence[str]) -> dict[ContactField, list[str]]:
    """Read ``phone=Tel,phone=Mobile,name=Full name``."""
    columns: dict[ContactField, list[str]] = {}
    for pair in filter(None, (asked or "").split(",")):
        field, _, heading = pair.partition("=")
        if field not in set(ContactField):
            raise ContactsError(f"--map {pair}: there is no {field!r}, but {', '.join(ContactField)}")
        if heading not in headings:
            raise ContactsError(f"--map {pair}: the file has no heading {heading!r}, but {', '.join(headings)}")
        columns.setdefault(ContactField(field), []).append(heading)
        if len(columns[ContactField(field)]) > 1 and ContactField(field) not in SEVERAL:
            raise ContactsError(f"--map {pair}: there can be one {field} only")
    return columns


def _shown(field: ContactField, columns: Mapping[ContactField, Sequence[str]]) -> str:
    return f"{field:<12} {', '.join(columns[field])}"


def _called(delimiter: str) -> str:
    return {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(delimiter, repr(delimiter))


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
