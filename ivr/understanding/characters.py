"""Sentences as the pieces that they are written with: 1 to 4 letters, words and pairs of words, weighed; without I/O.

Pieces are numbered by a hash (CRC-32, the same on every machine), so that there is no dictionary to keep beside a model.
"""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final
from zlib import crc32

import numpy as np
import numpy.typing as npt

DIMENSIONS: Final = 8192
"""Numbers that pieces share; two pieces rarely meet, and then with either sign."""
LONGEST: Final = 4
"""Letters of a piece; Chinese words have two, and idioms four."""

Floats = npt.NDArray[np.float32]
_WORDS: Final = re.compile(r"[a-z0-9']+|[㐀-䶿一-鿿豈-﫿]")


def pieces_of(text: str) -> list[str]:
    """Return the pieces of a normalised text, each as often as it occurs."""
    words = _WORDS.findall(text)
    found = [f"w {word}" for word in words]
    found += [f"w {first} {second}" for first, second in pairwise(words)]
    for word in "".join(word if len(word) == 1 else f" {word} " for word in words).split():
        padded = f" {word} " if word.isascii() else word
        for length in range(1 if not word.isascii() else 2, LONGEST + 1):
            found += [padded[at : at + length] for at in range(len(padded) - length + 1)]
    return found


def numbered(text: str) -> tuple[npt.NDArray[np.intp], Floats]:
    """Return the numbers of a text's pieces and how often each is there, damped; signs keep sums of strangers near zero."""
    counts: dict[int, float] = {}
    signs: dict[int, float] = {}
    for piece in pieces_of(text):
        hashed = crc32(piece.encode())
        number = hashed % DIMENSIONS
        counts[number] = counts.get(number, 0.0) + 1.0
        signs[number] = 1.0 if hashed >> 31 else -1.0
    numbers = np.fromiter(counts, dtype=np.intp, count=len(counts))
    values = np.array([signs[number] * (1.0 + np.log(count)) for number, count in counts.items()], dtype=np.float32)
    return numbers, values


class Weights:
    """How much a piece tells, by how few of the sentences have it (inverse document frequency)."""

    def __init__(self, weights: Floats) -> None:
        self.weights = weights
        """One for each number."""

    @classmethod
    def of(cls, texts: Sequence[str]) -> "Weights":
        """Count pieces in the sentences of a training set."""
        having = np.zeros(DIMENSIONS, dtype=np.float32)
        for text in texts:
            having[numbered(text)[0]] += 1.0
        return cls.by_counts(having, len(texts))

    @classmethod
    def by_counts(cls, having: Floats, count: int) -> "Weights":
        """Take how many of ``count`` sentences have each number."""
        return cls((np.log((1.0 + count) / (1.0 + having)) + 1.0).astype(np.float32))

    def row(self, text: str) -> tuple[npt.NDArray[np.intp], Floats]:
        """Return a text's numbers and weighed values, of length 1."""
        numbers, values = numbered(text)
        return numbers, self.weighed(numbers, values)

    def weighed(self, numbers: npt.NDArray[np.intp], values: Floats) -> Floats:
        """Return values by their weights, of length 1."""
        heavy = values * self.weights[numbers]
        length = float(np.sqrt(heavy @ heavy))
        return np.asarray(heavy / length if length else heavy, dtype=np.float32)

    def matrix(self, texts: Sequence[str]) -> Floats:
        """Return one row a text."""
        rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        for at, text in enumerate(texts):
            numbers, values = self.row(text)
            rows[at, numbers] = values
        return rows
