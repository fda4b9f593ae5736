"""Sounds for tests, the same each time: speech by an engine, noise, hum, music, keys; 8 kHz, 16 bits."""

import math
import random
from functools import cache
from typing import Any, Final

import numpy as np

RATE: Final = 8000
Floats = np.ndarray[Any, np.dtype[np.float32]]


def pcm(samples: Floats) -> bytes:
    return np.clip(samples, -32768, 32767).astype("<i2").tobytes()


def floats(sound: bytes) -> Floats:
    return np.frombuffer(sound, dtype="<i2").astype(np.float32)


def loudness(samples: Floats) -> float:
    return float(np.sqrt(np.mean(samples**2))) if len(samples) else 0.0


def silence(seconds: float, *, comfort: float = 8.0, seed: int = 1) -> bytes:
    """A line on which nobody speaks: a little noise, as every line has."""
    return pcm(np.random.default_rng(seed).normal(0, comfort, round(seconds * RATE)).astype(np.float32))


def white(seconds: float, level: float, seed: int = 2) -> bytes:
    return pcm(np.random.default_rng(seed).normal(0, level, round(seconds * RATE)).astype(np.float32))


def pink(seconds: float, level: float, seed: int = 3) -> bytes:
    """As loud in each octave: wind, a fan, a street."""
    count = round(seconds * RATE)
    spectrum = np.fft.rfft(np.random.default_rng(seed).normal(0, 1, count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1))
    samples = np.fft.irfft(spectrum, count).astype(np.float32)
    return pcm(samples * (level / loudness(samples)))


def hum(seconds: float, level: float) -> bytes:
    turns = 2 * math.pi * 50 / RATE * np.arange(round(seconds * RATE))
    samples = np.sin(turns) + 0.5 * np.sin(2 * turns) + 0.3 * np.sin(3 * turns)
    return pcm((samples * (level / loudness(samples.astype(np.float32)))).astype(np.float32))


def music(seconds: float, level: float, seed: int = 4) -> bytes:
    """Chords, a melody, a bass and a beat: what plays to callers who wait."""
    pick = random.Random(seed)
    count = round(seconds * RATE)
    samples = np.zeros(count, dtype=np.float32)
    beat = RATE // 2
    scale = [262, 294, 330, 349, 392, 440, 494, 523]
    for start in range(0, count, beat):
        end = min(count, start + beat)
        at = np.arange(end - start) / RATE
        chord = pick.choice([(262, 330, 392), (294, 349, 440), (330, 392, 494), (349, 440, 523)])
        fades = np.exp(-2.5 * at)
        for hertz in (*chord, pick.choice(scale) * 2, chord[0] / 2):
            tone = sum(np.sin(2 * math.pi * hertz * harmonic * at) / harmonic for harmonic in (1, 2, 3))
            samples[start:end] += (tone * fades).astype(np.float32)
        drum = np.random.default_rng(start).normal(0, 1, min(len(at), 400)) * np.exp(-np.arange(min(len(at), 400)) / 60)
        samples[start : start + len(drum)] += drum.astype(np.float32)
    return pcm(samples * (level / loudness(samples)))


def key(digit: str, seconds: float, level: float = 4000.0) -> bytes:
    rows, columns = (697, 770, 852, 941), (1209, 1336, 1477, 1633)
    row, column = divmod("123A456B789C*0#D".index(digit), 4)
    at = np.arange(round(seconds * RATE)) / RATE
    both = np.sin(2 * math.pi * rows[row] * at) + np.sin(2 * math.pi * columns[column] * at)
    return pcm((both * level / 2).astype(np.float32))


def mixed(sound: bytes, noise: bytes, snr_db: float) -> bytes:
    """Speech in noise: as loud as it was, over noise that is so many dB softer than its loud parts."""
    speech = floats(sound)
    loud = speech[np.abs(speech) > 0.1 * np.abs(speech).max()]
    under = np.resize(floats(noise), len(speech))
    return pcm(speech + under * (loudness(loud) / 10 ** (snr_db / 20) / loudness(under)))


def louder(sound: bytes, db: float) -> bytes:
    return pcm(floats(sound) * 10 ** (db / 20))


def padded(sound: bytes, before_s: float = 0.5, after_s: float = 1.0) -> bytes:
    return silence(before_s) + sound + silence(after_s, seed=5)


@cache
def spoken(text: str, language: str = "en", voice: str | None = None) -> bytes:
    """A sentence, spoken by this machine's own engine."""
    from gateway.ports.speech import Voice
    from ivr.speech import hibari, kokoro

    speaker = hibari.speaker(hibari.HibariSettings()) if language == "en" else kokoro.speaker(kokoro.KokoroSettings())
    return speaker(text, Voice(language=language, name=voice))


def clicks(seconds: float, level: float = 8000.0, seed: int = 6) -> bytes:
    """Knocks against the telephone, a few in a second, and now and then a bump of 0.1 s."""
    pick = random.Random(seed)
    samples = floats(silence(seconds)).copy()
    at = 0
    while (at := at + pick.randrange(RATE // 4, RATE)) < len(samples):
        length = pick.choice((8, 40, 160, 800))
        fades = np.exp(-np.arange(min(length, len(samples) - at)) / (length / 4))
        noise = np.random.default_rng(at).normal(0, level, len(fades))
        samples[at : at + len(fades)] += (noise * fades).astype(np.float32)
    return pcm(samples)


def strings(seconds: float, level: float) -> bytes:
    """Four held voices that glide and tremble: an orchestra, and as near to singing as no voice comes."""
    at = np.arange(round(seconds * RATE)) / RATE
    samples = np.zeros(len(at))
    for number, hertz in enumerate((196, 294, 392, 587)):
        glides = hertz * 2 ** (np.round(5 * np.sin(2 * math.pi * (0.11 + 0.07 * number) * at)) / 12)
        turns = 2 * math.pi * np.cumsum(glides * (1 + 0.006 * np.sin(2 * math.pi * 5.5 * at))) / RATE
        swells = 0.6 + 0.4 * np.sin(2 * math.pi * (0.5 + 0.3 * number) * at)
        samples += sum(np.sin(harmonic * turns) / harmonic for harmonic in range(1, 7)) * swells
    return pcm((samples * (level / loudness(samples.astype(np.float32)))).astype(np.float32))


def breath(seconds: float, level: float) -> bytes:
    """Somebody who breathes into his telephone, every three seconds."""
    samples = floats(pink(seconds, level))
    swells = np.maximum(0, np.sin(2 * math.pi * 0.3 * np.arange(len(samples)) / RATE)) ** 4
    return pcm(samples * swells.astype(np.float32))


def babble(seconds: float, level: float, voices: list[bytes]) -> bytes:
    """Several people who speak at once, each again and again: a full room."""
    count = round(seconds * RATE)
    samples = np.zeros(count, dtype=np.float32)
    for at, voice in enumerate(voices):
        samples += np.roll(np.resize(floats(voice), count), at * 3001)
    return pcm(samples * (level / loudness(samples)))


def beside(sound: bytes, noise: bytes, level: float) -> bytes:
    """A sound, and a noise of that loudness from its beginning to its end."""
    samples = floats(sound)
    other = np.resize(floats(noise), len(samples))
    return pcm(samples + other * np.float32(level / loudness(other)))
