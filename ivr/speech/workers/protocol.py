"""What a worker process and its gateway tell each other: MessagePack, each message after its length in four bytes. Pure."""

from typing import Final

import msgspec

from gateway.ports.speech import Heard, Voice, Wanted

MAX_BYTES: Final = 8 * 1024 * 1024
"""Of one message: four minutes of sound, and more than anybody says or is told at once."""
LENGTH: Final = 4


class Make(msgspec.Struct, frozen=True, tag=True):
    """First to the worker: which engine it is."""

    maker: str
    """``module:function``; it takes the settings."""
    settings: str
    """``module:type`` of them."""
    values: bytes
    """Them, as JSON."""
    nice: int = 0
    """How far it steps back for others: what renders ahead for what hears a caller."""


class Transcribe(msgspec.Struct, frozen=True, tag=True):
    """Say what was said."""

    sound: bytes
    wanted: Wanted


class Speak(msgspec.Struct, frozen=True, tag=True):
    """Make sound of a text."""

    text: str
    voice: Voice


class Ready(msgspec.Struct, frozen=True, tag=True):
    """First from the worker: its engine is there."""

    memory_mb: float


class Answer(msgspec.Struct, frozen=True, tag=True):
    """What a request came to: a sentence or a sound."""

    heard: Heard | None = None
    sound: bytes = b""


class Failed(msgspec.Struct, frozen=True, tag=True):
    """The engine could not do it; ``is_final``: nor will it do anything else, until somebody changes the configuration."""

    reason: str
    is_final: bool = False


Request = Transcribe | Speak
ToWorker = Make | Transcribe | Speak
FromWorker = Ready | Answer | Failed


class BrokenError(ValueError):
    """What came is no message."""


def encoded(message: ToWorker | FromWorker) -> bytes:
    """Return a message with its length."""
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(LENGTH, "big") + body


def length_of(head: bytes) -> int:
    """Return how long a message is.

    Raises:
        BrokenError: Longer than any.
    """
    length = int.from_bytes(head, "big")
    if not 0 < length <= MAX_BYTES:
        raise BrokenError(f"a message of {length} bytes")
    return length


def from_worker(body: bytes) -> FromWorker:
    """Read what a worker says.

    Raises:
        BrokenError: It is none.
    """
    try:
        return _FROM.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BrokenError(str(error)) from error


def to_worker(body: bytes) -> ToWorker:
    """Read what a worker is told. Raises as :func:`from_worker`."""
    try:
        return _TO.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise BrokenError(str(error)) from error


_FROM: Final[msgspec.msgpack.Decoder[FromWorker]] = msgspec.msgpack.Decoder(FromWorker)
_TO: Final[msgspec.msgpack.Decoder[ToWorker]] = msgspec.msgpack.Decoder(ToWorker)
