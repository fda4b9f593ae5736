import queue
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest

from connectors.sip.wire import FRAME_BYTES, CallNumber
from connectors.sip.worker.recorder import FRAMES_AT_ONCE, Recording, Writer

FRAME = bytes(range(160)) * 2
CALL = CallNumber(1)
PATIENCE_S = 10.0


class Kept:
    def __init__(self) -> None:
        self.ended: queue.Queue[Recording] = queue.Queue()
        self.writer = Writer(self.ended.put)


@pytest.fixture
def kept() -> Iterator[Kept]:
    kept = Kept()
    yield kept
    kept.writer.close(PATIENCE_S)


def test_file_holds_what_was_said_and_silence_for_a_pause(kept: Kept, tmp_path: Path) -> None:
    recording = Recording(CALL, str(tmp_path / "new" / "a.wav"), kept.writer)
    for number in range(FRAMES_AT_ONCE * 2 + 3):
        recording.paused = 10 <= number < 20
        recording.take(b"" if number == 30 else FRAME)
    recording.end()
    assert kept.ended.get(timeout=PATIENCE_S).error == ""
    with wave.open(recording.file) as read:
        assert (read.getnchannels(), read.getsampwidth(), read.getframerate()) == (1, 2, 8000)
        sound = read.readframes(1_000_000)
    silent = [number for number in range(len(sound) // FRAME_BYTES) if not any(sound[number * FRAME_BYTES :][:FRAME_BYTES])]
    assert (len(sound), silent) == (FRAME_BYTES * 53, [*range(10, 20), 30])


def test_file_that_cannot_be_written_is_told_and_holds_up_no_other(kept: Kept, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    broken = Recording(CALL, str(tmp_path / "file" / "a.wav"), kept.writer)
    good = Recording(CALL, str(tmp_path / "b.wav"), kept.writer)
    for recording in (broken, good):
        recording.take(FRAME)
        recording.end()
    assert [recording.error != "" for recording in (kept.ended.get(timeout=PATIENCE_S), kept.ended.get(timeout=PATIENCE_S))] == [
        True,
        False,
    ]
