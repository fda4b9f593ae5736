"""How the suite's tests are given to several workers, shown by a small suite of its own under this project's settings."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest
from support.side_by_side import FIRST

TOP: Final = Path(__file__).parent.parent
MODULES: Final = (
    "tests/test_one.py",
    "tests/test_two.py",
    "tests/gateway/test_three.py",
    "tests/live/test_browser.py",
    "tests/live/test_telephone.py",
    *FIRST[:2],
)
TEST: Final = """
import os
import time
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", range(4))
def test_it(number):
    with Path("diary").open("a") as diary:
        diary.write(f"{os.environ['PYTEST_XDIST_WORKER']} {Path(__file__).relative_to(Path.cwd())} {number}\\n")
    time.sleep(0.02)
    assert number != (2 if "two" in __file__ else None)
"""


def run(folder: Path, workers: int) -> tuple[subprocess.CompletedProcess[str], list[tuple[str, str, int]]]:
    """Run the small suite; returns also who ran what: worker, module, number."""
    shutil.copy(TOP / "pyproject.toml", folder)
    for shared in ("conftest.py", "support/side_by_side.py"):
        (folder / "tests" / shared).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TOP / "tests" / shared, folder / "tests" / shared)
    for module in MODULES:
        (folder / module).parent.mkdir(parents=True, exist_ok=True)
        (folder / module).write_text(TEST)
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:hypothesispytest", "-n", str(workers)],
        cwd=folder,
        env=os.environ | {"CI": "true"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    lines = [line.split() for line in (folder / "diary").read_text().splitlines()]
    return ran, [(worker, module, int(number)) for worker, module, number in lines]


@pytest.mark.parametrize("workers", [1, 2])
def test_each_module_is_run_once_by_one_worker_and_one_worker_begins_with_what_waits(tmp_path: Path, workers: int) -> None:
    ran, diary = run(tmp_path, workers)

    assert sorted({module for _, module, _ in diary}) == sorted(MODULES)
    for module in MODULES:
        assert [number for _, each, number in diary if each == module] == [0, 1, 2, 3]
        assert len({worker for worker, each, _ in diary if each == module}) == 1
    first = [next(module for by, module, _ in diary if by == worker) for worker in {worker for worker, _, _ in diary}]
    assert [module for module in first if module.startswith("tests/live/")] == [FIRST[0]]
    assert ran.returncode == 1
    assert re.search(r"= 1 failed, 27 passed in \d+\.\d+s =+$", ran.stdout.splitlines()[-1]), ran.stdout + ran.stderr


def test_modules_to_begin_with_are_there() -> None:
    assert [module for module in FIRST if not (TOP / module).is_file()] == []
