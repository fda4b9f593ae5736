"""``make bench``: ratios against peers, measured in one run on one core, and the bars that they must not fall under.

Last come the soaks: load on a real Asterisk whose connection is cut and stalled, while the gateway is killed, while its database
is away, and with a FreeSWITCH beside it; every record is compared with the truth.
"""

import argparse
import subprocess
import sys
from typing import Final

from bench import race_ami, race_esl

SOAKS: Final = (("soak",), ("soak_killed",), ("soak_killed", "--postgresql"), ("soak_outage",), ("soak_two_makes",))
"""What runs on a real Asterisk, with its arguments."""


def main() -> int:
    """Return 0, or 1 when a bar is missed and ``--check`` was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a figure is under its bar")
    parser.add_argument("--no-soak", action="store_true", help="leave the load on a real Asterisk out")
    options = parser.parse_args()
    missed = race_ami.run() + race_esl.run()
    if not options.no_soak:
        for name, *arguments in SOAKS:
            print(flush=True)
            if subprocess.run([sys.executable, "-m", f"bench.{name}", *arguments, "--check"], check=False).returncode != 0:
                missed.append(f"{' '.join((name, *arguments))}: a call has no record, or a false one; see above")
    for line in missed:
        print(f"MISSED {line}", file=sys.stderr)
    return 1 if missed and options.check else 0


if __name__ == "__main__":
    sys.exit(main())
