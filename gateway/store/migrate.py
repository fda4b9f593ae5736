"""Brings a database's schema up to date, in one transaction where the database can."""

import logging
from pathlib import Path
from typing import Any, Final

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from gateway.model.errors import StoreSchemaError
from gateway.store.metadata import METADATA

HEAD: Final = "head"

# It reports each connection as news; what an operator should know of migrations we say ourselves.
logging.getLogger("alembic").setLevel(logging.WARNING)


def migrate(connection: Connection, to: str = HEAD) -> tuple[str | None, str]:
    """Bring the schema to revision ``to`` and return the revisions before and after; None is an empty database.

    The caller's transaction decides whether it stands.

    Raises:
        StoreSchemaError: A later version wrote it.
    """
    config, script = Config(), _script()
    before = revision_of(connection)
    known = {each.revision for each in script.walk_revisions()}
    for revision in (before, to):
        if revision not in (None, HEAD, *known):
            raise StoreSchemaError(
                f"the schema is {revision}, this version knows up to {script.get_current_head()}: install the version that wrote "
                "it or a later one"
            )

    def steps(revision: Any, _context: MigrationContext) -> Any:
        # As alembic's own command does it.
        return script._upgrade_revs(to, revision)

    with EnvironmentContext(config, script, fn=steps, destination_rev=to) as environment:
        environment.configure(connection=connection, target_metadata=METADATA)
        environment.run_migrations()
    return before, revision_of(connection) or ""


def revision_of(connection: Connection) -> str | None:
    """Return the schema's revision; None where there is none yet."""
    return MigrationContext.configure(connection).get_current_revision()


def latest() -> str:
    """Return the revision that this version works with."""
    return _script().get_current_head() or ""


def _script() -> ScriptDirectory:
    return ScriptDirectory(str(Path(__file__).parent / "migrations"))
