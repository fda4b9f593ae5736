import wave
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.recordings import coded_wav, tone, wav

from gateway.model.errors import RecordingUnusableError
from gateway.model.recordings import Sound
from gateway.recordings.sounds import HEAD_BYTES, look_at, wav_header

ASTERISK: Final = Path(__file__).parent / "asterisk22"


def look(name: str, data: bytes) -> Sound:
    return look_at(name, data[:HEAD_BYTES], len(data))


def test_a_whole_wav_says_what_it_is() -> None:
    sound = look("a.wav", wav(1.5))
    assert (sound.media_type, sound.encoding, sound.rate_hz, sound.channels) == ("audio/wav", "pcm16", 8_000, 1)
    assert (sound.data_at, sound.data_bytes, sound.duration_s, sound.unfinished) == (44, 24_000, 1.5, None)


@pytest.mark.parametrize(
    ("name", "encoding", "duration_s"),
    [
        ("gsm.WAV", "gsm", 2.0),
        ("frames.gsm", "gsm", 2.02),
        ("frames.ulaw", "ulaw", 2.02),
        ("frames.sln", "pcm16", 2.02),
        ("linear.wav", "pcm16", 1.0),
    ],
)
def test_what_a_real_asterisk_wrote_is_whole(name: str, encoding: str, duration_s: float) -> None:
    """MixMonitor of Asterisk 22 on the rig's music (440 and 523 Hz); 16 writes the same."""
    sound = look(name, (ASTERISK / name).read_bytes())
    assert (sound.encoding, sound.rate_hz, sound.channels, sound.unfinished) == (encoding, 8_000, 1, None)
    assert sound.duration_s == pytest.approx(duration_s, abs=0.01)


def test_what_others_write_is_read_and_what_we_write_others_read(tmp_path: Path) -> None:
    file = tmp_path / "a.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(16_000)
        out.writeframes(tone(0.5, rate_hz=16_000) * 2)
    sound = look("a.WAV", file.read_bytes())
    assert (sound.channels, sound.rate_hz, sound.duration_s) == (2, 16_000, 0.5)
    file.write_bytes(wav_header(rate_hz=16_000, channels=2, data_bytes=32_000) + bytes(32_000))
    with wave.open(str(file)) as opened:
        assert (opened.getnchannels(), opened.getframerate(), opened.getnframes()) == (2, 16_000, 8_000)


@pytest.mark.parametrize(
    ("codec", "bits", "bytes_a_second", "encoding"),
    [(7, 8, 8_000, "ulaw"), (6, 8, 8_000, "alaw"), (0x31, 0, 1_625, "gsm"), (1, 8, 8_000, "pcm8"), (3, 32, 32_000, "other")],
)
def test_other_encodings_are_told_apart(codec: int, bits: int, bytes_a_second: int, encoding: str) -> None:
    sound = look("a.wav", coded_wav(codec, bytes(bytes_a_second), bits=bits, bytes_a_second=bytes_a_second))
    assert (sound.encoding, sound.duration_s, sound.unfinished) == (encoding, 1.0, None)


@pytest.mark.parametrize("cut", [20, 43, 44 + 100, 44 + 15_999])
def test_a_file_that_is_cut_off_is_unfinished(cut: int) -> None:
    assert look("a.wav", wav(1.0)[:cut]).unfinished is not None


def test_a_header_that_was_never_finished_leaves_the_sound_to_be_heard() -> None:
    """As Asterisk writes it before it closes the file."""
    sound = look("a.wav", wav_header(rate_hz=8_000, channels=1, data_bytes=0) + tone(2.0))
    assert sound.unfinished == "its header speaks of 44 bytes, and it has 32044"
    assert (sound.data_bytes, sound.duration_s) == (32_000, 2.0)


def test_a_wav_without_sound_is_whole_and_has_none() -> None:
    sound = look("a.wav", wav(0.0))
    assert (sound.unfinished, sound.duration_s) == (None, 0.0)


@pytest.mark.parametrize("name", ["a.ulaw", "a.alaw", "a.sln", "a.sln16", "a.g722", "a.gsm", "a.mp3", "a.ogg", "a.wav"])
def test_an_empty_file_is_unfinished(name: str) -> None:
    assert look(name, b"").unfinished is not None


@pytest.mark.parametrize(
    ("name", "data", "encoding", "duration_s"),
    [
        ("a.ulaw", bytes(16_000), "ulaw", 2.0),
        ("a.pcm", bytes(16_000), "ulaw", 2.0),
        ("a.al", bytes(16_000), "alaw", 2.0),
        ("a.sln", bytes(16_000), "pcm16", 1.0),
        ("a.sln16", bytes(32_000), "pcm16", 1.0),
        ("a.g722", bytes(8_000), "g722", 1.0),
        ("a.gsm", (b"\xd2" + bytes(32)) * 50, "gsm", 1.0),
        ("a.mp3", b"ID3" + bytes(99), "mp3", None),
        ("a.mp3", b"\xff\xfb\x90" + bytes(99), "mp3", None),
        ("a.ogg", b"OggS" + bytes(99), "ogg", None),
    ],
)
def test_files_without_a_header_are_known_by_their_names(name: str, data: bytes, encoding: str, duration_s: float | None) -> None:
    sound = look(name, data)
    assert (sound.encoding, sound.duration_s, sound.unfinished) == (encoding, duration_s, None)


def test_a_gsm_file_that_ends_within_a_frame_is_unfinished() -> None:
    assert look("a.gsm", b"\xd2" + bytes(40)).unfinished == "it ends within a frame"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.wav", b"<html>" + bytes(99)),
        ("a.wav", b"RIFF\x00\x00\x00\x00AVI " + bytes(99)),
        ("a.wav", b"RIFF\x5c\x00\x00\x00WAVEdata" + bytes(84)),
        ("a.wav", wav(1.0).replace(b"fmt \x10", b"fmt \x04")),
        ("a.wav", b"RIFF\x00\x00\x10\x00WAVEjunk\xf8\xff\x0f\x00" + bytes(HEAD_BYTES * 2)),
        ("a.gsm", b"\x00" * 33),
        ("a.mp3", b"<html>"),
        ("a.ogg", b"<html>"),
        ("a.txt", b"hello"),
        ("wav", wav(1.0)),
        (".wav", b"x" * 99),
    ],
)
def test_what_is_no_sound_is_refused(name: str, data: bytes) -> None:
    with pytest.raises(RecordingUnusableError):
        look(name, data)


@given(name=st.sampled_from(["a.wav", "a.gsm", "a.mp3"]), data=st.binary(max_size=200), whole=st.booleans())
def test_garbage_is_read_or_refused_and_nothing_else(name: str, data: bytes, whole: bool) -> None:
    if whole:
        data = b"RIFF" + data[:4].ljust(4, b"\0") + b"WAVE" + data[4:]
    try:
        sound = look(name, data)
    except RecordingUnusableError:
        return
    assert 0 <= sound.data_at + sound.data_bytes <= max(len(data), 0)
