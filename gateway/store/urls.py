"""What a store's URL says."""

from pathlib import Path
from typing import Final

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from gateway.model.errors import ConfigurationError

MEMORY: Final = "memory:"
"""The URL of a store that ends with the process."""
_DRIVERS: Final = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}


def parse_url(text: str) -> URL:
    """Read a store's URL, ``sqlite:////var/lib/tieline/tieline.db`` or ``postgresql://user:secret@host/database``.

    Raises:
        ConfigurationError: It is none of these.
    """
    cure = "write sqlite:////path/to/file.db, postgresql://user:secret@host/database or memory:"
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError(f"store.url is no database URL: {cure}") from error
    driver = _DRIVERS.get(url.drivername)
    if driver is None or not url.database:
        raise ConfigurationError(f"store.url names {url.drivername!r} and database {url.database!r}: {cure}")
    return url.set(drivername=driver)


def file_of(url: URL) -> Path | None:
    """Return SQLite's file; None for other databases."""
    return Path(url.database) if url.drivername.startswith("sqlite") and url.database else None
