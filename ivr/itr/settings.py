"""What can be configured of the application."""

from typing import Annotated

import msgspec

from ivr.voice.settings import VoiceSettings


class ItrSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the application that answers visitors and callers by a dialog."""

    dialog: str | None = None
    """The dialog's file; None serves the example's, a delivery company, with the company's systems."""
    silence_s: Annotated[float, msgspec.Meta(ge=1, le=86_400)] | None = None
    """Seconds without a word after which it asks a visitor again, and at last gives him to people; None lets him think."""
    look_s: Annotated[float, msgspec.Meta(ge=0.1, le=3_600)] = 5.0
    """Seconds between two looks whether the dialog's file has changed."""
    voice: VoiceSettings = VoiceSettings()
    """How it talks with callers."""
