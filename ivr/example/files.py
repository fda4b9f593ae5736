"""Where the example's files are: in an installed package beside the code, in a working copy under ``config/itr``."""

from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_INSTALLED: Final = _PACKAGE / "_data" / "itr"
_WORKING_COPY: Final = _PACKAGE.parent / "config" / "itr"


def dialog_file() -> Path:
    """Return the delivery company's dialog; what it names lies beside it."""
    folder = _INSTALLED if _INSTALLED.is_dir() else _WORKING_COPY
    return folder / "delivery.yaml"
