from pathlib import Path

import pytest

from gateway.model.yaml_text import SettingsError
from ivr.cli.served import serving


async def test_a_wrong_dialog_is_refused_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text("itr: 2\n")
    with pytest.raises(SettingsError):
        async with serving(tmp_path / "shop.yaml", tmp_path):
            pass
