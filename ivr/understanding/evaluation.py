"""How well sentences are understood: learned from one table of node and sentence, asked of another; without I/O."""

import random
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from ivr.understanding.classifier import Examples, trained
from ivr.understanding.embedding import Embedding
from ivr.understanding.text import normalised

Row = tuple[str, str]
"""A node and a sentence."""


class Figures(msgspec.Struct, frozen=True):
    """The mean over the seeds (latency: of the first); shares are of 1. None: nothing was marked as out of scope."""

    embedding: str
    nodes: int
    train: int
    """Sentences that were learned from."""
    test: int
    out_of_scope: int
    """Sentences asked that belong to no node."""
    seeds: int
    accuracy: float
    top_3: float
    auroc: float | None
    """How well what is in scope is told from what is not."""
    recall_at_5_percent_false_accept: float | None
    """Of what is in scope, how much is taken when 5 % of what is not is taken too."""
    train_s: float
    latency_p50_ms: float
    latency_p95_ms: float
    accuracy_by_seed: tuple[float, ...]


class NothingToMeasureError(ValueError):
    """The tables hold nothing to learn from, or nothing to ask."""


def evaluated(
    train: Sequence[Row],
    test: Sequence[Row],
    embedding: Embedding | None,
    *,
    clock: Callable[[], float],
    out_of_scope: str | None = None,
    shots: int | None = None,
    seeds: int = 1,
) -> Figures:
    """Learn with ``shots`` sentences a node, drawn anew for each seed (all where it is None), and ask every test sentence.

    Raises:
        NothingToMeasureError: No sentence is left to learn from or to ask.
    """
    train = [row for row in train if row[0] != out_of_scope]
    known = {node for node, _ in train}
    inside = [(node, text) for node, text in test if node != out_of_scope]
    outside = [text for node, text in test if node == out_of_scope]
    if len(known) < 2 or not inside:
        raise NothingToMeasureError("at least two nodes are needed to learn from, and a sentence of one of them to ask")
    rounds: list[tuple[float, float, float | None, float | None, float]] = []
    took: list[float] = []
    learned_from = 0
    for seed in range(seeds):
        chosen = train if shots is None else drawn(train, shots, seed)
        learned_from = len(chosen)
        began = clock()
        classifier = trained(
            Examples(tuple(normalised(text) for _, text in chosen), tuple(node for node, _ in chosen)), embedding
        )
        training_s = clock() - began
        right = among = 0
        scores: list[float] = []
        for node, text in inside:
            began = clock()
            judged = classifier.judged(normalised(text))
            if seed == 0:
                # Later the embedding remembers these sentences, and would seem faster than it is.
                took.append(clock() - began)
            best = [classifier.nodes[at] for at in np.argsort(-judged.probabilities, kind="stable")[:3].tolist()]
            right += best[0] == node
            among += node in best
            scores.append(judged.in_scope)
        strangers = [classifier.judged(normalised(text)).in_scope for text in outside]
        told = (auroc(scores, strangers), recall_at(scores, strangers, 0.05)) if strangers else (None, None)
        rounds.append((right / len(inside), among / len(inside), *told, training_s))
    accuracy, top_3, area, recall, train_s = (
        None if column[0] is None else float(np.mean([value for value in column if value is not None]))
        for column in zip(*rounds, strict=True)
    )
    assert accuracy is not None
    assert top_3 is not None
    assert train_s is not None
    return Figures(
        embedding=embedding.name if embedding else "none: by letters alone",
        nodes=len(known),
        train=learned_from,
        test=len(inside),
        out_of_scope=len(outside),
        seeds=seeds,
        accuracy=accuracy,
        top_3=top_3,
        auroc=area,
        recall_at_5_percent_false_accept=recall,
        train_s=train_s,
        latency_p50_ms=float(np.percentile(took, 50)) * 1000,
        latency_p95_ms=float(np.percentile(took, 95)) * 1000,
        accuracy_by_seed=tuple(each[0] for each in rounds),
    )


def drawn(rows: Sequence[Row], shots: int, seed: int) -> list[Row]:
    """Return ``shots`` sentences of each node, or all where it has fewer; the same for the same seed."""
    by_node: dict[str, list[str]] = {}
    for node, text in rows:
        by_node.setdefault(node, []).append(text)
    chance = random.Random(seed)  # noqa: S311  # a draw, no secret
    return [(node, text) for node, texts in by_node.items() for text in chance.sample(texts, min(shots, len(texts)))]


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Return how likely one of ``inside`` scores above one of ``outside``; equal ones count half."""
    strangers = np.sort(np.asarray(outside))
    below = np.searchsorted(strangers, inside, side="left")
    not_above = np.searchsorted(strangers, inside, side="right")
    return float((below + not_above).mean() / 2 / len(strangers))


def recall_at(inside: Sequence[float], outside: Sequence[float], false_accept: float) -> float:
    """Return how much of ``inside`` is above a threshold that at most this share of ``outside`` is above."""
    strangers: npt.NDArray[np.float64] = np.sort(np.asarray(outside, dtype=np.float64))[::-1]
    threshold = strangers[min(len(strangers) - 1, int(false_accept * len(strangers)))]
    return float((np.asarray(inside) > threshold).mean())
