"""The sound that Python hears and makes: ports of PJSIP's conference bridge, kept and used again.

A port is asked for a frame, and given one, each 20 ms on the bridge's own thread; nothing here calls into PJSIP from there. No
port is ever destroyed while the bridge runs: PJSIP would crash.
"""

import wave
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from connectors.sip.wire import FRAME_BYTES, HEADER, PLAYOUT_FRAMES, CallNumber, FrameKind
from connectors.sip.worker.binding import pj
from connectors.sip.worker.recorder import Recording
from gateway.model.errors import CommandRefusedError

MAX_PROMPT_BYTES: Final = 32 * 1024 * 1024
"""Of one file that is played: half an hour."""
_RATE: Final = 8000
_FRAME_US: Final = 20_000


class Prompt:
    """A WAV file that is played, from memory."""

    def __init__(self, file: str, *, loop: bool) -> None:
        """Read it.

        Raises:
            CommandRefusedError: It cannot be read, or is not 8 kHz, 16-bit, mono.
        """
        self.file = file
        self._loop = loop
        self._at = 0
        try:
            with wave.open(file, "rb") as opened:
                if opened.getparams()[:3] != (1, 2, _RATE):
                    raise CommandRefusedError(f"{file} is not 8 kHz, 16-bit, mono")
                self._sound = opened.readframes(MAX_PROMPT_BYTES // 2)
        except (OSError, EOFError, wave.Error) as error:
            raise CommandRefusedError(f"{file} cannot be played: {error}") from error

    def next(self) -> bytes | None:
        """Return the next frame; None at the end."""
        if self._at >= len(self._sound):
            if not self._loop or not self._sound:
                return None
            self._at = 0
        frame = self._sound[self._at : self._at + FRAME_BYTES]
        self._at += FRAME_BYTES
        return frame.ljust(FRAME_BYTES, b"\0")


class _Port(pj.AudioMediaPort):  # type: ignore[misc]  # SWIG's classes carry no types
    def __init__(self, name: str) -> None:
        super().__init__()
        sound = pj.MediaFormatAudio()
        sound.type = pj.PJMEDIA_TYPE_AUDIO
        sound.clockRate, sound.channelCount, sound.bitsPerSample = _RATE, 1, 16
        sound.frameTimeUsec = _FRAME_US
        sound.avgBps = sound.maxBps = _RATE * 16
        self.createPort(name, sound)


class CallPort(_Port):
    """Speaks to one call, and hears it: prompts, and an application's frames."""

    def __init__(self, name: str, send: Callable[[bytes], None], prompt_over: Callable[["CallPort", Prompt], None]) -> None:
        super().__init__(name)
        self._send = send
        self._prompt_over = prompt_over
        self.call: CallNumber | None = None
        """Whose it is; None while it waits in the pool."""
        self.open = False
        """Frames go to the application, and come from there."""
        self.prompt: Prompt | None = None
        self._playout: deque[bytes] = deque(maxlen=PLAYOUT_FRAMES)
        self._heard = bytearray(FRAME_BYTES)
        self._sequence = 0

    def begin(self, call: CallNumber) -> None:
        """Be this call's."""
        self.call, self._sequence = call, 0

    def end(self) -> None:
        """Be nobody's."""
        self.call, self.open, self.prompt = None, False, None
        self._playout.clear()

    def take(self, kind: FrameKind, sound: bytes) -> None:
        """Take a frame of the application."""
        if kind is FrameKind.CLEAR:
            self._playout.clear()
        elif self.open:
            self._playout.append(sound)

    def onFrameRequested(self, frame: Any) -> None:  # noqa: N802  # PJSIP's name
        """Give the bridge 20 ms, or nothing."""
        sound = self._next()
        if sound is not None:
            frame.type = pj.PJMEDIA_FRAME_TYPE_AUDIO
            frame.buf.assign_from_bytes(sound)

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802  # PJSIP's name
        """Hand 20 ms on to the application."""
        call = self.call
        if call is None or not self.open:
            return
        heard = self._heard
        if frame.size == FRAME_BYTES:
            frame.buf.copy_to_bytearray(heard)
        else:
            heard = bytearray(FRAME_BYTES)
        self._send(HEADER.pack(FrameKind.AUDIO, call, self._sequence) + heard)
        self._sequence = self._sequence + 1 & 0xFFFFFFFF

    def _next(self) -> bytes | None:
        prompt = self.prompt
        if prompt is not None:
            sound = prompt.next()
            if sound is not None:
                return sound
            self.prompt = None
            self._prompt_over(self, prompt)
        try:
            return self._playout.popleft()
        except IndexError:
            return None


class RecordPort(_Port):
    """Hears all that is said in one call, mixed by the bridge."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.recording: Recording | None = None

    def onFrameReceived(self, frame: Any) -> None:  # noqa: N802  # PJSIP's name
        """Write 20 ms; where nobody says anything they are silence."""
        recording = self.recording
        if recording is None:
            return
        sound = bytearray(frame.size)
        if sound:
            frame.buf.copy_to_bytearray(sound)
        recording.take(bytes(sound))


class Ports:
    """All ports of a process."""

    def __init__(self, send: Callable[[bytes], None], prompt_over: Callable[[CallPort, Prompt], None]) -> None:
        self._send = send
        self._prompt_over = prompt_over
        self._all: list[_Port] = []
        self._speaking: list[CallPort] = []
        self._recording: list[RecordPort] = []

    def take_call_port(self, call: CallNumber) -> CallPort:
        """Return a port for a call."""
        port = self._speaking.pop() if self._speaking else self._new(CallPort(self._name(), self._send, self._prompt_over))
        port.begin(call)
        return port

    def take_record_port(self, recording: Recording) -> RecordPort:
        """Return a port for a recording."""
        port = self._recording.pop() if self._recording else self._new(RecordPort(self._name()))
        port.recording = recording
        return port

    def give_back(self, port: CallPort | RecordPort) -> None:
        """Keep it for the next one; nothing is connected to it any more."""
        match port:
            case CallPort():
                port.end()
                self._speaking.append(port)
            case RecordPort():
                port.recording = None
                self._recording.append(port)

    def close(self) -> None:
        """Forget all of them; the bridge stands still."""
        self._speaking.clear()
        self._recording.clear()
        self._all.clear()

    def _name(self) -> str:
        return f"tieline-{len(self._all)}"

    def _new(self, port: Any) -> Any:
        self._all.append(port)
        return port
