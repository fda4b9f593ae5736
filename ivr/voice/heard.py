"""What is heard of a caller, in order."""

import msgspec

from ivr.voice.sentence import Sentence


class Begins(msgspec.Struct, frozen=True):
    """The caller speaks."""

    sentence: Sentence


class Ends(msgspec.Struct, frozen=True):
    """He has stopped; ``is_speech`` False: it was a click, a cough, or another sound."""

    sentence: Sentence
    is_speech: bool


class Pressed(msgspec.Struct, frozen=True):
    """He pressed a key."""

    key: str


class Gone(msgspec.Struct, frozen=True):
    """The session has ended."""


Heard = Begins | Ends | Pressed | Gone
