"""An application that talks with callers, for a command: with the engines of this machine, and for no PBX."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ivr.application import VoiceItr


@asynccontextmanager
async def serving(dialog: Path | None, folder: Path) -> AsyncIterator["VoiceItr"]:
    """Serve a dialog (None: the example's) while the context is open; it begins when callers would be understood.

    Raises:
        ConfigurationError: The dialog cannot be used.
        SpeechError: No engine can be had.
    """
    import structlog

    from ivr.application import VoiceItr
    from ivr.definition.reading import read_dialog
    from ivr.example.files import dialog_file
    from ivr.itr.settings import ItrSettings
    from ivr.voice.sending import unreachable
    from ivr.voice.settings import VoiceSettings

    read = read_dialog(dialog or dialog_file()).dialog
    numbers = dict.fromkeys(unreachable(read, VoiceSettings()), "0")
    settings = ItrSettings(dialog=None if dialog is None else str(dialog), voice=VoiceSettings(queues=numbers))
    application = VoiceItr(settings, folder)
    task = asyncio.create_task(application.serve(), name="itr")
    # What a command prints is its figures; what happens meanwhile goes beside them.
    before = structlog.get_config()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    try:
        await application.ready()
        yield application
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        structlog.configure(**before)
