"""Record captures of the FreePBX-style site: ``python -m rig.freepbx_record OUT [NAME ...]`` (in tests/).

``--asterisk 16 --tech SIP`` (before OUT) records it on Asterisk 16 with chan_sip, ``--timestamps`` with a time in every event.
Each scenario makes a folder ``OUT/NAME`` with the bytes, their times and what really happened, told by the telephones and the
PBX's own files. Without names all are recorded.
"""

import argparse
import asyncio
import importlib
import pkgutil
import sys
import time
import traceback
from pathlib import Path

from rig import freepbx_scenarios
from rig.freepbx_site import FreepbxAsterisk
from rig.freepbx_stage import SCENARIOS, FreepbxEnsemble, record
from rig.provision import SUITES


def load_scenarios() -> None:
    """Import the modules whose functions register themselves."""
    for module in pkgutil.iter_modules(freepbx_scenarios.__path__):
        importlib.import_module(f"rig.freepbx_scenarios.{module.name}")


async def record_all(pbx: FreepbxAsterisk, out: Path, names: list[str]) -> int:
    """Record the named scenarios one after the other and return how many failed."""
    failed = 0
    async with pbx, FreepbxEnsemble(pbx) as ensemble:
        for name in names:
            began = time.monotonic()
            try:
                size = await record(SCENARIOS[name], ensemble, out / name)
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
    parser.add_argument("names", nargs="*", choices=[[], *SCENARIOS], metavar="NAME")
    parser.add_argument("--asterisk", type=int, choices=sorted(SUITES), default=22)
    parser.add_argument("--tech", choices=("PJSIP", "SIP"), default="PJSIP")
    parser.add_argument("--timestamps", action="store_true")
    options = parser.parse_args()
    pbx = FreepbxAsterisk(options.asterisk, options.tech, timestamps=options.timestamps)
    return 1 if asyncio.run(record_all(pbx, options.out, options.names or list(SCENARIOS))) else 0


if __name__ == "__main__":
    sys.exit(main())
