"""Whether a sound that was heard is the one that was said: by correlation, frame by frame."""

from collections.abc import Sequence
from itertools import accumulate
from math import sin, sqrt, tau
from operator import mul
from random import Random
from typing import Final, NamedTuple

FRAME: Final = 160
"""Samples of 20 ms."""
ALIKE: Final = 0.9
"""Correlation from which a frame is the one that was said; G.711 leaves more than 0.99 of noise."""

PIECE: Final = 480
"""Samples of 60 ms: long enough that one sounds like no other."""
SLACK: Final = 800
"""Samples by which a piece may be late or early, seen from the one before."""
LOST_AFTER: Final = 3
"""Pieces that were not found, after which the next one is looked for everywhere."""


class Carried(NamedTuple):
    """What became of a sound on its way; in frames."""

    arrived: int
    lost: int
    inserted: float
    """That were heard between two that follow each other."""


def noise(frames: int, seed: int) -> list[int]:
    """A sound of which no part is like another."""
    random = Random(seed)
    return [random.randint(-6000, 6000) for _ in range(frames * FRAME)]


def pcm(samples: Sequence[int]) -> bytes:
    """16 bits, little-endian."""
    return b"".join(sample.to_bytes(2, "little", signed=True) for sample in samples)


def samples_of(sound: bytes) -> list[int]:
    return [int.from_bytes(sound[at : at + 2], "little", signed=True) for at in range(0, len(sound), 2)]


def carried(said: Sequence[int], heard: Sequence[int]) -> Carried:
    """Look for each frame of ``said``, in order, in ``heard``."""
    at, arrived, lost, inserted = None, 0, 0, 0
    for begin in range(0, len(said), FRAME):
        frame = said[begin : begin + FRAME]
        found = _find(frame, heard, 0 if at is None else at)
        if found is None:
            lost += 1
            continue
        if at is not None:
            inserted += found - at
        arrived, at = arrived + 1, found + FRAME
    return Carried(arrived, lost, inserted / FRAME)


def _find(frame: Sequence[int], heard: Sequence[int], since: int) -> int | None:
    for at in range(since, len(heard) - len(frame) + 1):
        if _alike(frame, heard, at):
            return at
    return None


def _alike(frame: Sequence[int], heard: Sequence[int], at: int) -> bool:
    # A few samples tell most places apart.
    few = heard[at : at + 8]
    if sum(a * b for a, b in zip(frame, few, strict=False)) <= 0:
        return False
    part = heard[at : at + len(frame)]
    both = sum(a * b for a, b in zip(frame, part, strict=True))
    power = sum(a * a for a in frame) * sum(b * b for b in part)
    return power > 0 and both > 0 and both * both >= ALIKE * ALIKE * power


def babble(seconds: float, seed: int) -> list[int]:
    """A sound that each codec carries: tones of a voice's range, no part like another. 8 kHz."""
    random = Random(seed)
    tones = [(random.uniform(300, 1200), random.uniform(0, tau), random.uniform(200, 600)) for _ in range(24)]
    steps = [(tau * hertz / 8000, phase, loud) for hertz, phase, loud in tones]
    return [round(sum(loud * sin(step * at + phase) for step, phase, loud in steps)) for at in range(round(8000 * seconds))]


def likeness(said: Sequence[int], heard: Sequence[int]) -> float:
    """Tell how much of what was said is in what was heard, piece by piece, wherever it begins there: 1 is all, 0 is nothing.

    What is late, or stretched to be in time again, is found within ``SLACK`` samples of where it belongs.
    """
    squares = [0, *accumulate(sample * sample for sample in heard)]
    at, missed, found = None, 0, 0
    pieces = range(0, len(said) - PIECE + 1, PIECE)
    for begin in pieces:
        piece = said[begin : begin + PIECE]
        last = len(heard) - PIECE + 1
        places = range(last) if at is None else range(max(at - SLACK, 0), min(at + SLACK, last))
        # Every second sample says enough of such tones.
        few, power = piece[::2], sum(map(mul, piece, piece)) / 4
        best, place = 0.0, 0
        for here in places:
            both = sum(map(mul, few, heard[here : here + PIECE : 2]))
            if both > 0 and (alike := both / sqrt(power * (squares[here + PIECE] - squares[here]))) > best:
                best, place = alike, here
        if best >= ALIKE:
            found, missed, at = found + 1, 0, place + PIECE
        elif at is not None:
            missed += 1
            at = None if missed == LOST_AFTER else at + PIECE
    return found / len(pieces)
