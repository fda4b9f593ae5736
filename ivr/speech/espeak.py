"""Speaks on any machine, like a machine, by Debian's ``espeak-ng``: the last resort. For a worker process.

Mandarin goes in as pinyin with tones: given characters it spells them out.
"""

import shutil
import subprocess
from collections.abc import Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from gateway.model.errors import ConfigurationError
from gateway.ports.speech import SpeechError, SpeechProblem, Voice, VoiceAbilities
from ivr.speech.sound import floats, from_wav, telephone

ABILITIES: Final = VoiceAbilities(voices={"zh": ("cmn-latn-pinyin",), "en": ("en-us",)}, takes_speed=True, identity="espeak-ng")
TIMEOUT_S: Final = 10.0
WORDS_A_MINUTE: Final = 160


class EspeakSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="engine", tag="espeak"):
    """Of what speaks where nothing better is."""

    processes: Annotated[int, Meta(ge=1, le=16)] = 1


def speaker(settings: EspeakSettings) -> Callable[[str, Voice], bytes]:
    """Return what makes sound of texts.

    Raises:
        ConfigurationError: The program is missing.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        raise ConfigurationError("espeak-ng is not installed: as root, `apt-get install espeak-ng`")

    def speak(text: str, voice: Voice) -> bytes:
        known = ABILITIES.voices.get(voice.language)
        if known is None:
            raise SpeechError("espeak", SpeechProblem.REFUSED, f"it speaks no {voice.language!r} here")
        name = voice.name or known[0]
        said = pinyin(text) if voice.language == "zh" else text
        command = [program, "-v", name, "-s", str(round(WORDS_A_MINUTE * voice.speed)), "--stdin", "--stdout"]
        try:
            made = subprocess.run(  # noqa: S603  # a program of Debian's, and text that no shell reads
                command, input=said.encode(), capture_output=True, timeout=TIMEOUT_S, check=True
            ).stdout
        except (subprocess.SubprocessError, OSError) as error:
            raise SpeechError("espeak", SpeechProblem.BROKEN, f"espeak-ng failed: {error}") from error
        return telephone(floats(from_wav(made)), 8000) if made else b""

    return speak


def pinyin(text: str) -> str:
    """Return Chinese as syllables with the numbers of their tones; what is not Chinese stays."""
    from pypinyin import Style, lazy_pinyin

    return " ".join(lazy_pinyin(text, style=Style.TONE3, neutral_tone_with_five=True))
