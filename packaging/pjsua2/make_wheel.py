"""Link the Python binding of a built pjproject, and pack it as a wheel for the Python that runs this.

Usage: make_wheel.py PJPROJECT FOLDER: PJPROJECT is the tree in which ``make lib`` and the binding's ``make pjsua2_wrap.cpp`` ran.
The wheel's path is printed.
"""

import base64
import hashlib
import platform
import re
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path
from typing import Final

NAME: Final = "pjsua2"
HERE: Final = Path(__file__).parent
LICENCE: Final = "GPL-2.0-or-later"


def asked(binding: Path, what: str) -> list[str]:
    """What pjproject's own makefile says of its flags."""
    command = ["make", "--no-print-directory", "-f", "helper.mak", what]
    return subprocess.run(command, cwd=binding, capture_output=True, text=True, check=True).stdout.split()


def version_of(tree: Path) -> str:
    """Return pjproject's version, marked as our build."""
    found = dict(re.findall(r"export PJ_VERSION_(\w+)\s*:=[ \t]*([^ \t\n]*)", (tree / "version.mak").read_text()))
    return ".".join(found[part] for part in ("MAJOR", "MINOR", "REV") if found.get(part)) + "+tieline"


def compile_object(source: Path, into: Path, flags: list[str]) -> Path:
    """Compile one file."""
    made = into / f"{source.stem}.o"
    compiler = "gcc" if source.suffix == ".c" else "g++"
    # Generated code in debug information is 200 MB.
    subprocess.run([compiler, "-c", str(source), "-o", str(made), "-fPIC", "-g0", "-w", *flags], check=True)
    return made


def link(tree: Path, into: Path) -> Path:
    """Return the extension module."""
    binding = tree / "pjsip-apps/src/swig/python"
    flags = [*asked(binding, "cflags"), f"-I{sysconfig.get_path('include')}"]
    objects = [
        compile_object(binding / "pjsua2_wrap.cpp", into, [*flags, "-O1"]),
        compile_object(HERE / "worker.c", into, [*flags, "-O2"]),
    ]
    # It forgets the resampler that it was configured with.
    libraries = [f"-l{library}" for library in [*asked(binding, "libs"), "speexdsp"]]
    made = into / f"_{NAME}{sysconfig.get_config_var('EXT_SUFFIX')}"
    # In a group: pjproject's libraries need each other. Its symbols stay inside, away from those of other modules.
    command = [
        "g++", "-shared", "-o", str(made), *map(str, objects), *asked(binding, "ldflags"),
        "-Wl,-s", "-Wl,--no-undefined-version", "-Wl,--exclude-libs,ALL", "-Wl,--start-group", *libraries, "-Wl,--end-group",
    ]  # fmt: skip
    subprocess.run(command, check=True)
    return made


def pack(tree: Path, module: Path, folder: Path) -> Path:
    """Return the wheel (PEP 427)."""
    version = version_of(tree)
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    tag = f"{python}-{python}-linux_{platform.machine()}"
    about = f"{NAME}-{version}.dist-info"
    contents = {
        f"{NAME}.py": (tree / "pjsip-apps/src/swig/python/pjsua2.py").read_bytes(),
        module.name: module.read_bytes(),
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {version}\nLicense: {LICENCE}\n".encode(),
        f"{about}/WHEEL": f"Wheel-Version: 1.0\nGenerator: tieline\nRoot-Is-Purelib: false\nTag: {tag}\n".encode(),
        f"{about}/COPYING": (tree / "COPYING").read_bytes(),
    }
    record = "".join(f"{name},sha256={_checksum(data)},{len(data)}\n" for name, data in contents.items())
    contents[f"{about}/RECORD"] = f"{record}{about}/RECORD,,\n".encode()
    folder.mkdir(parents=True, exist_ok=True)
    wheel = folder / f"{NAME}-{version}-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in contents.items():
            packed.writestr(name, data)
    return wheel


def _checksum(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def main() -> None:
    """Link, pack, and say where."""
    tree, folder = map(Path, sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="pjsua2-") as work:
        print(pack(tree, link(tree, Path(work)), folder))


if __name__ == "__main__":
    main()
