"""Learns a dialog and every changed one, for all who talk by it: those who write and those who call.

Understanding computes, some 20 ms a sentence: it has a thread, one sentence at a time and in the order in which they came, so
that conversations stay quick beside each other.
"""

import asyncio
import fcntl
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Final

import aiohttp
import msgspec
import structlog

from gateway.model.yaml_text import SettingsError
from ivr.definition.reading import Definition, read_dialog
from ivr.definition.values import Dialog
from ivr.example.back_end import served
from ivr.example.company import Company
from ivr.example.files import dialog_file
from ivr.itr.missed import Missed
from ivr.itr.settings import ItrSettings
from ivr.lookups.asking import Systems
from ivr.meaning import Meaning
from ivr.understanding.embedding import Embedding, installed
from ivr.understanding.model_file import understanding_of
from ivr.understanding.understanding import Understanding

PROGRESS_S: Final = 5.0
"""Seconds between two lines of the log while it learns."""
EXAMPLE_HOST: Final = "delivery.example"
"""Where the example's dialog looks for the example's systems."""

_log = structlog.get_logger()


class Learned(msgspec.Struct, frozen=True):
    """A dialog that was learned, with the systems that it asks."""

    dialog: Dialog
    understanding: Understanding
    systems: Systems


class Lessons:
    """See the module.

    Args:
        settings: Which dialog.
        folder: For what is learned and what was not understood; others may use it too.
        today: On which the example's company stands.

    Raises:
        ConfigurationError: The dialog cannot be used; the text names its file and its lines.
    """

    def __init__(self, settings: ItrSettings, folder: Path, *, today: date) -> None:
        self._settings = settings
        self.file = dialog_file() if settings.dialog is None else Path(settings.dialog)
        self._folder = folder
        self._today = today
        definition = read_dialog(self.file)
        self.dialog = definition.dialog
        """The newest that is right."""
        self._files = files_of(definition)
        self._written_at = _written_at(self._files)
        self._missed = Missed(folder)
        self.counted: Counter[tuple[str, str]] = Counter()
        self._current: Learned | None = None
        self._learned = asyncio.Event()
        self._changed = asyncio.Event()
        self._turn = asyncio.Semaphore(1)

    async def serve(self) -> None:
        """Learn the dialog, and every changed one, until cancelled."""
        embedding = await asyncio.to_thread(installed)
        if embedding is None:
            _log.warning("itr_by_letters_alone", cure="install tieline[nlu]: sentences are understood better by their meaning")
        async with AsyncExitStack() as stack:
            hosts = {}
            if self._settings.dialog is None:
                hosts[EXAMPLE_HOST] = await stack.enter_async_context(served(Company(today=self._today)))
            client = await stack.enter_async_context(aiohttp.ClientSession())
            await self._learn(self.dialog, embedding, client, hosts)
            while True:
                await asyncio.sleep(self._settings.look_s)
                written_at = await asyncio.to_thread(_written_at, self._files)
                if written_at == self._written_at:
                    continue
                self._written_at = written_at
                try:
                    definition = await asyncio.to_thread(read_dialog, self.file)
                except SettingsError as error:
                    _log.error("itr_dialog_refused", file=str(self.file), reason=str(error), served="the one of before")
                    continue
                self._files = files_of(definition)
                self._written_at = await asyncio.to_thread(_written_at, self._files)
                await self._learn(definition.dialog, embedding, client, hosts)

    async def learned(self) -> Learned:
        """Wait until there is a dialog, and return the newest."""
        await self._learned.wait()
        assert self._current is not None
        return self._current

    async def newer_than(self, learned: Learned) -> Learned:
        """Wait until the dialog was learned anew."""
        while self._current is learned:
            await self._changed.wait()
        return await self.learned()

    async def understand(self, by: Learned, text: str, node: str, *, from_speech: bool = False) -> Meaning:
        """Say what a text means to somebody at a node."""
        async with self._turn:
            return await asyncio.to_thread(by.understanding.understand, text, at=node, from_speech=from_speech)

    def missed(self, text: str) -> None:
        """Keep a sentence that the dialog had to ask about, for ``tieline itr learn``."""
        self._missed.note(text)

    def count(self, what: str, which: str) -> None:
        """Count it; see :meth:`gateway.ports.conversations.TextApplication.counts`."""
        self.counted[what, which] += 1

    async def _learn(
        self, dialog: Dialog, embedding: Embedding | None, client: aiohttp.ClientSession, hosts: Mapping[str, str]
    ) -> None:
        began = time.monotonic()
        told = began

        def progress(what: str, done: int, of: int) -> None:
            nonlocal told
            if time.monotonic() - told >= PROGRESS_S:
                told = time.monotonic()
                _log.info("itr_learns", file=str(self.file), what=what, done=done, of=of)

        def learn() -> Understanding:
            file = self._folder / "model.npz"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                with _alone(file.with_suffix(".lock")):
                    return understanding_of(dialog, file, embedding, progress=progress)
            except OSError as error:
                _log.warning("itr_model_not_kept", file=str(file), reason=str(error))
                return understanding_of(dialog, None, embedding, progress=progress)

        understanding = await asyncio.to_thread(learn)
        self.dialog = dialog
        self._current = Learned(dialog, understanding, Systems(dialog.handlers, client, hosts=dict(hosts)))
        self._learned.set()
        self._changed.set()
        self._changed = asyncio.Event()
        _log.info("itr_serves", file=str(self.file), nodes=len(dialog.nodes), after_s=round(time.monotonic() - began, 1))


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Let one learn at a time what is kept in a folder: who waited finds it learned."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def files_of(definition: Definition) -> tuple[Path, ...]:
    """Return all files that a dialog is made of: its own, its table of answers, and its catalogues."""
    data = definition.document.data
    catalogues = data.get("catalogues")
    named = [data.get("answers_file"), *(catalogues.values() if isinstance(catalogues, dict) else ())]
    return (definition.file, *(definition.file.parent / name for name in named if isinstance(name, str)))


def _written_at(files: tuple[Path, ...]) -> tuple[float, ...]:
    def of(file: Path) -> float:
        try:
            return file.stat().st_mtime
        except OSError:
            return 0.0  # an editor is just replacing it

    return tuple(map(of, files))
