"""Record capture folders from the real Asterisk: ``python -m rig.record_scenarios OUT [NAME ...]`` in tests/.

Each scenario makes a folder ``OUT/NAME`` with the bytes, their times and what really happened, told by the telephones and
the PBX's own files. Without names all are recorded, which takes about ten minutes.
"""

import argparse
import asyncio
import importlib
import pkgutil
import sys
import time
import traceback
from pathlib import Path

from rig import scenarios
from rig.asterisk import Asterisk
from rig.provision import SUITES
from rig.stage import SCENARIOS, Ensemble, record


def load_scenarios() -> None:
    """Fill ``SCENARIOS`` from every module of ``rig.scenarios``."""
    for module in pkgutil.iter_modules(scenarios.__path__):
        importlib.import_module(f"{scenarios.__name__}.{module.name}")


async def record_all(out: Path, names: list[str], pbx: Asterisk, user: str) -> int:
    """Record the named scenarios one after the other; returns how many failed."""
    failed = 0
    async with pbx, Ensemble(pbx) as ensemble:
        for name in names:
            began = time.monotonic()
            try:
                size = await record(SCENARIOS[name], ensemble, out / name, user)
            except Exception:  # noqa: BLE001  # one scenario's failure must not lose the others
                failed += 1
                print(f"FAILED {name}", flush=True)
                traceback.print_exc()
            else:
                print(f"ok     {name:36s} {size:8d} B {time.monotonic() - began:5.1f} s", flush=True)
    return failed


def main() -> int:
    """Parse the command line and record."""
    load_scenarios()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--asterisk", type=int, choices=sorted(SUITES), default=22)
    parser.add_argument("--user", default="full", help="the AMI user whose events are recorded (default: %(default)s)")
    parser.add_argument(
        "--append", nargs=2, action="append", default=[], metavar=("FILE", "TEXT"),
        help="add to a configuration file, such as: manager.conf '[general](+)\\ntimestampevents = yes'",
    )  # fmt: skip
    options = parser.parse_args()
    pbx = Asterisk(options.asterisk, {file: text.replace("\\n", "\n") for file, text in options.append})
    failed = asyncio.run(record_all(options.out, options.names or list(SCENARIOS), pbx, options.user))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
