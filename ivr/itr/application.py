"""Serves a dialog to visitors who write: talks with each by himself, by what :mod:`ivr.itr.lessons` learned."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gateway.model.conversations import Message
from gateway.ports.conversations import TextConversation
from ivr.itr.lessons import Lessons
from ivr.itr.settings import ItrSettings
from ivr.itr.talk import DialogTalk
from ivr.meaning import Meaning


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
        self._now = now
        self._lessons = Lessons(settings, folder, today=now().date())

    async def serve(self) -> None:
        """Learn the dialog, and every changed one, until cancelled."""
        await self._lessons.serve()

    async def run(self, conversation: TextConversation, before: Sequence[Message]) -> None:
        """Talk with one visitor; one who comes while the dialog is still learned waits for it."""
        lessons = self._lessons
        learned = await lessons.learned()

        async def understand(text: str, node: str) -> Meaning:
            return await lessons.understand(learned, text, node)

        talk = DialogTalk(
            learned.dialog,
            conversation,
            understand=understand,
            systems=learned.systems,
            now=self._now,
            silence_s=self._settings.silence_s,
            missed=lessons.missed,
            count=lessons.count,
        )
        await talk.run(goes_on=bool(before))

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how often nodes were entered (``node``) and had to ask (``asked_about``), and how talks ended (``outcome``)."""
        return self._lessons.counted


def create(settings: ItrSettings, folder: Path) -> Itr:
    """See :class:`gateway.ports.conversations.CreateTextApplication`."""
    return Itr(settings, folder)
