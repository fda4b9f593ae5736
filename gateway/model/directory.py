"""Who sits at which extension: what was found at a PBX, and what people say instead. Pure."""

import csv
import io
from enum import StrEnum
from typing import Final

import msgspec

from gateway.model.site import Site

MAX_NAME: Final = 200
"""Characters of a name."""
MAX_ENTRIES: Final = 50_000
"""Of one PBX or one file."""
_EXTENSION_HEADINGS: Final = ("extension", "ext", "number", "分机", "分机号")
_NAME_HEADINGS: Final = ("name", "agent", "fullname", "displayname", "姓名", "名称")


class Source(StrEnum):
    """Where a name comes from; by the first of these where several know one."""

    USERS = "users"
    """The PBX's own list of users (FreePBX keeps it in the Asterisk database under ``AMPUSER``)."""
    ENDPOINTS = "endpoints"
    """The telephones that it knows."""
    MEMBERS = "members"
    """The members of its queues."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An extension that a PBX told of."""

    extension: str
    name: str | None
    source: Source


class Directory(msgspec.Struct, frozen=True, kw_only=True):
    """What a PBX told of its users and queues."""

    agents: tuple[Found, ...] = ()
    queues: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    """For the operator: what could not be read, why, and what to change where."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an extension."""

    extension: str
    found_name: str | None = None
    source: Source | None = None
    """None where only people named it."""
    own_name: str | None = None
    """By hand: it is shown whatever the PBX says."""

    @property
    def name(self) -> str | None:
        """The name to show."""
        return self.own_name or self.found_name


class CsvDirectory(msgspec.Struct, frozen=True, kw_only=True):
    """What a file of names holds."""

    names: dict[str, str]
    """By extension."""
    refused: tuple[str, ...]
    """A line each: its number, and why it was left out."""


class CsvError(ValueError):
    """The file is none of names: whoever made it must act."""


def best_of(found: list[Found], site: Site) -> tuple[Found, ...]:
    """Return each extension of the site once: the name from the best source that has one."""
    ranks = {source: rank for rank, source in enumerate(Source)}
    best: dict[str, Found] = {}
    for each in sorted(found, key=lambda each: (each.extension, not each.name, ranks[each.source])):
        if site.is_extension(each.extension):
            best.setdefault(each.extension, each)
    return tuple(best.values())


def read_csv(text: str, site: Site) -> CsvDirectory:
    """Read names by extension from a table with a heading, in any order of columns, with commas, semicolons or tabs.

    Raises:
        CsvError: It has no heading with an extension and a name, or too many lines.
    """
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")), delimiter=delimiter)
    heading = [_plain(cell) for cell in next(rows, [])]
    extension_at = next((heading.index(word) for word in _EXTENSION_HEADINGS if word in heading), None)
    name_at = next((heading.index(word) for word in _NAME_HEADINGS if word in heading), None)
    if extension_at is None or name_at is None:
        raise CsvError("the first line must name the columns: one `extension`, one `name`")
    names: dict[str, str] = {}
    refused: list[str] = []
    for row in rows:
        if not any(cell.strip() for cell in row):
            continue
        line = rows.line_num
        extension, name = (row[at].strip() if at < len(row) else "" for at in (extension_at, name_at))
        if not site.is_extension(extension):
            refused.append(f"line {line}: {extension!r} is no extension of this site ({site.extensions})")
        elif not name or len(name) > MAX_NAME:
            refused.append(f"line {line}: {extension} has no name" if not name else f"line {line}: the name is too long")
        elif len(names) >= MAX_ENTRIES:
            raise CsvError(f"it has more than {MAX_ENTRIES} lines")
        else:
            names[extension] = name
    return CsvDirectory(names=names, refused=tuple(refused))


def _plain(heading: str) -> str:
    return "".join(character for character in heading.lower() if character.isalnum())
