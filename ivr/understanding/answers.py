"""Finds questions that are often asked among tens of thousands, by their letters, in a millisecond; without I/O."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ivr.understanding.characters import DIMENSIONS, Floats, Weights, numbered

TOP: Final = 3
_LOOKED_AT: Final = 24
"""Best questions that are compared whole: several may have one answer."""
_READ: Final = 100_000
"""Places of pieces that are read for one sentence, the rarest pieces first: what every other question has tells nothing."""


class Answers:
    """For each piece of letters, the questions that have it and how much it counts there."""

    def __init__(self, ids: tuple[str, ...], owners: npt.NDArray[np.int32], arrays: dict[str, npt.NDArray[Any]]) -> None:
        """``ids`` of the answers, for each question in order which of them it has, and ``arrays`` of :func:`indexed`."""
        self.ids = ids
        self.owners = owners
        self.arrays = arrays
        self._weights = Weights(np.asarray(arrays["idf"], dtype=np.float32))

    def best(self, text: str) -> tuple[tuple[str, float], ...]:
        """Return the answers whose questions are most like a normalised text, best first, and how like (0 to 1)."""
        starts, questions, values, forward, pieces, weighed = (
            self.arrays[name] for name in ("starts", "questions", "values", "forward", "pieces", "weighed")
        )
        near = np.zeros(len(self.owners), dtype=np.float32)
        numbers, weights = self._weights.row(text)
        counts = starts[numbers + 1] - starts[numbers]
        read = 0
        for at in np.argsort(counts, kind="stable").tolist():
            read += int(counts[at])
            if read > _READ and at != int(counts.argmin()):
                break
            here = slice(int(starts[numbers[at]]), int(starts[numbers[at] + 1]))
            # A question has each number once, so this adds each once.
            near[questions[here]] += weights[at] * values[here]
        count = min(_LOOKED_AT, len(near))
        first = np.argpartition(-near, count - 1)[:count]
        sentence = np.zeros(DIMENSIONS, dtype=np.float32)
        sentence[numbers] = weights
        likeness = {}
        for at in first.tolist():
            there = slice(int(forward[at]), int(forward[at + 1]))
            likeness[at] = float(weighed[there] @ sentence[pieces[there]])
        found: dict[str, float] = {}
        for at, alike in sorted(likeness.items(), key=lambda item: (-item[1], item[0])):
            found.setdefault(self.ids[int(self.owners[at])], max(0.0, min(1.0, alike)))
        return tuple(found.items())[:TOP]


def indexed(questions: Sequence[tuple[str, str]], *, progress: Callable[[str, int, int], None]) -> Answers:
    """Index (id, normalised question), at least one."""
    ids = tuple(dict.fromkeys(name for name, _ in questions))
    number = {name: at for at, name in enumerate(ids)}
    rows: list[tuple[npt.NDArray[np.intp], Floats]] = []
    having = np.zeros(DIMENSIONS, dtype=np.float32)
    for at, (_, text) in enumerate(questions):
        if at % 5000 == 0:
            progress("indexing questions", at, len(questions))
        rows.append(numbered(text))
        having[rows[-1][0]] += 1.0
    weights = Weights.by_counts(having, len(questions))
    pieces = [numbers for numbers, _ in rows]
    values = [weights.weighed(numbers, values) for numbers, values in rows]
    flat = np.concatenate(pieces)
    order = np.argsort(flat, kind="stable")
    owners = np.repeat(np.arange(len(questions), dtype=np.int32), [len(each) for each in pieces])
    weighed = np.concatenate(values)
    return Answers(
        ids,
        np.array([number[name] for name, _ in questions], dtype=np.int32),
        {
            "idf": weights.weights,
            "starts": np.searchsorted(flat[order], np.arange(DIMENSIONS + 1)).astype(np.int64),
            "questions": owners[order],
            "values": weighed[order],
            "forward": np.concatenate([[0], np.cumsum([len(each) for each in pieces])]).astype(np.int64),
            "pieces": flat.astype(np.int32),
            "weighed": weighed,
        },
    )
