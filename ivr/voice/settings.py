"""What can be configured of a dialog that talks with callers."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from ivr.speech.espeak import EspeakSettings
from ivr.speech.hibari import HibariSettings
from ivr.speech.kokoro import KokoroSettings
from ivr.speech.settings import HearingSettings, SpeakingSettings
from ivr.speech.whisper import WhisperSettings

Number = Annotated[str, Meta(pattern=r"^[0-9*#+]{1,32}$")]


class DriveSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an old menu that stays: who was understood is led through it by its keys."""

    to: Number
    """What is dialled at the PBX to reach its beginning: the dialog's start."""
    back: Number | None = None
    """What leads from there to this application again, with the context as the session's variables: who is lost is told so, and
    people take over. Without it he is sent to people at once."""
    menus: dict[str, str] = {}
    """What the PBX calls a node's menu; without a line its id."""


class VoiceSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the application that talks with callers by a dialog."""

    queues: dict[str, Number] = {}
    """What is dialled at the PBX for each queue that the dialog hands over to; a queue that is a number itself needs no line."""
    drive: DriveSettings | None = None
    """The old menu, where it stays; without it callers are sent to whom they want directly."""
    consent: Literal["not_asked", "asked"] = "not_asked"
    """Asked: who does not agree is served by keys, and nothing that he says is written down."""
    language_keys: dict[str, Annotated[str, Meta(pattern="^[a-z]{2}$")]] = {}
    """A key that changes the language at any level, and the language: ``{"9": en}``. The greeting says so."""
    speech_to_text: tuple[HearingSettings, ...] = (WhisperSettings(),)
    """What recognises speech: the first that can; with none, callers are served by keys."""
    text_to_speech: tuple[SpeakingSettings, ...] = (KokoroSettings(), HibariSettings(), EspeakSettings())
    """What speaks: of several that speak a language, the first."""
    recordings: str | None = None
    """A folder with recordings of prompts, ``NAME.wav`` or ``NAME.zh.wav``: 16 bits, mono, 8 or 16 kHz."""
    silence_s: Annotated[float, Meta(ge=2, le=60)] = 6.0
    """Seconds without a word or key after which it asks again, and at last gives the caller to people."""
    filler_s: Annotated[float, Meta(ge=0.3, le=3)] = 1.5
    """Seconds from the end of a sentence until a soft sound fills the time, where the answer takes longer."""
    answer_s: Annotated[float, Meta(ge=1, le=30)] = 8.0
    """Seconds from the end of a sentence until it must be understood; else the caller is asked to use the keys."""
    voices: dict[str, str] = {}
    """The voice by language, as the engine that speaks calls it."""
