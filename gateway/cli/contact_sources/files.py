"""Contacts out of a file: CSV, vCards or LDIF, told apart by what stands in it."""

import csv
from collections.abc import AsyncGenerator, Iterable, Iterator
from pathlib import Path

from gateway.cli.contact_sources.source import ContactsError, Source, mapped, shown
from gateway.model import contact_lists, ldif, vcards
from gateway.model.contacts import BadContact, ContactField, WrittenContact


def read_file(file: Path, *, encoding: str | None, delimiter: str | None, mapping: str | None) -> Source:
    """Read a file.

    Args:
        file: Which.
        encoding: What it is written in; guessed where nobody says it.
        delimiter: What stands between fields of CSV; guessed where nobody says it.
        mapping: What columns or attributes hold, as ``--map`` has it.

    Raises:
        ContactsError: It cannot be read; the text says why, and what to do.
    """
    text, known_as = _text(file, encoding)
    if vcards.is_vcards(text):
        if mapping is not None:
            raise ContactsError(f"{file} has vCards, which say themselves what is what: leave --map out")
        cards = list(vcards.written_in(text, str(file)))
        return _source(file, "cards", cards, [f"{file}: {len(cards):,} vCards in {known_as}"])
    if ldif.is_ldif(text):
        columns = dict(ldif.ATTRIBUTES) | mapped(mapping, None)
        entries = [ldif.written_of(entry, columns, f"{file}:{entry.line}") for entry in ldif.entries_in(text.split("\n"))]
        return _source(file, "entries", entries, [f"{file}: {len(entries):,} entries of LDIF in {known_as}", *shown(columns)])
    return _list(file, text, known_as, delimiter, mapping)


def _text(file: Path, encoding: str | None) -> tuple[str, str]:
    try:
        data = file.read_bytes()
        return contact_lists.decode(data) if encoding is None else (data.decode(encoding), encoding)
    except OSError as error:
        raise ContactsError(f"{file}: {error.strerror}") from error
    except LookupError as error:
        raise ContactsError(f"there is no encoding {encoding}: write one such as utf-8, gb18030, latin-1") from error
    except UnicodeDecodeError as error:
        raise ContactsError(f"{file} is not {encoding} (byte {error.start}): leave --encoding out, or name another") from error


def _list(file: Path, text: str, known_as: str, delimiter: str | None, mapping: str | None) -> Source:
    try:
        between = contact_lists.delimiter_of(text) if delimiter is None else delimiter.replace("\\t", "\t")
        read = contact_lists.read_list(text, between)
    except (csv.Error, TypeError) as error:
        raise ContactsError(f"{file}: {error}") from error
    columns = contact_lists.guess_columns(read.headings) | mapped(mapping, read.headings)
    if not {ContactField.PHONE, ContactField.EMAIL, ContactField.EXTERNAL_ID} & columns.keys():
        there = ", ".join(read.headings) or "none, it is empty"
        raise ContactsError(f"{file}: no column looks like a number. Say which is: --map phone=HEADING. Its headings: {there}")
    said = f"{file}: {len(read.rows):,} lines in {known_as}, fields between {_called(between)}"
    rows = contact_lists.written_in(read, columns, str(file))
    return _source(file, "lines", rows, [said, *shown(columns)], len(read.rows))


def _called(delimiter: str) -> str:
    return {"\t": "tabs", ",": "commas", ";": "semicolons"}.get(delimiter, repr(delimiter))


def _source(
    file: Path, unit: str, found: Iterable[WrittenContact | BadContact], said: list[str], total: int | None = None
) -> Source:
    known = total if total is not None else sum(1 for _ in found)
    return Source(called=f"file {file.name}", unit=unit, total=known, said=said, contacts=_each(iter(found)))


async def _each(found: Iterator[WrittenContact | BadContact]) -> AsyncGenerator[WrittenContact | BadContact, None]:
    for contact in found:
        yield contact
