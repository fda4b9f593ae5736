"""What the plugin of the tests offers beside its connector."""

import asyncio
from pathlib import Path

from acme_pbx.settings import AcmeSettings


async def record(settings: AcmeSettings, folder: Path, *, anonymise: bool) -> None:
    # At once: a test records for so short a time that it may be over before a thread has answered.
    _begin(folder, f"{settings.host} {anonymise}")
    try:
        await asyncio.Event().wait()
    finally:
        (folder / "ended").touch()


def _begin(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "wire.acme").write_text(text)


def snippet(version: str) -> str:
    return f"acme {version}"
