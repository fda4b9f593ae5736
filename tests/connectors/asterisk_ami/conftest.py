from pathlib import Path

import pytest
from support.ami_bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A scripted PBX and a connector to it."""
    return Bench(tmp_path / "state")
