"""Where a gateway keeps its files."""

import os
from pathlib import Path


def state_folder(configured: str | None) -> Path:
    """Return the folder for what must outlive a crash: the configured one, else the user's."""
    if configured is not None:
        return Path(configured)
    base = os.environ.get("XDG_STATE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".local" / "state") / "tieline"
