"""Which node a sentence means: by its meaning and its letters together, and its sounds where it was heard; without I/O.

One logistic regression over the vector of meaning and the pieces of letters is better than two that are averaged
(docs/decisions/0035-understanding.md has the figures). How sure to be, and whether a sentence is anything that the dialog
knows, is learned from sentences that were held out of a first training.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt

from ivr.understanding.characters import Weights
from ivr.understanding.embedding import Embedding, Floats
from ivr.understanding.regression import Numbers, fitted, logistic, probabilities, temperature_of
from ivr.understanding.sounds import sounds_of
from ivr.understanding.strangers import STRANGERS

PENALTY: Final = 0.05
LETTERS: Final = 0.5
"""How much letters count beside the meaning."""
HELD_OUT: Final = 4
"""Every fourth example of a node is held out while probabilities are calibrated."""
MEANT: Final = 0.8
"""Of what people say to a dialog, what it is made for."""
USUAL: Final = (1.8, 0.7, 0.7, -1.5)
"""What calibration finds on large tables; where there are too few examples to hold any out it stands."""
USUAL_COUNT: Final = 30
OWN: Final = 200
"""Examples on which a calibration is tried."""
USUAL_HOLD: Final = 2.0
"""How much held-out sentences must say against what is usual."""

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is."""


class Examples(msgspec.Struct, frozen=True):
    """What to learn: normalised sentences and the node of each."""

    texts: tuple[str, ...]
    nodes: tuple[str, ...]


class Judged(msgspec.Struct, frozen=True):
    """What one sentence seems to mean."""

    probabilities: Floats
    """One a node, in the classifier's order; their sum is 1."""
    in_scope: float
    """0 to 1."""


class Classifier:
    """Trained; see :func:`trained`."""

    def __init__(self, nodes: tuple[str, ...], arrays: Mapping[str, Floats], embedding: Embedding | None) -> None:
        """Take what :meth:`arrays` of another gave; an embedding where ``meaning`` is among them."""
        self.nodes = nodes
        self.arrays = dict(arrays)
        """All that was learned, by name."""
        self._embedding = embedding
        self._letters = Weights(self.arrays["letters.idf"])
        self._sounds = Weights(self.arrays["sounds.idf"]) if "sounds.idf" in self.arrays else None

    def judged(self, text: str, *, from_speech: bool = False) -> Judged:
        """Say what a normalised text means; one that was heard counts by its sounds too, as recognisers err by sound."""
        votes = [scores_of(text, self._letters, self.arrays, self._embedding)]
        if from_speech and self._sounds is not None and (sounds := sounds_of(text)):
            numbers, values = self._sounds.row(sounds)
            votes.append(values @ self.arrays["sounds"][numbers])
        return self._judged(np.stack(votes))

    def _judged(self, votes: Floats) -> Judged:
        heat, *scope = self.arrays["calibration"].tolist()
        together = combined(votes[:, None, :])
        found = probabilities(together, heat)[0]
        features = [*scope_features(votes[:, None, :])[0].tolist(), 1.0]
        in_scope = 1.0 / (1.0 + np.exp(-np.clip(np.dot(features, scope), -30, 30)))
        return Judged(found, float(in_scope))


def scores_of(text: str, letters: Weights, arrays: Mapping[str, Floats], embedding: Embedding | None) -> Floats:
    """Return a normalised text's score of each node, by its meaning (where there is an embedding) and its letters."""
    numbers, values = letters.row(text)
    scores: Floats = np.asarray(values @ arrays["letters"][numbers], dtype=np.float32)
    if embedding is not None and "meaning" in arrays:
        vector = _centred(embedding.vectors([text]), arrays["meaning.mean"])[0]
        scores = np.asarray(vector @ arrays["meaning"] + np.float32(LETTERS) * scores, dtype=np.float32)
    return scores


def combined(votes: Floats) -> Floats:
    """Return the logarithm of what the views (first axis) say on average."""
    return np.asarray(np.log(probabilities(votes).mean(axis=0) + 1e-6), dtype=np.float32)


def scope_features(votes: Floats) -> npt.NDArray[np.float64]:
    """Return by what a sentence shows that it is in scope: the best average, and the best score of the first view."""
    average = probabilities(votes).mean(axis=0).max(axis=-1)
    return np.column_stack([np.log(average / (1.0 - average + 1e-6) + 1e-6), votes[0].max(axis=-1)]).astype(np.float64)


def trained(
    examples: Examples,
    embedding: Embedding | None,
    *,
    embedded: Mapping[str, Floats] | None = None,
    progress: Progress = lambda what, done, all_: None,
) -> Classifier:
    """Learn; without an embedding by letters alone.

    ``embedded``: vectors of sentences that are there already; only these count by their meaning then, and all when it is None.
    """
    nodes = tuple(dict.fromkeys(examples.nodes))
    number = {node: at for at, node in enumerate(nodes)}
    classes = np.array([number[node] for node in examples.nodes], dtype=np.intp)
    arrays: dict[str, Floats] = {}
    letters = Weights.of(examples.texts)
    arrays["letters.idf"] = letters.weights
    rows = letters.matrix(examples.texts)
    width = 0
    if embedding is not None:
        known = embedded if embedded is not None else _embedded(examples.texts, embedding, progress)
        there = [at for at, text in enumerate(examples.texts) if text in known]
        if there:
            vectors = np.stack([known[examples.texts[at]] for at in there])
            width = vectors.shape[1]
            arrays["meaning.mean"] = vectors.mean(axis=0)
            # What has no vector yet counts by its letters alone.
            meanings = np.zeros((len(rows), width), dtype=np.float32)
            meanings[there] = _centred(vectors, arrays["meaning.mean"])
            rows = np.hstack([meanings, np.float32(LETTERS) * rows])
    progress("learning", 0, 3)
    weights = fitted(rows, classes, len(nodes), penalty=PENALTY)
    if width:
        arrays["meaning"] = weights[:width]
    arrays["letters"] = weights[width:]
    progress("learning", 1, 3)
    heard = [sounds_of(text) for text in examples.texts]
    spoken = [at for at, sounds in enumerate(heard) if sounds]
    if spoken:
        sounds = Weights.of([heard[at] for at in spoken])
        arrays["sounds.idf"] = sounds.weights
        arrays["sounds"] = fitted(sounds.matrix([heard[at] for at in spoken]), classes[spoken], len(nodes), penalty=PENALTY)
    progress("learning", 2, 3)
    strangers = np.stack([scores_of(text, letters, arrays, embedding) for text in STRANGERS])
    own = rows[:: max(1, len(rows) // OWN)] @ weights
    arrays["calibration"] = _calibration(rows, classes, len(nodes), strangers, own)
    progress("learning", 3, 3)
    return Classifier(nodes, arrays, embedding)


def _calibration(rows: Floats, classes: Numbers, count: int, strangers: Floats, own: Floats) -> Floats:
    """Return the temperature of the average, and the weights of :func:`scope_features` with their constant.

    ``own``: scores of some of the examples; a calibration that takes most of these for strange has learned nothing.
    """
    seen: dict[int, int] = {}
    held = np.zeros(len(classes), dtype=np.bool_)
    for at, each in enumerate(classes.tolist()):
        seen[each] = seen.get(each, 0) + 1
        held[at] = seen[each] % HELD_OUT == 0
    if not held.any() or count < 3:
        return np.array(USUAL, dtype=np.float32)
    votes = (rows[held] @ fitted(rows[~held], classes[~held], count, penalty=PENALTY))[None]
    truths = classes[held]
    # A few held-out sentences say little: they move what is usual by as much as there are of them.
    trust = len(truths) / (len(truths) + USUAL_COUNT)
    heat = temperature_of(combined(votes), truths) ** trust * USUAL[0] ** (1.0 - trust)
    # What a node's own examples look like to all others is what strangers look like that ask for something near.
    near = votes.copy()
    near[:, np.arange(len(truths)), truths] = -30.0
    features = np.concatenate([scope_features(votes), scope_features(near), scope_features(strangers[None])])
    meant = np.arange(len(features)) < len(truths)
    weights = logistic(features, meant, share=MEANT, usual=USUAL[1:], hold=USUAL_HOLD / len(truths))
    if np.median(np.column_stack([scope_features(own[None]), np.ones(len(own))]) @ weights) < 0:
        # Held-out sentences that share no letters with the others of their node look stranger than strangers do.
        weights = np.array(USUAL[1:], dtype=np.float32)
    return np.array([heat, *weights], dtype=np.float32)


def _centred(vectors: Floats, mean: Floats) -> Floats:
    # All sentences of such a model point the same way: only what is left tells them apart.
    moved = vectors - mean
    return np.asarray(moved / np.maximum(np.linalg.norm(moved, axis=-1, keepdims=True), 1e-6), dtype=np.float32)


def _embedded(texts: Sequence[str], embedding: Embedding, progress: Progress) -> dict[str, Floats]:
    known: dict[str, Floats] = {}
    for at, text in enumerate(texts):
        if at % 100 == 0:
            progress("reading examples", at, len(texts))
        if text not in known:
            known[text] = embedding.vectors([text])[0]
    return known
