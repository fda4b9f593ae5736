"""What every source of contacts gives, and how it is let in where it is a server."""

import ssl
from collections.abc import AsyncGenerator, Mapping, Sequence
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult

import msgspec

from gateway.model.contacts import SEVERAL, BadContact, ContactField, WrittenContact
from gateway.model.errors import TielineError
from gateway.model.secret import Secret

SILENCE_S: Final = 60.0
"""How long a server may say nothing before it is given up."""


class ContactsError(TielineError):
    """Contacts cannot be read or written; whoever gave them must act."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Contacts, on their way."""

    called: str
    """By what the claims are said: ``file contacts.csv``."""
    unit: str
    """What it counts: ``lines``."""
    total: int | None
    """How many there are; None where nobody knows before the end."""
    said: Sequence[str]
    """What was found and how it is read, a line each."""
    contacts: AsyncGenerator[WrittenContact | BadContact, None]


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """How a server lets us in."""

    user: str | None = None
    password: Secret | None = None
    ca: Path | None = None
    """Whose certificates are trusted besides the system's: PEM."""
    without_tls: bool = False
    """Whether name, password and contacts may go over the network for all to read."""

    def trust(self) -> ssl.SSLContext:
        """Return whose certificates are trusted.

        Raises:
            ContactsError: The file has none.
        """
        context = ssl.create_default_context()
        if self.ca is not None:
            try:
                context.load_verify_locations(self.ca)
            except (OSError, ssl.SSLError) as error:
                raise ContactsError(f"{self.ca}: no certificates in PEM ({error})") from error
        return context

    def must_be_hidden_from(self, url: SplitResult) -> bool:
        """Tell whether what is said to this host must be encrypted."""
        return not (self.without_tls or is_here(url.hostname or ""))


def is_here(host: str) -> bool:
    """Tell whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def mapped(asked: str | None, there: Sequence[str] | None) -> dict[ContactField, list[str]]:
    """Read ``phone=Tel,phone=Mobile,name=Full name``.

    Args:
        asked: What stands on the command line.
        there: The headings that there are; None where anything may be.

    Raises:
        ContactsError: It names what is not there.
    """
    columns: dict[ContactField, list[str]] = {}
    for pair in filter(None, (asked or "").split(",")):
        field, _, heading = pair.partition("=")
        if field not in set(ContactField):
            raise ContactsError(f"--map {pair}: there is no {field!r}, but {', '.join(ContactField)}")
        if not heading:
            raise ContactsError(f"--map {pair} names nothing that holds it: write {field}=NAME")
        if there is not None and heading not in there:
            raise ContactsError(f"--map {pair}: the file has no heading {heading!r}, but {', '.join(there)}")
        columns.setdefault(ContactField(field), []).append(heading)
        if len(columns[ContactField(field)]) > 1 and ContactField(field) not in SEVERAL:
            raise ContactsError(f"--map {pair}: there can be one {field} only")
    return columns


def shown(columns: Mapping[ContactField, Sequence[str]]) -> list[str]:
    """Return what is taken for what, a line each."""
    return [f"  {field:<12} {', '.join(columns[field])}" for field in columns]
