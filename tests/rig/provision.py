"""A real Asterisk out of Debian packages, unpacked into the user's cache without root.

``asterisk.lock.json`` records, for each major version, the suite, the version and the checksums of the packages that the
tests run on. ``python -m rig.provision --record 22`` (in tests/) records what the suite serves now.
"""

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict

LOCK: Final = Path(__file__).with_name("asterisk.lock.json")
SUITES: Final = {22: "sid", 16: "bullseye"}
"""Asterisk 16 comes without voicemail, which Debian had in a package of its own then."""
_KEYRING: Final = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
_MARK: Final = "provisioned.json"
# The packages that a running Asterisk with our modules maps into memory; the rest of the dependencies is left out.
_MAPPED: Final = re.compile(
    r"^(asterisk|asterisk-modules|asterisk-config|asterisk-core-sounds-en-gsm|libbsd0|libc6|libcap2|libcrypt1|libcurl4"
    r"|libedit2|libevent-2\.1-7(t64)?|libgcc-s1|libgcrypt20|libgmp10|libgpg-error0|libgsm1|libhogweed6|libicu67"
    r"|libjansson4|liblz4-1|liblzma5|libmd0|libncurses6|libnettle8|libnghttp2-14|libnspr4|libnss3|libpopt0"
    r"|libresample1|libsqlite3-0|libsrtp2-1|libssl1\.1|libssl3t64|libstdc\+\+6|libsystemd0|libtinfo6|libunbound8"
    r"|liburiparser1|libuuid1|libxml2|libxml2-16|libxslt1\.1|libzstd1|zlib1g)$"
)
_APT_CONF: Final = """
Dir::State "{dir}/apt"; Dir::State::status "{dir}/apt/status"; Dir::State::lists "{dir}/apt/lists";
Dir::Cache "{dir}/apt/cache"; Dir::Etc "{dir}/apt/etc"; Dir::Etc::sourcelist "{dir}/apt/etc/sources.list";
Dir::Etc::sourceparts "-"; Dir::Etc::parts "-"; Dir::Etc::main "-"; Dir::Etc::preferencesparts "-";
Acquire::Check-Valid-Until "false"; Acquire::Languages "none";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
APT::Install-Recommends "false"; APT::Sandbox::User ""; Debug::NoLocking "true";
"""


class ProvisionError(Exception):
    """The recorded Asterisk cannot be had here; the message is one line that says what to do."""


class Locked(TypedDict):
    """What asterisk.lock.json says of one major version."""

    suite: str
    version: str
    sha256: dict[str, str]


@dataclass(frozen=True)
class Installed:
    """An unpacked Asterisk."""

    root: Path
    """Where the packages lie as they would under ``/``."""
    version: str
    """Upstream's, such as 22.10.1."""


def provision(major: int) -> Installed:
    """Return the recorded Asterisk of a major version, from the cache or else from the Debian mirror (about 15 s).

    Raises:
        ProvisionError: It is not in the cache, and the mirror serves another version or none.
    """
    locked = _read_lock().get(str(major))
    if locked is None:
        raise ProvisionError(f"{LOCK.name} records no Asterisk {major}; record it: {_record_command(major)}")
    target = cache() / f"asterisk-{locked['suite']}-{locked['version'].partition(':')[2]}"
    installed = Installed(target / "root", upstream(locked["version"]))
    if _is_whole(target, locked):
        return installed
    with held(target):
        if not _is_whole(target, locked):
            _install(major, locked, target)
    return installed


def upstream(version: str) -> str:
    """22.10.1 of 1:22.10.1+dfsg+~cs6.17.60671434-1."""
    return re.sub(r"^\d+:|[+~-].*$", "", version)


def record(major: int) -> Locked:
    """Write down what the suite serves now, put it into the cache, and return it.

    Raises:
        ProvisionError: The mirror has no Asterisk of this major version.
    """
    suite = SUITES[major]
    with downloaded(suite, "asterisk", _MAPPED.match) as (served, packages):
        if not upstream(served).startswith(f"{major}."):
            raise ProvisionError(f"{suite} serves Asterisk {served}, which is no {major}")
        locked = Locked(suite=suite, version=served, sha256=_checksums(packages))
        target = cache() / f"asterisk-{suite}-{served.partition(':')[2]}"
        with held(target):
            _unpack(packages, locked, target)
    lock = _read_lock() | {str(major): locked}
    LOCK.write_text(json.dumps(lock, indent=1, sort_keys=True) + "\n")
    return locked


def _install(major: int, locked: Locked, target: Path) -> None:
    with downloaded(locked["suite"], "asterisk", _MAPPED.match) as (served, packages):
        if served != locked["version"]:
            raise ProvisionError(
                f"{LOCK.name} records Asterisk {locked['version']} of {locked['suite']}, which serves {served} now and is "
                f"not in {cache()}; record the new one: {_record_command(major)}"
            )
        found = _checksums(packages)
        if found != locked["sha256"]:
            wrong = sorted(name for name in found if found[name] != locked["sha256"].get(name))
            raise ProvisionError(f"not the recorded content: {', '.join(wrong)}; if it is right: {_record_command(major)}")
        _unpack(packages, locked, target)


@contextlib.contextmanager
def downloaded(
    suite: str, product: str, wanted: Callable[[str], object], *, renewed: bool = True
) -> Iterator[tuple[str, list[Path]]]:
    """The version of a product that the suite serves, and those packages of it that are wanted, in a folder that is gone
    afterwards. What is ``renewed`` comes from the suite's security updates too."""
    for tool in ("apt-get", "dpkg-deb"):
        if shutil.which(tool) is None:
            raise ProvisionError(f"{tool} is missing: the real {product} comes from Debian packages")
    mirror = _mirror()
    with tempfile.TemporaryDirectory(prefix="tieline-debs-") as folder:
        base = Path(folder)
        for name in ("lists/partial", "cache/archives/partial", "etc"):
            (base / "apt" / name).mkdir(parents=True)
        (base / "apt/status").touch()
        (base / "apt.conf").write_text(_APT_CONF.format(dir=folder))
        sources = f"deb [signed-by={_KEYRING}] {mirror} {suite} main\n"
        if suite != "sid" and renewed:
            sources += f"deb [signed-by={_KEYRING}] {mirror}-security {suite}-security main\n"
        (base / "apt/etc/sources.list").write_text(sources)
        environment = os.environ | {"APT_CONFIG": str(base / "apt.conf"), "LC_ALL": "C"}
        archives = base / "apt/cache/archives"
        run(["apt-get", "-qq", "update"], environment, base)
        listed = run(["apt-get", "-qq", "-y", "--print-uris", "install", product], environment, base)
        names = [line.split()[1].partition("_")[0] for line in listed.splitlines() if line.startswith("'")]
        run(["apt-get", "-qq", "download", *(name for name in names if wanted(name))], environment, archives)
        packages = sorted(archives.glob("*.deb"))
        main = next(path for path in packages if path.name.startswith(f"{product}_"))
        served = run(["dpkg-deb", "-f", str(main), "Version"], environment, base).strip()
        yield served, packages


def _mirror() -> str:
    """The Debian mirror that this machine is set up with."""
    listed = run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages"], dict(os.environ), Path("/"))
    mirrors = {uri.rstrip("/") for uri in listed.split() if "security" not in uri}
    if not mirrors:
        raise ProvisionError("apt knows no Debian mirror: the real Asterisk comes from Debian packages")
    # Other software's repositories may stand beside Debian's.
    return min(mirrors, key=lambda uri: (not uri.endswith("/debian"), uri))


def run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ProvisionError(f"{' '.join(command[:4])}: {reason}")
    return done.stdout


def _checksums(packages: list[Path]) -> dict[str, str]:
    """SHA-256 of Asterisk's own packages; the libraries beside them may be renewed."""
    own = [path for path in packages if path.name.startswith("asterisk")]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in own}


def _unpack(packages: list[Path], locked: Locked, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    (target / "root").mkdir(parents=True)
    for package in packages:
        run(["dpkg-deb", "-x", str(package), str(target / "root")], dict(os.environ), target)
    (target / _MARK).write_text(json.dumps(locked))


def _is_whole(target: Path, locked: Locked) -> bool:
    mark = target / _MARK
    return mark.exists() and json.loads(mark.read_text()) == locked


@contextlib.contextmanager
def held(target: Path) -> Iterator[None]:
    """One process at a time makes a folder of the cache."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(target.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def cache() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tieline"


def _read_lock() -> dict[str, Locked]:
    return json.loads(LOCK.read_text()) if LOCK.exists() else {}


def _record_command(major: int) -> str:
    return f"cd tests && ../.venv/bin/python -m rig.provision --record {major}"


def main() -> None:
    """Provision, or record, and say where."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("major", type=int, choices=sorted(SUITES))
    parser.add_argument("--record", action="store_true", help="record what the suite serves now")
    options = parser.parse_args()
    if options.record:
        print(json.dumps(record(options.major), indent=1))
    print(provision(options.major).root)


if __name__ == "__main__":
    main()
