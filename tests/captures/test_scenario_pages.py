"""The pages that show each PBX's own events are what the recordings say."""

import difflib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.scenario_pages import ALL, DOCS, OVERVIEW, pages

TESTS = Path(__file__).parent.parent


@pytest.mark.parametrize("name", [ALL, OVERVIEW])
def test_the_page_is_what_the_recordings_say(name: str) -> None:
    shown = (DOCS / name).read_text(encoding="utf-8").splitlines()
    stale = list(difflib.unified_diff(shown, pages()[name].splitlines(), name, "as it should be", lineterm=""))
    assert not stale, "run `PYTHONPATH=tests python -m support.scenario_pages`:\n" + "\n".join(stale)


def test_the_command_writes_the_pages_that_are_stale(tmp_path: Path) -> None:
    shutil.copy(DOCS / OVERVIEW, tmp_path)
    (tmp_path / ALL).write_text("stale", encoding="utf-8")
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    command = [sys.executable, "-m", "support.scenario_pages", str(tmp_path)]
    for printed in ([ALL], []):
        run = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=TESTS.parent)
        assert (run.returncode, run.stdout.split(), run.stderr) == (0, printed, "")
    assert (tmp_path / ALL).read_text(encoding="utf-8") == pages()[ALL]
