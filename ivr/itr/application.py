"""Serves a dialog to visitors: learns it, takes a changed one over, and talks with each visitor by himself.

Understanding computes, some 20 ms a sentence: it has a thread, one sentence at a time and in the order in which they came, so
that conversations stay quick beside each other.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from typing import Final

import aiohttp
import structlog

from gateway.model.conversations import Message
from gateway.model.errors import ConfigurationError
from gateway.model.yaml_text import SettingsError
from gateway.ports.conversations import TextConversation
from gateway.ports.media import CallApplication
from ivr.definition.reading import Definition, read_dialog
from ivr.definition.values import Dialog
from ivr.example.back_end import served
from ivr.example.company import Company
from ivr.example.files import dialog_file
from ivr.itr.missed import Missed
from ivr.itr.settings import ItrSettings
from ivr.itr.talk import DialogTalk
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


class _Served:
    """A dialog that was learned."""

    def __init__(self, dialog: Dialog, understanding: Understanding, systems: Systems) -> None:
        self.dialog = dialog
        self.understanding = understanding
        self.systems = systems


class Itr:
    """See the module.

    Args:
        settings: Which dialog.
        folder: For what is learned and what was not understood.
        now: With a time zone.

    Raises:
        ConfigurationError: The dialog cannot be used; the text names its file and its lines.
    """

    def __init__(
        self, settings: ItrSettings, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    ) -> None:
        self._settings = settings
        self._file = dialog_file() if settings.dialog is None else Path(settings.dialog)
        self._folder = folder
        self._now = now
        definition = read_dialog(self._file)
        self._dialog = definition.dialog
        self._files = files_of(definition)
        self._written_at = _written_at(self._files)
        self._missed = Missed(folder)
        self._counted: Counter[tuple[str, str]] = Counter()
        self._served: _Served | None = None
        self._learned = asyncio.Event()
        self._turn = asyncio.Semaphore(1)

    async def serve(self) -> None:
        """Learn the dialog, and every changed one, until cancelled."""
        embedding = await asyncio.to_thread(installed)
        if embedding is None:
            _log.warning("itr_by_letters_alone", cure="install tieline[nlu]: sentences are understood better by their meaning")
        async with AsyncExitStack() as stack:
            hosts = {}
            if self._settings.dialog is None:
                hosts[EXAMPLE_HOST] = await stack.enter_async_context(served(Company(today=self._now().date())))
            client = await stack.enter_async_context(aiohttp.ClientSession())
            await self._learn(self._dialog, embedding, client, hosts)
            while True:
                await asyncio.sleep(self._settings.look_s)
                written_at = await asyncio.to_thread(_written_at, self._files)
                if written_at == self._written_at:
                    continue
                self._written_at = written_at
                try:
                    definition = await asyncio.to_thread(read_dialog, self._file)
                except SettingsError as error:
                    _log.error("itr_dialog_refused", file=str(self._file), reason=str(error), served="the one of before")
                    continue
                self._files = files_of(definition)
                self._written_at = await asyncio.to_thread(_written_at, self._files)
                await self._learn(definition.dialog, embedding, client, hosts)

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        """Talk with one visitor; one who comes while the dialog is still learned waits for it."""
        await self._learned.wait()
        served_now = self._served
        assert served_now is not None

        async def understand(text: str, node: str) -> Meaning:
            async with self._turn:
                return await asyncio.to_thread(served_now.understanding.understand, text, at=node)

        talk = DialogTalk(
            served_now.dialog,
            conversation,
            understand=understand,
            systems=served_now.systems,
            now=self._now,
            silence_s=self._settings.silence_s,
            missed=self._missed.note,
            count=self._count,
        )
        await talk.run(goes_on=bool(before))

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often nodes were entered (``node``) and had to ask (``asked_about``), and how talks ended (``outcome``)."""
        return self._counted

    def _count(self, what: str, which: str) -> None:
        self._counted[what, which] += 1

    async def _learn(
        self, dialog: Dialog, embedding: Embedding | None, client: aiohttp.ClientSession, hosts: dict[str, str]
    ) -> None:
        began = time.monotonic()
        told = began

        def progress(what: str, done: int, of: int) -> None:
            nonlocal told
            if time.monotonic() - told >= PROGRESS_S:
                told = time.monotonic()
                _log.info("itr_learns", file=str(self._file), what=what, done=done, of=of)

        def learn() -> Understanding:
            file = self._folder / "model.npz"
            try:
                self._folder.mkdir(parents=True, exist_ok=True)
                return understanding_of(dialog, file, embedding, progress=progress)
            except OSError as error:
                _log.warning("itr_model_not_kept", file=str(file), reason=str(error))
                return understanding_of(dialog, None, embedding, progress=progress)

        understanding = await asyncio.to_thread(learn)
        self._served = _Served(dialog, understanding, Systems(dialog.handlers, client, hosts=hosts))
        self._learned.set()
        _log.info("itr_serves", file=str(self._file), nodes=len(dialog.nodes), after_s=round(time.monotonic() - began, 1))


def create(settings: ItrSettings, folder: Path) -> Itr:
    """See :class:`gateway.ports.conversations.CreateTextApplication`."""
    return Itr(settings, folder)


def create_for_calls(settings: ItrSettings) -> CallApplication:
    """Refuse: it reads and writes.

    Raises:
        ConfigurationError: Always.
    """
    raise ConfigurationError("the application itr answers visitors who write: name it under `channels`, not under `media`")


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
