"""A gateway that is killed (-9) under load and started again: nothing told is taken back, nothing is doubled or invented."""

from pathlib import Path

import pytest
from bench.soak_killed import Killed, report, soak_killed
from support.postgres import postgres

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
async def test_every_call_has_one_true_record_and_every_event_comes_once(database: str, tmp_path: Path) -> None:
    how = Killed(seconds=20.0, per_second=15.0, kills=2)
    if database == "sqlite":
        result = await soak_killed(how, tmp_path)
    else:
        with postgres() as cluster:
            how = Killed(seconds=20.0, per_second=15.0, kills=2, seed=7, store_url=cluster.database())
            result = await soak_killed(how, tmp_path)

    assert result.is_well, report(how, result)
    assert len(result.gaps) == 2
    assert (result.verdict.calls, result.verdict.covered > 20) == (300, True)
