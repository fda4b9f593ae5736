"""What happens now on a real Asterisk with the FreePBX-style site is told as truly as what was recorded of it."""

from pathlib import Path

import pytest
from rig.freepbx_record import load_scenarios
from rig.freepbx_site import FreepbxAsterisk
from rig.freepbx_stage import SCENARIOS, FreepbxEnsemble, record
from support.replaying import records
from support.truth import compare, read_truth

pytestmark = [pytest.mark.live, pytest.mark.slow]


async def test_records_agree_with_what_the_telephones_saw(tmp_path: Path) -> None:
    load_scenarios()
    async with FreepbxAsterisk() as pbx, FreepbxEnsemble(pbx) as ensemble:
        for name in ("queue_attended_refer", "followme_confirmed", "page_local"):
            folder = tmp_path / name
            await record(SCENARIOS[name], ensemble, folder)
            assert compare(read_truth(folder), records(folder)) == []
