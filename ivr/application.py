"""Talks with callers by a dialog, on any session of voice: what the same dialog is to those who write is :mod:`ivr.itr`."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from gateway.model.errors import ConfigurationError
from gateway.ports.media import MediaSession
from ivr.definition.values import Speech, sentences_of
from ivr.itr.lessons import Learned, Lessons
from ivr.itr.settings import ItrSettings
from ivr.meaning import Meaning
from ivr.speech.engines import hearing_by, speaking_by
from ivr.speech.prompts import Progress, Prompts
from ivr.speech.recordings import Recordings
from ivr.voice.ears import Ears
from ivr.voice.endpointing import Endpointing
from ivr.voice.filler import filler
from ivr.voice.listener import Listener
from ivr.voice.mouth import Mouth
from ivr.voice.sending import unreachable
from ivr.voice.speaking import Speaking
from ivr.voice.speech_sense import SpeechSense
from ivr.voice.talk import VoiceTalk
from ivr.voice.wording import fixed_pieces

PROGRESS_S: Final = 5.0
"""Seconds between two lines of the log while prompts are rendered."""

_log = structlog.get_logger()


class VoiceItr:
    """See the module; a :class:`gateway.ports.media.ServedApplication`.

    Args:
        settings: Which dialog, which engines, which numbers.
        folder: For what is learned and rendered.
        now: With a time zone.

    Raises:
        ConfigurationError: The dialog cannot be used, or hands over to a queue that nothing is dialled for.
    """

    def __init__(
        self, settings: ItrSettings, folder: Path, *, now: Callable[[], datetime] = lambda: datetime.now().astimezone()
    ) -> None:
        self._settings = settings.voice
        self._now = now
        self._lessons = Lessons(settings, folder, today=now().date())
        missing = unreachable(self._lessons.dialog, self._settings)
        if missing:
            raise ConfigurationError(
                f"the dialog {self._lessons.file} hands callers over to {', '.join(missing)}: write under `queues` of "
                "applications.itr.voice what is dialled at the PBX for each"
            )
        hearing = hearing_by(self._settings.speech_to_text, answer_s=self._settings.answer_s)
        self._hearing = hearing if hearing is not None and _can_sense() else None
        self._engines = speaking_by(self._settings.text_to_speech)
        self._prompts = Prompts(folder / "prompts", self._engines)
        recordings = self._settings.recordings
        self._speaking = Speaking(self._prompts, Recordings(None if recordings is None else Path(recordings)), self._settings)

    async def serve(self) -> None:
        """Learn the dialog, mind the engines and render prompts ahead, until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._lessons.serve(), name="itr.lessons")
                if self._hearing is not None:
                    tasks.create_task(self._hearing.serve(), name="itr.hearing")
                for engine in {id(each): each for several in self._engines.values() for each in several}.values():
                    tasks.create_task(engine.serve(), name=f"itr.{engine.name}")
                tasks.create_task(self._render(), name="itr.prompts")
        finally:
            await self._prompts.stop()

    async def ready(self) -> None:
        """Wait until a caller would be understood.

        Raises:
            SpeechError: No engine can be had.
        """
        await self._lessons.learned()
        if self._hearing is not None:
            await self._hearing.ready()

    async def run(self, session: MediaSession) -> None:
        """Talk with one caller; one who comes while the dialog is still learned waits for it, and hears so."""
        mouth = Mouth(session)
        learned = await self._learned(mouth)

        async def understand(text: str, at: str) -> Meaning:
            return await self._lessons.understand(learned, text, at, from_speech=True)

        hearing = self._hearing
        listener = Listener(
            mouth, self._speaking.sound, filler(), hearing, silence_s=self._settings.silence_s, filler_s=self._settings.filler_s
        )
        cuts = Endpointing()
        sense = SpeechSense() if hearing is not None else None

        def likely(frame: bytes) -> float:
            cuts.is_over_us = mouth.speaks
            return 0.0 if sense is None else sense.probability(frame)

        def attend(pause_s: float) -> None:
            cuts.end_s = pause_s

        talk = VoiceTalk(
            learned.dialog,
            session,
            listener,
            self._settings,
            understand=understand,
            systems=learned.systems,
            now=self._now,
            missed=self._lessons.missed,
            count=self._lessons.count,
            attend=attend,
            by_keys=hearing is None,
        )
        async with asyncio.TaskGroup() as tasks:
            hears = tasks.create_task(Ears(session, likely, cuts, listener.tell).run(), name=f"{session.info.id}.ears")
            await talk.run()
            hears.cancel()

    async def examples(self, count: int) -> list[bytes]:
        """Return how the dialog's examples sound in its first language, so many at most; to measure with.

        Raises:
            SpeechError: Nothing speaks it.
        """
        dialog = (await self._lessons.learned()).dialog
        language = dialog.languages[0]
        texts = [text for node in dialog.nodes.values() for text in sentences_of(node.examples, language)[:1]]
        voice = self._speaking.voice(language, Speech())
        return [await self._prompts.sound(text, voice) for text in texts[:count]]

    async def rendered(self, progress: Progress) -> list[str]:
        """Render all prompts that are always the same; return what could not be, with its cause."""
        dialog = (await self._lessons.learned()).dialog
        texts = [(piece.text, self._speaking.voice(piece.language, piece.speech)) for piece in fixed_pieces(dialog)]
        return await self._prompts.render(texts, progress)

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return what dialog and engines counted: ``node``, ``asked_about``, ``outcome``, ``unheard``, ``speech``."""
        counted = Counter(self._lessons.counted)
        if self._hearing is not None:
            for (engine, what), count in self._hearing.counts().items():
                counted["speech", f"{engine} {what}"] += count
        return counted

    async def _learned(self, mouth: Mouth) -> Learned:
        learning = asyncio.create_task(self._lessons.learned(), name="itr.learned")
        try:
            while not learning.done():
                await asyncio.wait([learning], timeout=self._settings.filler_s)
                if not learning.done():
                    await mouth.say(filler())
            return learning.result()
        finally:
            learning.cancel()

    async def _render(self) -> None:
        """Render ahead what is always the same, so that callers hear it at once; again when the dialog has changed."""
        loop = asyncio.get_running_loop()
        while True:
            learned = await self._lessons.learned()
            told = loop.time()

            def progress(done: int, of: int) -> None:
                nonlocal told
                if loop.time() - told >= PROGRESS_S or done == of:
                    told = loop.time()
                    _log.info("prompts_rendered", done=done, of=of)

            for reason in (await self.rendered(progress))[:3]:
                _log.warning("prompt_not_rendered", reason=reason)
            await self._lessons.newer_than(learned)


def create(settings: ItrSettings, folder: Path) -> VoiceItr:
    """See :class:`gateway.ports.plugins.CreateApplication`."""
    return VoiceItr(settings, folder)


def _can_sense() -> bool:
    try:
        SpeechSense()
    except ConfigurationError as error:
        _log.warning("itr_by_keys_alone", reason=str(error))
        return False
    return True
