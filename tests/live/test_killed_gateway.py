"""A gateway that is killed (-9) under load and started again: nothing told is taken back, nothing is doubled or invented."""

from pathlib import Path

import pytest
from bench.soak_killed import Killed, soak_killed
from support.postgres import postgres

pytestmark = [pytest.mark.live, pytest.mark.slow]

HOW_MANY = ("records [", "nobody called", "has not ended", "a gap of")
"""How a verdict names a record that is missing, doubled, invented or open, and a gap that is too long."""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_every_call_has_one_record_and_every_event_comes_once(database: str, tmp_path: Path) -> None:
    if database == "sqlite":
        result = await soak_killed(Killed(seconds=30.0, per_second=10.0, kills=3), tmp_path)
    else:
        with postgres() as cluster:
            how = Killed(seconds=30.0, per_second=10.0, kills=3, store_url=cluster.database())
            result = await soak_killed(how, tmp_path)

    assert result.wrong_events == []
    assert [line for line in result.verdict.wrong if any(sign in line for sign in HOW_MANY)] == []
    assert len(result.gaps) == 3
    assert result.verdict.calls == 300
