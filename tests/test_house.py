"""The house rules hold by themselves: what setup, locks and the test run promise."""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

TOP: Final = Path(__file__).parent.parent
REQUIREMENTS: Final = TOP / "requirements"
LOCKS: Final = sorted(REQUIREMENTS.glob("*.lock"))

PYTEST: Final = ".venv/bin/python -m pytest -n auto --maxprocesses 4"

LEAK: Final = """
import asyncio
async def test_leaks():
    asyncio.get_running_loop().leaked = asyncio.create_task(asyncio.Event().wait(), name="the-leaked-one")
"""
CLEANED_UP: Final = """
import asyncio
import contextlib
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
@pytest.fixture
async def server():
    task = asyncio.create_task(asyncio.Event().wait())
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
async def test_uses_it(server):
    pass
"""
SKIP: Final = """
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
def test_skips():
    pytest.skip("no telephone")
"""
SKIP_MODULE: Final = """
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
pytest.skip("no browser", allow_module_level=True)
"""
WARNING: Final = """
import warnings
def test_warns():
    warnings.warn("old", DeprecationWarning)
"""
UNCLOSED: Final = """
import socket
class Lost:
    pass
def test_drops_it():
    lost = Lost()
    lost.itself = lost
    lost.socket = socket.socket()
"""
UNKNOWN_MARK: Final = """
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
@pytest.mark.lively
def test_is_marked():
    pass
"""


def run_pytest(folder: Path, source: str, *, ci: bool) -> subprocess.CompletedProcess[str]:
    """Run one test module under this project's own conftest and settings."""
    shutil.copy(TOP / "pyproject.toml", folder)
    (folder / "tests").mkdir()
    shutil.copy(TOP / "tests" / "conftest.py", folder / "tests")
    (folder / "tests" / "test_it.py").write_text(source)
    environment = {key: value for key, value in os.environ.items() if key != "CI"} | ({"CI": "true"} if ci else {})
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("source", "ci", "status", "said"),
    [
        pytest.param(LEAK, False, 1, "tasks outlive the test: the-leaked-one", id="leaked task"),
        pytest.param(CLEANED_UP, True, 0, "1 passed", id="task that its fixture ends"),
        pytest.param(SKIP, False, 0, "1 skipped", id="skip at a desk"),
        pytest.param(SKIP, True, 1, "nothing may be skipped where CI is set", id="skip on CI"),
        pytest.param(SKIP_MODULE, True, 2, "nothing may be skipped where CI is set", id="skipped module on CI"),
        pytest.param(WARNING, False, 1, "DeprecationWarning: old", id="warning"),
        pytest.param(UNCLOSED, False, 1, "1 passed, 1 error in", id="unclosed socket that is found in the end"),
        pytest.param(UNKNOWN_MARK, False, 2, "'lively' not found", id="undeclared marker"),
    ],
)
def test_run_refuses_what_it_should(tmp_path: Path, source: str, ci: bool, status: int, said: str) -> None:
    run = run_pytest(tmp_path, source, ci=ci)
    assert said in run.stdout, run.stdout + run.stderr
    assert run.returncode == status
    assert re.search(r"in \d+\.\d+s =+$", run.stdout.rstrip()), "the last line is the summary"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_lock_has_a_hash_for_each_version_and_no_address(lock: Path) -> None:
    text = lock.read_text(encoding="utf-8")
    assert "://" not in text
    assert "--index-url" not in text
    entries = [entry for entry in re.split(r"(?m)^(?=\S)", text) if entry.strip() and not entry.startswith("#")]
    assert entries
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+==\S+", entry), entry
        assert "--hash=sha256:" in entry, entry


def locked(lock: Path) -> dict[str, str]:
    found = re.findall(r"(?m)^([A-Za-z0-9._-]+)==(\S+)", lock.read_text(encoding="utf-8"))
    return dict(found)


def test_suite_runs_on_the_versions_that_the_product_ships_with() -> None:
    runtime, dev = locked(REQUIREMENTS / "runtime.lock"), locked(REQUIREMENTS / "dev.lock")
    assert {name: dev.get(name) for name in runtime} == runtime


def test_what_was_set_up_is_not_set_up_again() -> None:
    run = subprocess.run([REQUIREMENTS / "setup.sh", "test"], capture_output=True, text=True, timeout=60, cwd=TOP)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")


def set_up_poor_machine(folder: Path, group: str, system: str) -> subprocess.CompletedProcess[str]:
    """Set up where there are no apt, no sudo, no Python and none of the programs that ``system`` (a system.txt) asks for."""
    programs = folder / "bin"
    programs.mkdir()
    for program in ("sh", "dirname", "cat", "sha256sum", "flock", "id", "grep", "sed", "paste"):
        found = shutil.which(program)
        assert found is not None, program
        (programs / program).symlink_to(found)
    clone = folder / "clone"
    shutil.copytree(REQUIREMENTS, clone / "requirements")
    shutil.copy(TOP / "pyproject.toml", clone)
    (clone / "requirements" / "system.txt").write_text(system)
    return subprocess.run(
        ["sh", "requirements/setup.sh", group],
        cwd=clone,
        env={"PATH": str(programs), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_missing_python_is_one_clear_line(tmp_path: Path) -> None:
    run = set_up_poor_machine(tmp_path, "run", (REQUIREMENTS / "system.txt").read_text())
    assert run.returncode == 1
    assert run.stderr == (
        "tieline: Python 3.11 or newer with its venv module is missing: "
        "as root, 'apt-get install python3 python3-venv tzdata', then again\n"
    )


def test_missing_system_packages_are_one_clear_line_and_the_rest_goes_on(tmp_path: Path) -> None:
    here = "test shell sh why\ntest passwords /etc/passw* why\n"
    run = set_up_poor_machine(
        tmp_path, "test", here + "run python3 python3 why\ntest sip-tester sipp why\ntest atomic /no/such* why\n"
    )
    lines = run.stderr.splitlines()
    assert lines[0] == (
        "tieline: missing: sip-tester atomic (as root: 'apt-get install sip-tester atomic'); "
        "the tests that need them will be refused"
    )
    assert len(lines) == 2
    assert "Python 3.11" in lines[1], "it went on to .venv"


@pytest.mark.parametrize(
    ("target", "starts"),
    [
        ("run", "exec .venv/bin/tieline run"),
        ("test", PYTEST),
        ("test ARGS='-m live'", f"{PYTEST} -m live"),
        ("test ARGS=tests/gateway", f"{PYTEST} tests/gateway"),
        ("test-quick", f'{PYTEST} -m "not live and not slow"'),
        ("bench", "PYTHONPATH=tests .venv/bin/python -m bench.run --check"),
        ("speech", "packaging/speech/install.sh"),
        ("lock", "requirements/lock.sh"),
    ],
)
def test_make_starts_what_it_says(target: str, starts: str) -> None:
    # Run by `make test` itself, this make would think that it is a part of that one, and say more.
    outside = {name: value for name, value in os.environ.items() if name not in ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    command = ["make", "--dry-run", *shlex.split(target)]
    run = subprocess.run(command, cwd=TOP, env=outside, capture_output=True, text=True, timeout=60)
    assert run.stdout.splitlines()[-1].strip() == starts


def test_what_make_starts_exists() -> None:
    assert (TOP / "tests" / "bench" / "run.py").is_file()
    subprocess.run(["sh", "-n", REQUIREMENTS / "lock.sh"], check=True, timeout=60)


@pytest.mark.parametrize(
    "script", [REQUIREMENTS / "setup.sh", REQUIREMENTS / "lock.sh", TOP / ".ci" / "run"], ids=lambda path: path.name
)
def test_script_can_be_started(script: Path) -> None:
    assert os.access(script, os.X_OK)


def test_lock_has_what_the_project_asks_for() -> None:
    """A dependency that was added without `make lock` would be missing on every other machine."""
    project = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
    groups = project["dependency-groups"]
    asked = {
        "runtime.lock": project["project"]["dependencies"],
        "build.lock": groups["build"],
        "peers.lock": groups["peers"],
        "dev.lock": [line for name, group in groups.items() if name != "peers" for line in group if isinstance(line, str)],
    }
    for lock, lines in asked.items():
        versions = locked(REQUIREMENTS / lock)
        for requirement in map(Requirement, lines):
            assert requirement.specifier.contains(versions.get(canonicalize_name(requirement.name), "nothing")), (
                f"{lock}: {requirement}"
            )
