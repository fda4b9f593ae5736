import wave
from contextlib import aclosing
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rig.rtp import AUDIBLE, loudness
from support.recordings import coded_wav, recording_of, tone, wav

from gateway.model.recordings import Recording
from gateway.ports.recordings import Audio, RecordingStorage
from gateway.recordings.g711 import to_linear
from gateway.recordings.hearing import audio_of
from gateway.recordings.local import LocalStorage
from gateway.recordings.sounds import look_at, wav_header

KEY = "default/2026/11/22/a.wav"
ULAW = bytes(range(256)) * 40


async def kept(storage: RecordingStorage, file: str, data: bytes) -> Recording:
    part = storage.incoming / "a.part"
    part.write_bytes(data)
    await storage.put(KEY, part, sha256="", media_type="audio/wav")
    sound = look_at(file, data, len(data))
    return recording_of(1, file=file, sound=sound, size=len(data), sha256="ab" * 32, stored_as=KEY)


async def read(audio: Audio, start: int = 0, length: int | None = None) -> bytes:
    async with aclosing(audio.read(start, audio.size - start if length is None else length)) as chunks:
        return b"".join([data async for data in chunks])


async def heard(storage: RecordingStorage, file: str, data: bytes, *, original: bool = False) -> tuple[Audio, bytes]:
    audio = audio_of(await kept(storage, file, data), storage, original=original)
    assert audio is not None
    return audio, await read(audio)


@pytest.fixture
def local(tmp_path: Path) -> LocalStorage:
    storage = LocalStorage(tmp_path / "kept")
    storage.incoming.mkdir(parents=True)
    return storage


async def test_what_browsers_play_is_sent_as_it_is(local: LocalStorage) -> None:
    audio, data = await heard(local, "a.WAV", wav(1.0))
    assert data == wav(1.0)
    assert (audio.media_type, audio.file_name) == ("audio/wav", f"{recording_of(1, file='a.WAV').id}.wav")


@pytest.mark.parametrize(
    ("file", "data", "linear"),
    [
        ("a.wav", coded_wav(7, ULAW), to_linear("ulaw", ULAW)),
        ("a.wav", coded_wav(6, ULAW), to_linear("alaw", ULAW)),
        ("a.ulaw", ULAW, to_linear("ulaw", ULAW)),
        ("a.al", ULAW, to_linear("alaw", ULAW)),
        ("a.sln", tone(0.5), tone(0.5)),
        ("a.wav", wav_header(rate_hz=8_000, channels=1, data_bytes=0) + tone(0.5), tone(0.5)),
    ],
)
async def test_what_they_do_not_play_is_made_into_16_bit_wav(
    storage: RecordingStorage, file: str, data: bytes, linear: bytes
) -> None:
    audio, made = await heard(storage, file, data)
    assert audio.size == len(made)
    assert (audio.media_type, audio.file_name.endswith(".wav"), audio.tag.endswith("-wav")) == ("audio/wav", True, True)
    with wave.open(BytesIO(made)) as opened:
        assert (opened.getnchannels(), opened.getsampwidth(), opened.getframerate()) == (1, 2, 8_000)
        assert opened.readframes(opened.getnframes()) == linear
    original, kept_data = await heard(storage, file, data, original=True)
    assert kept_data == data
    assert original.tag != audio.tag


@pytest.mark.parametrize("name", ["frames.ulaw", "frames.sln", "linear.wav"])
async def test_the_music_of_a_real_asterisk_is_heard(local: LocalStorage, name: str) -> None:
    _, made = await heard(local, name, (Path(__file__).parent / "asterisk22" / name).read_bytes())
    with wave.open(BytesIO(made)) as opened:
        samples = memoryview(opened.readframes(opened.getnframes())).cast("h").tolist()
    assert max(loudness(samples[4_000:8_000], hertz) for hertz in (440, 523)) > AUDIBLE
    assert loudness(samples[4_000:8_000], 1_000) < AUDIBLE


@pytest.mark.parametrize("file", ["a.gsm", "a.g722", "a.mp3"])
async def test_what_we_cannot_decode_is_sent_as_it_is(local: LocalStorage, file: str) -> None:
    data = {"a.gsm": (b"\xd2" + bytes(32)) * 5, "a.g722": bytes(99), "a.mp3": b"ID3" + bytes(99)}[file]
    audio, sent = await heard(local, file, data)
    assert sent == data
    assert audio.media_type in ("audio/x-gsm", "audio/G722", "audio/mpeg")


@given(start=st.integers(0, 20_600), length=st.integers(0, 20_600))
async def test_any_part_of_what_is_made_is_the_same_part_of_the_whole(
    start: int, length: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    storage = LocalStorage(tmp_path_factory.mktemp("kept"))
    storage.incoming.mkdir(parents=True)
    audio, whole = await heard(storage, "a.ulaw", ULAW)
    start = min(start, audio.size)
    length = min(length, audio.size - start)
    assert await read(audio, start, length) == whole[start : start + length]


async def test_of_what_is_not_stored_there_is_no_sound(local: LocalStorage) -> None:
    recording = await kept(local, "a.wav", wav(1.0))
    for missing in ({"stored_as": None}, {"sound": None}, {"size": None}):
        assert audio_of(msgspec.structs.replace(recording, **missing), local, original=True) is None
