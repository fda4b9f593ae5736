"""A real Tryton 8 by pip, in an environment of its own in the user's cache, with a PostgreSQL of its own.

``tryton.lock`` has versions and hashes. ``python -m rig.tryton --record`` (in tests/) locks what ``tryton.in`` allows now.
"""

import argparse
import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
from rig.provision import cache, held, run
from support.postgres import Postgres

WANTED: Final = Path(__file__).with_name("tryton.in")
LOCK: Final = Path(__file__).with_name("tryton.lock")
ADMIN: Final = "admin"
LOGIN: Final = "tieline"
KEY: Final = "tieline-made-up"
GROUPS: Final = ("Project Administration", "Party Administration")
"""What the gateway's user may do."""
START_TIMEOUT_S: Final = 60.0
INSTALL_TIMEOUT_S: Final = 240.0
_MARK: Final = "provisioned"


def provision() -> Path:
    """Return an environment that has what the lock names, from the cache or else by pip (about 10 s).

    Raises:
        ProvisionError: pip cannot have it.
    """
    key = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    target = cache() / f"tryton-{key}"
    with held(target):
        mark = target / _MARK
        if not mark.exists():
            shutil.rmtree(target, ignore_errors=True)
            run([sys.executable, "-m", "venv", str(target)], dict(os.environ), LOCK.parent)
            pip = [str(target / "bin/python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--no-input"]
            run([*pip, "--no-deps", "--require-hashes", "-r", str(LOCK)], dict(os.environ), LOCK.parent)
            mark.touch()
    return target


class Tryton:
    """One that runs at ``url``: a company with a project of calls, and a user for the gateway."""

    def __init__(self, environment: Path, folder: Path, postgres: Postgres) -> None:
        self._environment = environment
        self._folder = folder
        self._port = _free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._session = ""
        self.url = f"http://127.0.0.1:{self._port}"
        self.database = postgres.database().rpartition("/")[2]
        self.company = 0
        self.country = 0
        self.project = 0
        self._configuration = folder / "trytond.conf"
        self._configuration.write_text(
            f"[database]\nuri = postgresql://tieline@127.0.0.1:{postgres.port}/\npath = {folder}\n"
            f"[web]\nlisten = 127.0.0.1:{self._port}\n"
        )
        (folder / "password").write_text(KEY)

    def install(self) -> None:
        """Make the database with its modules, about 15 s."""
        more = ["--update", "party", "project", "--activate-dependencies", "--email", "admin@example.com"]
        done = subprocess.run(
            [self._environment / "bin/trytond-admin", "-c", self._configuration, "-d", self.database, *more],
            env=os.environ | {"TRYTONPASSFILE": str(self._folder / "password")},
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2_000:]

    def start(self) -> None:
        """Start it, and return when it answers."""
        command: list[str | Path] = [self._environment / "bin/trytond", "-c", self._configuration, "-d", self.database]
        with (self._folder / "server.log").open("ab") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=output)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            assert time.monotonic() < deadline, "Tryton does not answer"
            assert self._process.poll() is None, (self._folder / "server.log").read_text("utf-8", "replace")[-2_000:]
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def furnish(self) -> None:
        """Make the company, the project of calls, and the gateway's user with no more rights than he needs."""
        self.sign_in()
        rounding = {"__class__": "Decimal", "decimal": "0.01"}
        (currency,) = self.call(
            "currency.currency.create", [{"name": "Yuan", "code": "CNY", "symbol": "¥", "rounding": rounding}]
        )
        (party,) = self.call("party.party.create", [{"name": "Our company"}])
        (self.company,) = self.call("company.company.create", [{"party": party, "currency": currency}])
        (self.country,) = self.call("country.country.create", [{"name": "China", "code": "CN"}])
        companies = {"companies": [["add", [self.company]]], "company": self.company}
        (admin,) = self.call("res.user.search", [["login", "=", ADMIN]])
        self.call("res.user.write", [admin], companies)
        self.sign_in()
        project = {"name": "Telephone", "type": "project", "company": self.company}
        (self.project,) = self.call("project.work.create", [project])
        groups = self.call("res.group.search", [["name", "in", list(GROUPS)]])
        assert len(groups) == len(GROUPS)
        user = {"login": LOGIN, "name": "Tieline", "password": KEY, "groups": [["add", groups]], **companies}
        self.call("res.user.create", [user])

    def sign_in(self) -> None:
        """Sign in as the administrator."""
        self._session = ""
        user, key, *_ = self._ask("common.db.login", ADMIN, {"password": KEY}, "en")
        self._session = b64encode(f"{ADMIN}:{user}:{key}".encode()).decode()

    def call(self, method: str, *parameters: Any) -> Any:
        """Ask a model as the administrator: ``party.party.create``."""
        return self._ask(f"model.{method}", *parameters, {})

    def _ask(self, method: str, *parameters: Any) -> Any:
        request = urllib.request.Request(
            f"{self.url}/{self.database}/rpc/",
            msgspec.json.encode({"id": 1, "method": method, "params": parameters}),
            {"Content-Type": "application/json"} | ({"Authorization": f"Session {self._session}"} if self._session else {}),
        )
        with urllib.request.urlopen(request, timeout=START_TIMEOUT_S) as answer:
            said = msgspec.json.decode(answer.read())
        assert "error" not in said, said
        return said["result"]

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self._port), 1.0):
                return True
        except OSError:
            return False


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@contextmanager
def running_tryton() -> Iterator[Tryton]:
    """Run one with a PostgreSQL of its own; both are gone afterwards."""
    environment = provision()
    with tempfile.TemporaryDirectory(prefix="tieline-tryton-") as name, tempfile.TemporaryDirectory(prefix="tieline-pg-") as data:
        postgres = Postgres(Path(data))
        postgres.start()
        tryton = Tryton(environment, Path(name), postgres)
        try:
            tryton.install()
            tryton.start()
            tryton.furnish()
            yield tryton
        finally:
            tryton.stop()
            postgres.stop()


def record() -> None:
    """Lock the newest versions that are allowed."""
    uv = Path(sys.executable).with_name("uv")
    how = ["--quiet", "--universal", "--python-version", "3.11", "--upgrade", "--generate-hashes", "--no-emit-index-url"]
    run([str(uv), "pip", "compile", *how, "--no-header", WANTED.name, "-o", LOCK.name], dict(os.environ), WANTED.parent)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--record", action="store_true", help="lock what is allowed now")
    if parser.parse_args().record:
        record()
    print(provision())
