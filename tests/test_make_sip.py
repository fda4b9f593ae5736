"""``make sip``: which source is taken, what is refused with which cure; nothing is done twice. Only building is stood in for."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

TOP: Final = Path(__file__).parent.parent
RECORDED: Final = "1:22.0-1"
PYTHON: Final = f"""#!/bin/sh
# A .venv's interpreter whose pip only says what it was given.
case "$1 $2" in
"-m pip") for word in "$@"; do :; done; echo "$word" >>"$INSTALLED" ;;
"-c import _pjsua2") exit 0 ;;
*) exec {shutil.which("python3")} "$@" ;;
esac
"""
BUILD: Final = """#!/bin/sh
# build.sh TARBALL TREE FOLDER PYTHON
[ -d "$2" ] || exit 1
mkdir -p "$3"
cp "$1" "$3/pjsua2-0-py3-none-any.whl"
"""
APT_GET: Final = """#!/bin/sh
# Debian, which serves one version of Asterisk's source.
for word in "$@"; do :; done
case " $* " in
*" indextargets "*) echo http://debian.example/debian ;;
*" source "*) cp "$SERVED_FILE" "asterisk_22.orig-Xpjproject.tar.xz" ;;
esac
"""
APT_CACHE: Final = """#!/bin/sh
printf 'Version: 1:16.0-1\\nVersion: %s\\n' "$SERVED_VERSION"
"""


class Machine:
    """A clone with a .venv, on a machine where Debian serves what it is told to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.script = folder / "packaging" / "pjsua2" / "install.sh"
        shutil.copytree(TOP / "packaging" / "pjsua2", self.script.parent)
        self.lock = self.script.parent / "source.lock"
        self.source = folder / "served.tar.xz"
        self.source.write_bytes(b"Debian's pjproject")
        self.records(RECORDED, self.source)
        self.served = RECORDED
        self.installed = folder / "installed.txt"
        self.scratch = folder / "scratch"
        self.scratch.mkdir()
        self._program(self.script.parent / "build.sh", BUILD)
        self._program(folder / ".venv" / "bin" / "python", PYTHON)
        self._program(folder / "bin" / "apt-get", APT_GET)
        self._program(folder / "bin" / "apt-cache", APT_CACHE)

    def _program(self, path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def records(self, version: str, source: Path) -> None:
        self.lock.write_text(f"suite sid\nversion {version}\nsha256 {hashlib.sha256(source.read_bytes()).hexdigest()}\n")

    def make_sip(self, *arguments: str, record: bool = False) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {
            "PATH": path, "HOME": str(self.folder), "TMPDIR": str(self.scratch), "RECORD": "1" if record else "",
            "INSTALLED": str(self.installed), "SERVED_FILE": str(self.source), "SERVED_VERSION": self.served,
        }  # fmt: skip
        return subprocess.run(
            [self.script, *arguments], env=environment, cwd=self.folder, capture_output=True, text=True, timeout=60
        )

    def wheels(self) -> list[bytes]:
        """Return what was installed, in order: each time the source that it was built of."""
        return [Path(line).read_bytes() for line in self.installed.read_text().splitlines()]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_debians_source_is_built_once_and_nothing_stays_behind(machine: Machine) -> None:
    first, second = machine.make_sip(), machine.make_sip()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "building PJSIP" in first.stderr
    assert (second.stdout, second.stderr) == ("", "")
    assert machine.wheels() == [b"Debian's pjproject"]
    assert list(machine.scratch.iterdir()) == []
    # Another clone on the same machine takes the wheel that there is.
    (machine.folder / ".venv" / ".sip.stamp").unlink()
    third = machine.make_sip()
    assert (third.returncode, third.stderr) == (0, "")
    assert len(machine.wheels()) == 2


def test_a_tarball_of_ones_own_is_taken_in_place_of_debians(machine: Machine) -> None:
    (machine.folder / "my pjproject.tar.gz").write_bytes(b"my own")
    machine.served = "1:99.0-1"
    assert machine.make_sip("my pjproject.tar.gz").returncode == 0
    assert machine.make_sip("my pjproject.tar.gz").stderr == ""
    assert machine.wheels() == [b"my own"]


def test_a_newer_source_is_taken_when_one_says_so(machine: Machine) -> None:
    machine.served = "1:22.1-1"
    refused = machine.make_sip()
    assert refused.returncode == 1
    assert f"records pjproject of asterisk {RECORDED}, and sid serves 1:22.1-1 now" in refused.stderr
    assert "make sip RECORD=1" in refused.stderr
    machine.source.write_bytes(b"newer")
    taken = machine.make_sip(record=True)
    assert taken.returncode == 0, taken.stderr
    assert machine.lock.read_text().splitlines() == [
        "suite sid", "version 1:22.1-1", f"sha256 {hashlib.sha256(b'newer').hexdigest()}",
    ]  # fmt: skip
    assert machine.wheels() == [b"newer"]
    assert list(machine.scratch.iterdir()) == []


def test_content_that_was_not_recorded_is_refused(machine: Machine) -> None:
    machine.source.write_bytes(b"somebody else's")
    refused = machine.make_sip()
    assert refused.returncode == 1
    assert "not the recorded content: asterisk_22.orig-Xpjproject.tar.xz" in refused.stderr
    assert not machine.installed.exists()


@pytest.mark.parametrize(
    ("arguments", "record", "says"),
    [
        (("nowhere.tar.gz",), False, "there is no file nowhere.tar.gz"),
        (("served.tar.xz",), True, "RECORD=1 records Debian's source: leave PJPROJECT out"),
    ],
)
def test_what_cannot_be_meant_is_one_clear_line(machine: Machine, arguments: tuple[str, ...], record: bool, says: str) -> None:
    run = machine.make_sip(*arguments, record=record)
    assert (run.returncode, run.stderr) == (1, f"tieline: {says}\n")


def test_before_make_setup_it_says_so(machine: Machine) -> None:
    shutil.rmtree(machine.folder / ".venv")
    run = machine.make_sip()
    assert run.returncode == 1
    assert run.stderr.endswith("/.venv: run make setup first\n")


def test_what_fails_to_build_says_its_last_line_and_leaves_no_wheel(machine: Machine) -> None:
    (machine.script.parent / "build.sh").write_text("echo checking; echo no speex >&2; exit 1\n")
    run = machine.make_sip()
    assert run.returncode == 1
    assert run.stderr.endswith("PJSIP was not built: no speex\n")
    assert not machine.installed.exists()
    assert list(machine.scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "starts"),
    [
        ((), "RECORD= packaging/pjsua2/install.sh"),
        (("PJPROJECT=mine.tar.gz",), "RECORD= packaging/pjsua2/install.sh 'mine.tar.gz'"),
        (("RECORD=1",), "RECORD=1 packaging/pjsua2/install.sh"),
    ],
)
def test_make_passes_on_what_it_is_given(given: tuple[str, ...], starts: str) -> None:
    outside = {name: value for name, value in os.environ.items() if name not in ("ARGS", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
    run = subprocess.run(["make", "--dry-run", "sip", *given], cwd=TOP, env=outside, capture_output=True, text=True, timeout=60)
    assert run.stdout.splitlines()[-1].strip() == starts


def test_the_peer_of_the_bench_is_built_of_the_source_that_was_kept(machine: Machine) -> None:
    script = machine.script.parent / "perf.sh"
    environment = {"PATH": os.environ["PATH"], "HOME": str(machine.folder), "TMPDIR": str(machine.scratch)}

    def build() -> subprocess.CompletedProcess[str]:
        return subprocess.run([script, "python3"], env=environment, capture_output=True, text=True, timeout=60)

    missing = build()
    assert missing.returncode == 1
    assert missing.stderr.endswith(".tar.xz: run make sip first\n")
    machine.make_sip()
    # What builds PJSIP here leaves a folder without its programs.
    broken = build()
    assert broken.returncode != 0
    assert "building pjsip-perf" in broken.stderr
    assert list(machine.scratch.iterdir()) == []
    tree = "printf 'PJ_CFLAGS =\\n' >$2/build.mak; mkdir -p $2/pjsip-apps/src/samples\n"
    (script.parent / "build.sh").write_text(
        tree + "echo 'int main(void) { return 7; }' >$2/pjsip-apps/src/samples/pjsip-perf.c\n"
    )
    built, again = build(), build()
    assert (built.returncode, again.returncode, again.stderr) == (0, 0, ""), built.stderr
    assert subprocess.run([again.stdout.strip()], check=False, timeout=60).returncode == 7
