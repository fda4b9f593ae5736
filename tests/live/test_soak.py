"""Load on a real Asterisk with trouble on the wire, the bench's soak made short: every call has its record, and it is true."""

from pathlib import Path

import pytest
from bench.soak import Soak, Trouble, report, soak

pytestmark = [pytest.mark.live, pytest.mark.slow]


async def test_every_call_is_told_truly_though_the_wire_is_cut_and_stalled(tmp_path: Path) -> None:
    how = Soak(seconds=15.0, troubles=(Trouble.STALL, Trouble.CUT))
    result = await soak(how, tmp_path)
    assert not result.verdict.wrong, report(how, result)
    assert not result.verdict.unknown, report(how, result)
    assert len(result.gaps) == 1
    assert result.verdict.covered > 20


async def test_a_reader_who_is_given_up_declares_as_a_gap_what_he_missed(tmp_path: Path) -> None:
    how = Soak(seconds=10.0, troubles=(Trouble.LATE_CUT,), seed=7, asterisk=16)
    result = await soak(how, tmp_path)
    assert not result.verdict.wrong, report(how, result)
    assert not result.verdict.unknown, report(how, result)
    (gap,) = result.gaps
    assert gap.ended_at - gap.began_at > 1.0
