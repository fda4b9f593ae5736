"""What real FreeSWITCHes said, for tests that want the bytes."""

import gzip
from pathlib import Path
from typing import Final

from support.replaying import CAPTURES

FREESWITCH: Final = CAPTURES / "freeswitch" / "1.10.12"


def wire_of(folder: Path) -> bytes:
    """Return all bytes of a recording."""
    packed = folder / "wire.esl.gz"
    return gzip.decompress(packed.read_bytes()) if packed.is_file() else (folder / "wire.esl").read_bytes()
