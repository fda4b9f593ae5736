from pathlib import Path

import pytest

from gateway.model.errors import ConfigurationError
from gateway.store.urls import file_of, parse_url


@pytest.mark.parametrize(
    ("text", "driver", "file"),
    [
        ("sqlite:////var/lib/tieline/tieline.db", "sqlite+aiosqlite", Path("/var/lib/tieline/tieline.db")),
        ("postgresql://tieline@db.example/tieline", "postgresql+asyncpg", None),
        ("postgres://tieline@db.example/tieline", "postgresql+asyncpg", None),
    ],
)
def test_a_url_names_a_database(text: str, driver: str, file: Path | None) -> None:
    url = parse_url(text)
    assert (url.drivername, file_of(url)) == (driver, file)


@pytest.mark.parametrize("text", ["", "nothing", "mysql://db/x", "sqlite://", "postgresql://host", "sqlite+pysqlite:///x.db"])
def test_what_is_no_store_is_refused_with_its_cure(text: str) -> None:
    with pytest.raises(ConfigurationError, match="write sqlite:"):
        parse_url(text)
