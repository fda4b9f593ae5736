"""Texts as sounds: rendered once, kept by what they would sound like, and rendered ahead where they are known.

What cannot be kept is said all the same. A text that is being rendered for one caller is not rendered again for the next. What
one engine cannot speak, the next one of its language does.
"""

import asyncio
import hashlib
import os
import unicodedata
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog
from msgspec.structs import replace

from gateway.ports.speech import SpeechError, SpeechProblem, TextToSpeech, Voice

MAX_MEMORY_BYTES: Final = 64 * 1024 * 1024
"""Of sounds that are held; a sentence has some 50 kB."""
MAX_KEPT_BYTES: Final = 1024 * 1024 * 1024
"""Of sounds in the folder; then those that were used least lately go."""
_MARK: Final = b"TLP1"
"""Begins each file: a file that was cut off, or another's, is rendered anew."""

_log = structlog.get_logger()

Progress = Callable[[int, int], None]
"""Told how many of how many are done."""


class Prompts:
    """See the module.

    Args:
        folder: Where sounds are kept; it may not be there yet.
        engines: What speaks, by language: the first that can.
    """

    def __init__(self, folder: Path, engines: Mapping[str, Sequence[TextToSpeech]]) -> None:
        self._folder = folder
        self._engines = engines
        self._held: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._rendering: dict[str, asyncio.Task[bytes]] = {}
        self._cannot_keep = False

    async def sound(self, text: str, voice: Voice) -> bytes:
        """Return the sound of a text. Cancelling is safe.

        Raises:
            SpeechError: There is none.
        """
        failed: SpeechError | None = None
        for engine in self._engines.get(voice.language, ()):
            # A voice that is named is the first engine's: the others have their own.
            own = voice if failed is None else replace(voice, name=None)
            try:
                return await self._sound(engine, text, own)
            except SpeechError as error:
                _log.warning("voice_failed", engine=engine.name, reason=str(error))
                failed = error
        raise failed or SpeechError("text to speech", SpeechProblem.DOWN, f"nothing speaks {voice.language} here")

    async def _sound(self, engine: TextToSpeech, text: str, voice: Voice) -> bytes:
        name = name_of(engine.abilities.identity, text, voice)
        held = self._held.get(name)
        if held is not None:
            self._held.move_to_end(name)
            return held
        rendering = self._rendering.get(name)
        if rendering is None:
            rendering = asyncio.create_task(self._render(name, engine, text, voice), name=f"prompt.{name[:8]}")
            self._rendering[name] = rendering
            rendering.add_done_callback(lambda _: self._rendering.pop(name, None))
        # Who goes away does not take it from the others, nor from the folder.
        return await asyncio.shield(rendering)

    async def render(self, texts: Iterable[tuple[str, Voice]], progress: Progress = lambda done, of: None) -> list[str]:
        """Make sure that these are there; return what could not be made, each with its cause."""
        wanted = list(dict.fromkeys(texts))
        failed: list[str] = []
        for done, (text, voice) in enumerate(wanted, 1):
            try:
                await self.sound(text, voice)
            except SpeechError as error:
                failed.append(f"{text}: {error}")
            progress(done, len(wanted))
        return failed

    async def stop(self) -> None:
        """Give up what is being rendered."""
        tasks = list(self._rendering.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _render(self, name: str, engine: TextToSpeech, text: str, voice: Voice) -> bytes:
        file = self._folder / name[:2] / f"{name}.pcm"
        sound = await asyncio.to_thread(_read, file)
        if sound is None:
            sound = await engine.speak(text, voice)
            if not sound:
                return sound  # nothing in it can be said; another version of the engine may
            try:
                await asyncio.to_thread(_write, file, sound, self._folder)
                self._cannot_keep = False
            except OSError as error:
                if not self._cannot_keep:
                    _log.warning("prompts_not_kept", folder=str(self._folder), reason=str(error))
                self._cannot_keep = True
        self._held[name] = sound
        self._bytes += len(sound)
        while self._bytes > MAX_MEMORY_BYTES and len(self._held) > 1:
            self._bytes -= len(self._held.popitem(last=False)[1])
        return sound


def name_of(identity: str, text: str, voice: Voice) -> str:
    """Return under which name a sound is kept: the same for what sounds the same."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    about = "\x1f".join((identity, voice.language, voice.name or "", f"{voice.speed:.2f}", plain))
    return hashlib.sha256(about.encode()).hexdigest()


def _read(file: Path) -> bytes | None:
    try:
        data = file.read_bytes()
    except OSError:
        return None
    if data[:4] != _MARK or int.from_bytes(data[4:8], "big") != len(data) - 8:
        return None
    with suppress(OSError):  # who may only read it reads it all the same
        os.utime(file)
    return data[8:]


def _write(file: Path, sound: bytes, folder: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = file.with_suffix(f".{os.getpid()}.new")
    try:
        whole.write_bytes(_MARK + len(sound).to_bytes(4, "big") + sound)
        whole.replace(file)
    except OSError:
        whole.unlink(missing_ok=True)
        raise
    _make_room(folder)


def _make_room(folder: Path) -> None:
    files = [(each.stat(), each) for each in folder.glob("??/*.pcm")]
    size = sum(stat.st_size for stat, _ in files)
    for stat, each in sorted(files, key=lambda pair: pair[0].st_mtime):
        if size <= MAX_KEPT_BYTES:
            return
        each.unlink(missing_ok=True)
        size -= stat.st_size
