"""A site's own recordings of prompts, which are preferred to any engine."""

import re
from pathlib import Path
from typing import Final

from gateway.model.errors import ConfigurationError
from ivr.speech.sound import from_wav

_NAME: Final = re.compile(r"[\w][\w.-]{0,99}")
CURE: Final = "convert it: `ffmpeg -i FILE -ac 1 -ar 8000 -c:a pcm_s16le NEW.wav`"


class Recordings:
    """Those of one folder; each file is read when it is first asked for, and again when it has changed."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._read: dict[Path, tuple[float, bytes]] = {}

    def sound(self, name: str, language: str) -> bytes | None:
        """Return the recording of a prompt: ``NAME.LANGUAGE.wav``, else ``NAME.wav``; None where there is none.

        Raises:
            ConfigurationError: It cannot be used; the text names the file and the cure.
        """
        if self._folder is None or _NAME.fullmatch(name) is None:
            return None
        plain = name.removesuffix(".wav")
        for file in (self._folder / f"{plain}.{language}.wav", self._folder / f"{plain}.wav"):
            try:
                written_at = file.stat().st_mtime
                held = self._read.get(file)
                if held is None or held[0] != written_at:
                    held = self._read[file] = (written_at, from_wav(file.read_bytes()))
            except FileNotFoundError:
                continue
            except (OSError, ValueError) as error:
                raise ConfigurationError(f"the recording {file} cannot be played: {error}; {CURE}") from error
            return held[1]
        return None
