"""The sound of one call: what of it is connected with what in PJSIP's bridge."""

from contextlib import suppress
from typing import Any, Final, Protocol

from connectors.sip.wire import CallNumber, Frame, FrameKind, PlayEnded, Report
from connectors.sip.worker.audio import CallPort, Ports, Prompt, RecordPort
from connectors.sip.worker.binding import pj
from connectors.sip.worker.recorder import Recording, Writer
from gateway.model.errors import CommandRefusedError

NO_SOUND: Final = "the call has no sound yet, or none any more"


class Studio(Protocol):
    """What sound needs of the process."""

    ports: Ports
    writer: Writer

    def say(self, report: Report) -> None:
        """Tell the gateway; any thread may."""

    def silence(self) -> Any:
        """Return what the bridge has that says nothing: RTP is sent while it is connected."""


class Sound:
    """Of one call; PJSIP's thread has it."""

    def __init__(self, number: CallNumber, studio: Studio) -> None:
        self._number = number
        self._studio = studio
        self._audio: Any = None
        self._port: CallPort | None = None
        self._record: RecordPort | None = None
        self._joined: Sound | None = None

    @property
    def recording(self) -> str | None:
        """The file that is written."""
        return None if self._record is None or self._record.recording is None else self._record.recording.file

    @property
    def joined(self) -> CallNumber | None:
        """The call that it hears."""
        return None if self._joined is None else self._joined._number

    @property
    def is_open(self) -> bool:
        """Tell whether the gateway has its frames."""
        return self._port is not None and self._port.open

    def changed(self, audio: Any) -> None:
        """Take its place in the bridge: every offer may change it; None is none."""
        self._audio = audio
        self._connect()

    def open(self) -> None:
        """Hand its frames to the gateway, and play those of the gateway.

        Raises:
            CommandRefusedError: It has no sound.
        """
        self._need_port().open = True
        self._connect()

    def close(self) -> None:
        """Do so no more."""
        if self._port is not None:
            self._port.open = False
            self._port.take(FrameKind.CLEAR, b"")

    def take(self, frame: Frame) -> None:
        """Play one of the gateway's frames."""
        if self._port is not None:
            self._port.take(frame.kind, frame.sound)

    def play(self, prompt: Prompt | None) -> None:
        """Play a file instead of any that plays; None plays none.

        Raises:
            CommandRefusedError: It has no sound.
        """
        if prompt is None and self._port is None:
            return
        port = self._need_port()
        stopped, port.prompt = port.prompt, prompt
        if stopped is not None:
            self._studio.say(PlayEnded(call=self._number, file=stopped.file, complete=False))
        self._connect()

    def record(self, file: str) -> None:
        """Begin to write what both sides say.

        Raises:
            CommandRefusedError: It is being written already.
        """
        if self._record is not None:
            raise CommandRefusedError("the call is recorded already")
        self._record = self._studio.ports.take_record_port(Recording(self._number, file, self._studio.writer))
        self._connect()

    def pause_recording(self, *, paused: bool) -> None:
        """Write silence, or go on.

        Raises:
            CommandRefusedError: Nothing is written.
        """
        self._need_recording().paused = paused

    def stop_recording(self) -> None:
        """End the file.

        Raises:
            CommandRefusedError: Nothing is written.
        """
        self._need_recording().end()
        record, self._record = self._record, None
        assert record is not None  # it has the recording
        record.recording = None
        self._disconnect(self._audio, record)
        self._disconnect(self._port, record)
        if self._joined is not None:
            self._disconnect(self._joined._audio, record)
        self._studio.ports.give_back(record)

    def join(self, other: "Sound") -> None:
        """Let both calls hear each other.

        Raises:
            CommandRefusedError: One of them hears a call already.
        """
        if self is other or self._joined is not None or other._joined is not None:
            raise CommandRefusedError("one of the calls is joined already")
        self._joined, other._joined = other, self
        self._connect()
        other._connect()

    def part(self) -> None:
        """Let it hear the other call no more."""
        other = self._joined
        if other is None:
            return
        self._joined = other._joined = None
        self._disconnect(self._audio, other._audio)
        self._disconnect(other._audio, self._audio)
        self._disconnect(other._audio, self._record)
        self._disconnect(self._audio, other._record)

    def end(self) -> None:
        """Give everything back: the call is over."""
        self.part()
        if self._record is not None:
            self.stop_recording()
        port, self._port = self._port, None
        if port is not None:
            if port.prompt is not None:
                self._studio.say(PlayEnded(call=self._number, file=port.prompt.file, complete=False))
            # The bridge forgets the call by itself; the port goes to the next one.
            self._disconnect(port, self._audio)
            self._disconnect(self._audio, port)
            self._studio.ports.give_back(port)
        self._audio = None

    def _connect(self) -> None:
        """Connect all that is wanted; what is connected already stays so."""
        if self._audio is None:
            return
        other = None if self._joined is None else self._joined._audio
        self._pair(self._studio.silence(), self._audio)
        self._pair(self._port, self._audio)
        if self.is_open:
            self._pair(self._audio, self._port)
        self._pair(self._audio, other)
        self._pair(other, self._audio)
        for source in (self._audio, self._port, other):
            self._pair(source, self._record)
        if self._joined is not None:
            self._pair(self._audio, self._joined._record)

    def _pair(self, source: Any, sink: Any) -> None:
        # A call's place in the bridge may be gone while its end is on its way to us.
        if source is not None and sink is not None:
            with suppress(pj.Error):
                source.startTransmit(sink)

    def _disconnect(self, source: Any, sink: Any) -> None:
        if source is not None and sink is not None:
            with suppress(pj.Error):
                source.stopTransmit(sink)

    def need(self) -> None:
        """See that there is sound.

        Raises:
            CommandRefusedError: There is none.
        """
        if self._audio is None:
            raise CommandRefusedError(NO_SOUND)

    def _need_port(self) -> CallPort:
        self.need()
        if self._port is None:
            self._port = self._studio.ports.take_call_port(self._number)
        return self._port

    def _need_recording(self) -> Recording:
        if self._record is None or self._record.recording is None:
            raise CommandRefusedError("the call is not recorded")
        return self._record.recording
