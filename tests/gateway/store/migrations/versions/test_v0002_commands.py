from pathlib import Path

import pytest
import sqlalchemy as sa

from gateway.store.engines import engine_of
from gateway.store.migrate import migrate
from gateway.store.urls import parse_url

ROW = "INSERT INTO commands VALUES ('default', '{}', {}, 'e', 'token', NULL, NULL, 'hang_up', 'sending', 1.0, NULL, x'7b7d')"


async def test_commands_have_a_table_in_which_no_key_stands_twice(tmp_path: Path) -> None:
    engine = engine_of(parse_url(f"sqlite:///{tmp_path}/tieline.db"))
    async with engine.begin() as connection:
        assert await connection.run_sync(lambda plain: migrate(plain, "0002")) == (None, "0002")
        for number, key in enumerate(("NULL", "NULL", "'one'")):
            await connection.execute(sa.text(ROW.format(number, key)))
        with pytest.raises(sa.exc.IntegrityError):
            await connection.execute(sa.text(ROW.format("3", "'one'")))
    await engine.dispose()
