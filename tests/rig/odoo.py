"""A real Odoo 14 out of Debian packages, unpacked into the user's cache without root, run by its own loader and Python.

``odoo.lock.json`` records the suite, the version, the checksum of Odoo's own package and the names of the packages it needs.
``python -m rig.odoo --record`` (in tests/) records what the suite serves now.
"""

import argparse
import hashlib
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypedDict

from rig.provision import ProvisionError, cache, downloaded, held, run
from support.postgres import Postgres

LOCK: Final = Path(__file__).with_name("odoo.lock.json")
SUITE: Final = "bullseye"
PRODUCT: Final = "odoo-14"
MODULES: Final = "base,contacts,crm,project"
DATABASE: Final = "crm"
LOGIN: Final = "admin"
KEY: Final = "admin"
START_TIMEOUT_S: Final = 180.0
_LIBRARIES: Final = ("lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu")
_LOADER: Final = "lib/x86_64-linux-gnu/ld-2.31.so"
_MARK: Final = "provisioned.json"


class Locked(TypedDict):
    """What odoo.lock.json says."""

    suite: str
    version: str
    sha256: str
    packages: list[str]


def provision() -> Path:
    """Return where the recorded Odoo lies as it would under ``/``: from the cache, or else from the Debian mirror (a minute).

    Raises:
        ProvisionError: It is not in the cache, and the mirror serves another version or none.
    """
    locked: Locked = json.loads(LOCK.read_text())
    target = cache() / f"odoo-{locked['version']}"
    with held(target):
        mark = target / _MARK
        if not mark.exists() or json.loads(mark.read_text()) != locked:
            _install(locked, target)
    return target / "root"


def _install(locked: Locked, target: Path) -> None:
    names = frozenset(locked["packages"])
    with downloaded(locked["suite"], PRODUCT, names.__contains__, renewed=False) as (served, packages):
        if served != locked["version"]:
            raise ProvisionError(
                f"{LOCK.name} records Odoo {locked['version']} of {locked['suite']}, which serves {served} now and is not in "
                f"{cache()}; record the new one: cd tests && ../.venv/bin/python -m rig.odoo --record"
            )
        if _checksum(packages) != locked["sha256"]:
            raise ProvisionError(f"not the recorded content: Odoo {served}")
        shutil.rmtree(target, ignore_errors=True)
        root = target / "root"
        root.mkdir(parents=True)
        for package in packages:
            run(["dpkg-deb", "-x", str(package), str(root)], dict(os.environ), target)
        _let_it_lie_anywhere(root)
        (target / _MARK).write_text(json.dumps(locked))


def _checksum(packages: list[Path]) -> str:
    own = next(path for path in packages if path.name.startswith(f"{PRODUCT}_"))
    return hashlib.sha256(own.read_bytes()).hexdigest()


def _let_it_lie_anywhere(root: Path) -> None:
    """Let links and paths that begin at ``/`` begin where the packages lie."""
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            path = Path(folder) / name
            if path.is_symlink() and (there := os.readlink(path)).startswith("/"):
                path.unlink()
                path.symlink_to(os.path.relpath(f"{root}{there}", folder))
    for module in (root / "usr/lib/python3/dist-packages/docutils").rglob("*.py"):
        text = module.read_text("utf-8", "surrogateescape")
        if "/usr/share/docutils" in text:
            module.write_text(text.replace("/usr/share/docutils", f"{root}/usr/share/docutils"), "utf-8", "surrogateescape")


class Odoo:
    """One that runs: ``url``, database ``crm``, login and key ``admin``."""

    def __init__(self, root: Path, folder: Path, postgres: Postgres) -> None:
        self._root = root
        self._folder = folder
        self._postgres = postgres
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def install(self) -> None:
        """Make the database with its modules, about 20 s."""
        log = self._folder / "install.log"
        with log.open("wb") as output:
            done = subprocess.run(
                self._command("-i", MODULES, "--stop-after-init", "--no-http"),
                env=self._environment(),
                stdout=output,
                stderr=output,
                timeout=START_TIMEOUT_S,
                check=False,
            )
        said = log.read_text("utf-8", "replace")
        assert done.returncode == 0, said[-2_000:]
        assert " CRITICAL " not in said, said[-2_000:]

    def start(self) -> None:
        """Start it, and return when it answers."""
        with (self._folder / "server.log").open("ab") as output:
            command = self._command("--http-port", str(self.port))
            self._process = subprocess.Popen(command, env=self._environment(), stdout=output, stderr=output)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            assert time.monotonic() < deadline, "Odoo does not answer"
            assert self._process.poll() is None, (self._folder / "server.log").read_text("utf-8", "replace")[-2_000:]
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(20.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1.0):
                return True
        except OSError:
            return False

    def _command(self, *more: str) -> list[str]:
        root = self._root
        libraries = ":".join(str(root / folder) for folder in _LIBRARIES)
        program = [str(root / _LOADER), "--library-path", libraries, str(root / "usr/bin/python3.9"), "-W", "ignore"]
        options = {
            "--db_host": "127.0.0.1",
            "--db_port": str(self._postgres.port),
            "--db_user": "tieline",
            "-d": DATABASE,
            "--data-dir": str(self._folder / "data"),
            "--addons-path": str(root / "usr/lib/python3/dist-packages/odoo/addons"),
            "--without-demo": "all",
            "--max-cron-threads": "0",
            "--workers": "0",
            "--http-interface": "127.0.0.1",
        }
        given = [word for option in options.items() for word in option]
        return [*program, str(root / "usr/bin/odoo"), *given, *more]

    def _environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TZ") if name in os.environ}
        return kept | {"PYTHONHOME": str(self._root / "usr"), "HOME": str(self._folder), "PYTHONDONTWRITEBYTECODE": "1"}


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def running_odoo() -> Iterator[Odoo]:
    """Run one with a PostgreSQL of its own; both are gone afterwards."""
    root = provision()
    with tempfile.TemporaryDirectory(prefix="tieline-odoo-") as name, tempfile.TemporaryDirectory(prefix="tieline-pg-") as data:
        postgres = Postgres(Path(data))
        postgres.start()
        odoo = Odoo(root, Path(name), postgres)
        try:
            odoo.install()
            odoo.start()
            yield odoo
        finally:
            odoo.stop()
            postgres.stop()


def record() -> Locked:
    """Write down what the suite serves now, and return it; the packages' names stay."""
    packages: list[str] = json.loads(LOCK.read_text())["packages"]
    with downloaded(SUITE, PRODUCT, frozenset(packages).__contains__, renewed=False) as (served, found):
        locked = Locked(suite=SUITE, version=served, sha256=_checksum(found), packages=packages)
    LOCK.write_text(json.dumps(locked, indent=1, sort_keys=True) + "\n")
    return locked


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="record what the suite serves now")
    if parser.parse_args().record:
        print({name: value for name, value in record().items() if name != "packages"})
    print(provision())
