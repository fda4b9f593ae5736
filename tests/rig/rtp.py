"""The voice of a scripted telephone: RTP with a tone and RFC 4733 digits.

It speaks from the moment of answering, so that the PBX's ``Answer()`` need not wait for the first packet, and keeps the last
seconds of what it hears: who speaks with a tone of his own can be told apart by it.
"""

import asyncio
import math
import secrets
import struct
import time
from collections import deque
from collections.abc import Sequence
from functools import cache
from typing import Final

FRAME_S: Final = 0.02
_SAMPLES: Final = 160
_EVENTS: Final = "0123456789*#ABCD"
_PAYLOAD_PCMU, _PAYLOAD_EVENT = 0, 101


def _ulaw(sample: int) -> int:
    """G.711 u-law of one 16-bit sample."""
    sign, magnitude = (0x80, -sample) if sample < 0 else (0, sample)
    magnitude = min(magnitude, 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0F)) & 0xFF


def ulaw(samples: Sequence[int]) -> bytes:
    """G.711 u-law of 16-bit samples."""
    return bytes(map(_ulaw, samples))


def linear(code: int) -> int:
    """The 16-bit sample of one byte of G.711 u-law."""
    code = ~code & 0xFF
    magnitude = ((((code & 0x0F) << 3) + 132) << ((code >> 4) & 0x07)) - 132
    return -magnitude if code & 0x80 else magnitude


@cache
def _tone(hertz: int) -> bytes:
    return bytes(_ulaw(int(4000 * math.sin(2 * math.pi * hertz * i / 8000))) for i in range(_SAMPLES))


def loudness(samples: Sequence[int], hertz: float) -> float:
    """Amplitude of one frequency in 8 kHz samples, by Goertzel's algorithm; a telephone speaks with 4,000."""
    if not samples:
        return 0.0
    factor = 2 * math.cos(2 * math.pi * hertz / 8000)
    before, last = 0.0, 0.0
    for sample in samples:
        before, last = last, sample + factor * last - before
    power = before * before + last * last - factor * before * last
    return 2 * math.sqrt(max(power, 0.0)) / len(samples)


DEFAULT_TONE_HZ: Final = 400
AUDIBLE: Final = 400.0
"""Loudness from which a tone counts as heard: a tenth of what a telephone speaks with."""
KEPT_FRAMES: Final = 25
"""Half a second."""


class Voice(asyncio.DatagramProtocol):
    """One RTP socket. Cancelling a method is safe; ``close`` ends the stream."""

    def __init__(self) -> None:
        self.heard = 0
        """RTP packets received."""
        self.tone_hz = DEFAULT_TONE_HZ
        """What it says; a multiple of 50. It may be changed while it speaks."""
        self.script: deque[bytes] = deque()
        """Frames of u-law that it says instead, one after the other."""
        self.tape: list[tuple[float, bytes]] | None = None
        """A list is filled with all frames that it hears, and when, by the monotonic clock."""
        self.digits = ""
        """Keys that it heard (RFC 4733)."""
        self._digit_at = b""
        self._last: deque[tuple[float, bytes]] = deque(maxlen=KEPT_FRAMES)
        self.address = ("", 0)
        self._transport: asyncio.DatagramTransport | None = None
        self._peer: tuple[str, int] | None = None
        self._sequence = secrets.randbelow(30_000)
        self._timestamp = secrets.randbelow(1 << 30)
        self._source = secrets.randbits(31)
        self._stream: asyncio.Task[None] | None = None
        self._digits = asyncio.Lock()

    async def open(self, host: str) -> None:
        """Bind a free port of ``host``."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(host, 0))
        self.address = self._transport.get_extra_info("sockname")[:2]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Take note of what is heard."""
        self.heard += 1
        if data[1] & 0x7F == _PAYLOAD_PCMU:
            self._last.append((time.monotonic(), data[12:]))
            if self.tape is not None:
                self.tape.append(self._last[-1])
        elif data[1] & 0x7F == _PAYLOAD_EVENT and data[4:8] != self._digit_at:
            # Every packet of one key has the timestamp of its beginning.
            self._digit_at = data[4:8]
            self.digits += _EVENTS[data[12]]

    def hears(self, hertz: float) -> bool:
        """Tell whether this tone was in the last half second."""
        since = time.monotonic() - KEPT_FRAMES * FRAME_S
        return loudness([linear(code) for at, frame in self._last if at >= since for code in frame], hertz) >= AUDIBLE

    def speak_to(self, peer: tuple[str, int] | None) -> None:
        """Send to the peer from now on; None is silence."""
        self._peer = peer
        if self._stream is None:
            self._stream = asyncio.get_running_loop().create_task(self._speak(), name="rtp")

    def close(self) -> None:
        """Stop speaking and give the port back."""
        if self._stream is not None:
            self._stream.cancel()
        if self._transport is not None:
            self._transport.close()

    async def closed(self) -> None:
        """Wait until the stream has stopped."""
        if self._stream is not None:
            await asyncio.gather(self._stream, return_exceptions=True)

    async def press(self, digits: str, tone_s: float, gap_s: float) -> None:
        """Press digits one after the other; returns after the last one's gap."""
        for digit in digits:
            async with self._digits:
                frames = round(tone_s / FRAME_S)
                for i in range(frames + 3):
                    over = i >= frames
                    event = struct.pack("!BBH", _EVENTS.index(digit), (0x80 if over else 0) | 10, min(i + 1, frames) * _SAMPLES)
                    self._send(_PAYLOAD_EVENT, event, marker=i == 0)
                    if not over:
                        await asyncio.sleep(FRAME_S)
                self._timestamp += frames * _SAMPLES
            await asyncio.sleep(gap_s)

    async def _speak(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if not self._digits.locked():
                self._send(_PAYLOAD_PCMU, self.script.popleft() if self.script else _tone(self.tone_hz))
                self._timestamp += _SAMPLES
            due = max(due + FRAME_S, loop.time())
            await asyncio.sleep(due - loop.time())

    def _send(self, payload: int, data: bytes, *, marker: bool = False) -> None:
        if self._peer is None or self._transport is None or self._transport.is_closing():
            return
        header = struct.pack(
            "!BBHII",
            0x80,
            payload | (0x80 if marker else 0),
            self._sequence & 0xFFFF,
            self._timestamp & 0xFFFFFFFF,
            self._source,
        )
        self._sequence += 1
        self._transport.sendto(header + data, self._peer)
