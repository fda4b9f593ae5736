"""A recording as it is sent to who listens: as it is kept, or as 16-bit WAV where that is what browsers play."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import PurePosixPath
from typing import Final

from gateway.model.recordings import Recording, Sound
from gateway.ports.recordings import Audio, RecordingStorage
from gateway.recordings.g711 import to_linear
from gateway.recordings.sounds import WAV_HEADER_BYTES, wav_header

WAV: Final = "audio/wav"
_TABLED: Final = ("ulaw", "alaw")
_SAMPLE_BYTES: Final = 2


def audio_of(recording: Recording, storage: RecordingStorage, *, original: bool) -> Audio | None:
    """See :meth:`gateway.ports.recordings.RecordingLibrary.audio`."""
    key, sound, size = recording.stored_as, recording.sound, recording.size
    if key is None or sound is None or size is None:
        return None
    suffix = PurePosixPath(recording.file).suffix
    tag = (recording.sha256 or "")[:32]
    if original or not _is_made(sound):

        def kept(start: int, length: int) -> AsyncGenerator[bytes, None]:
            return storage.read(key, start, length)

        return Audio(media_type=sound.media_type, size=size, tag=tag, file_name=f"{recording.id}{suffix.lower()}", read=kept)
    made = _MadeWav(storage, key, sound)
    return Audio(media_type=WAV, size=made.size, tag=f"{tag}-wav", file_name=f"{recording.id}.wav", read=made.read)


def _is_made(sound: Sound) -> bool:
    """Tell whether we make a WAV of it: of G.711, of sound without a header, and of what has a header that says too little."""
    if sound.rate_hz is None or sound.channels is None:
        return False
    as_it_should = sound.media_type == WAV and sound.unfinished is None
    return sound.encoding in _TABLED or (sound.encoding == "pcm16" and not as_it_should)


class _MadeWav:
    """16-bit WAV of a stored sound, any part of which is made when it is asked for."""

    def __init__(self, storage: RecordingStorage, key: str, sound: Sound) -> None:
        self._storage = storage
        self._key = key
        self._sound = sound
        self._input_bytes = 1 if sound.encoding in _TABLED else _SAMPLE_BYTES
        """Of one sample as it is stored."""
        data_bytes = sound.data_bytes // self._input_bytes * _SAMPLE_BYTES
        self._header = wav_header(rate_hz=sound.rate_hz or 0, channels=sound.channels or 1, data_bytes=data_bytes)
        self.size = WAV_HEADER_BYTES + data_bytes

    async def read(self, start: int, length: int) -> AsyncGenerator[bytes, None]:
        end = start + length
        if start < WAV_HEADER_BYTES:
            yield self._header[start:end]
        first, last = max(start - WAV_HEADER_BYTES, 0), end - WAV_HEADER_BYTES
        if last <= first:
            return
        first_sample, end_sample = first // _SAMPLE_BYTES, -(-last // _SAMPLE_BYTES)
        begin = self._sound.data_at + first_sample * self._input_bytes
        skipped, left = first % _SAMPLE_BYTES, last - first
        async with aclosing(self._storage.read(self._key, begin, (end_sample - first_sample) * self._input_bytes)) as chunks:
            async for stored in chunks:
                made = stored
                if self._input_bytes == 1:
                    made = await asyncio.to_thread(to_linear, self._sound.encoding, stored)
                part = made[skipped : skipped + left]
                skipped, left = 0, left - len(part)
                yield part
