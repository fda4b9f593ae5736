"""One gateway with a real Asterisk and a simulated FreeSWITCH under load, the bench's soak made short."""

from pathlib import Path

import pytest
from bench.soak_two_makes import TwoMakes, report, soak_two_makes

pytestmark = [pytest.mark.live, pytest.mark.slow]


async def test_every_call_of_both_makes_is_told_truly_and_shown_on_one_page(tmp_path: Path) -> None:
    how = TwoMakes(seconds=6.0, per_second=10.0)
    result = await soak_two_makes(how, tmp_path)
    assert result.is_well, report(how, result)
    assert (result.asterisk.calls, result.freeswitch) == (60, 60)
    assert min(len(result.looks.asterisk), len(result.looks.freeswitch)) > 10, report(how, result)
