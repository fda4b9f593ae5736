"""Recordings as WAV files, written on a thread of their own: a slow disk must not hold up the sound of calls."""

import queue
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Final

from connectors.sip.wire import FRAME_BYTES, CallNumber

FRAMES_AT_ONCE: Final = 25
"""Frames that are written together: half a second."""
SILENCE: Final = bytes(FRAME_BYTES)
_RATE: Final = 8000


class Recording:
    """One file. ``take`` is called every 20 ms; the rest by whoever owns it."""

    def __init__(self, call: CallNumber, file: str, writer: "Writer") -> None:
        self.call = call
        self.file = file
        self.paused = False
        """What is said meanwhile is not written, and its time is: silence."""
        self._writer = writer
        self._waiting = bytearray()
        self._out: wave.Wave_write | None = None
        self._error = ""

    def take(self, sound: bytes) -> None:
        """Write one frame; what is no whole frame is silence."""
        self._waiting += SILENCE if self.paused or len(sound) != FRAME_BYTES else sound
        if len(self._waiting) >= FRAME_BYTES * FRAMES_AT_ONCE:
            self._hand_over()

    def end(self) -> None:
        """Write what is left; the writer's ``ended`` tells when this is done."""
        self._hand_over()
        self._writer.put(self, None)

    def _hand_over(self) -> None:
        self._writer.put(self, bytes(self._waiting))
        self._waiting.clear()

    def write(self, sound: bytes | None) -> bool:
        """Write to the file, on the writer's thread; None ends it. Return whether it is at its end."""
        try:
            if self._out is None and not self._error:
                Path(self.file).parent.mkdir(parents=True, exist_ok=True)
                self._out = wave.open(self.file, "wb")  # noqa: SIM115  # closed at the end
                self._out.setparams((1, 2, _RATE, 0, "NONE", ""))
            if self._out is not None and sound:
                self._out.writeframesraw(sound)
            if sound is None and self._out is not None:
                self._out.close()
        except OSError as error:
            self._error = error.strerror or str(error)
            self._out = None
        return sound is None

    @property
    def error(self) -> str:
        """Why it is not whole; empty when it is."""
        return self._error


class Writer:
    """The thread that writes all recordings; ``ended`` is called on it."""

    def __init__(self, ended: Callable[[Recording], None]) -> None:
        self._ended = ended
        self._queue: queue.SimpleQueue[tuple[Recording, bytes | None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, name="recordings", daemon=True)
        self._thread.start()

    def put(self, recording: Recording, sound: bytes | None) -> None:
        """Have it written; None ends the file."""
        self._queue.put((recording, sound))

    def close(self, within_s: float) -> None:
        """Write what waits, and end."""
        self._queue.put(None)
        self._thread.join(within_s)

    def _write(self) -> None:
        while (asked := self._queue.get()) is not None:
            recording, sound = asked
            if recording.write(sound):
                self._ended(recording)
