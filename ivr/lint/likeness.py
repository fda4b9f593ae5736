"""Example sentences of different nodes that are too like each other to tell apart: by their meaning, where an embedding is
installed, and by the letters that they share.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from math import log, sqrt
from typing import Final

import msgspec
import numpy as np

from gateway.model.yaml_text import KeyPath, Problem
from ivr.definition.reading import Definition
from ivr.understanding.embedding import Embedding
from ivr.understanding.strangers import STRANGERS
from ivr.understanding.text import normalised

CONFUSABLE: Final = 0.65
"""Likeness (0 to 1) from which on two sentences of different nodes are told of."""
CONFUSABLE_MEANING: Final = 0.7
"""The same by meaning: cosine of the vectors, from which what all sentences have in common is taken away. About half of the
sentences that say the same in other words are above it; of such as merely belong to one trade hardly any.
"""
MAX_MEANINGS: Final = 1000
"""Sentences that get a vector, some 15 s; of a larger dialog the first ones of each node."""
COMMON: Final = 0.05
"""Share of the sentences in which a piece of text may stand before it tells nothing of likeness; counted from a few dozen on."""
_SPACES: Final = re.compile(r"[\W_]+")


class Sentence(msgspec.Struct, frozen=True):
    """An example, and where it stands."""

    node: str
    """Or ``faq:`` and an answer's id."""
    text: str
    key: KeyPath


class Alike(msgspec.Struct, frozen=True):
    """Two sentences of different nodes."""

    one: Sentence
    other: Sentence
    score: float
    """0 to 1; 1 is the same sentence."""


def likeness_problems(definition: Definition, embedding: Embedding | None = None) -> Iterator[Problem]:
    """Yield the pairs that are confusable, each at its second sentence; without an embedding by letters alone."""
    given = list(sentences(definition))
    pairs = alike(given) if embedding is None else [*alike(given), *alike_in_meaning(given, embedding)]
    for pair in _worst(pairs):
        first = definition.document.place(pair.one.key)
        what = f"“{pair.other.text}” is like “{pair.one.text}” of {pair.one.node}, at line {first.line} (score {pair.score:.2f})"
        cure = "Reword one of the two, or move it to where it belongs"
        yield Problem(place=definition.document.place(pair.other.key), key=pair.other.key, what=what, cure=cure)


def sentences(definition: Definition) -> Iterator[Sentence]:
    """Yield the example sentences of all nodes, in the order of the file."""
    for name, node in definition.dialog.nodes.items():
        key: KeyPath = ("nodes", name, "examples")
        if isinstance(node.examples, dict):
            for language, texts in node.examples.items():
                for position, text in enumerate(texts):
                    yield Sentence(name, text, (*key, language, position))
        else:
            for position, text in enumerate(node.examples):
                yield Sentence(name, text, (*key, position))


def alike(given: list[Sentence]) -> list[Alike]:
    """Return the pairs from ``CONFUSABLE`` on, most alike first; of two nodes the sentences that are most alike."""
    pieces = [_pieces(each.text) for each in given]
    having = Counter(piece for each in pieces for piece in each)
    most = max(24, int(len(given) * COMMON))
    weight = {piece: log(1 + len(given) / count) for piece, count in having.items()}
    length = [sqrt(sum(weight[piece] ** 2 for piece in each)) for each in pieces]
    postings: defaultdict[str, list[int]] = defaultdict(list)
    found = []
    for place, each in enumerate(pieces):
        shared: defaultdict[int, float] = defaultdict(float)
        for piece in each:
            if having[piece] <= most:
                for other in postings[piece]:
                    shared[other] += weight[piece] ** 2
                postings[piece].append(place)
        for other, product in shared.items():
            # What both have and everybody has was left out of the product: it counts only where the rest is alike already.
            common = sum(weight[piece] ** 2 for piece in each & pieces[other] if having[piece] > most)
            score = (product + common) / (length[place] * length[other])
            if score >= CONFUSABLE and given[place].node != given[other].node:
                found.append(Alike(given[other], given[place], min(score, 1.0)))
    return _worst(found)


def alike_in_meaning(given: list[Sentence], embedding: Embedding) -> list[Alike]:
    """Return the pairs from ``CONFUSABLE_MEANING`` on, as :func:`alike` does. It computes, some 15 ms a sentence."""
    turn: Counter[str] = Counter()
    order = []
    for place, each in enumerate(given):
        turn[each.node] += 1
        order.append((turn[each.node], place))
    chosen = [given[place] for _, place in sorted(sorted(order)[:MAX_MEANINGS], key=lambda each: each[1])]
    # Sentences of another kind show what all have in common where a dialog has few.
    vectors = embedding.vectors([normalised(text) for text in (*(each.text for each in chosen), *STRANGERS)])
    own = vectors[: len(chosen)] - vectors.mean(axis=0)
    own /= np.maximum(np.linalg.norm(own, axis=1, keepdims=True), 1e-6)
    likeness = np.triu(own @ own.T, 1)
    return _worst(
        Alike(chosen[one], chosen[other], min(1.0, float(likeness[one, other])))
        for one, other in np.argwhere(likeness >= CONFUSABLE_MEANING).tolist()
        if chosen[one].node != chosen[other].node
    )


def _worst(pairs: Iterable[Alike]) -> list[Alike]:
    """Return of two nodes the sentences that are most alike, most alike first."""
    told: dict[frozenset[str], Alike] = {}
    for pair in sorted(pairs, key=lambda pair: -pair.score):
        told.setdefault(frozenset((pair.one.node, pair.other.node)), pair)
    return list(told.values())


def _pieces(text: str) -> frozenset[str]:
    """Return the two and three letters that follow each other, and single ones of Chinese."""
    plain = f" {_SPACES.sub(' ', text.lower()).strip()} "
    pairs = {plain[at : at + size] for size in (2, 3) for at in range(len(plain) - size + 1)}
    return frozenset(pairs | {letter for letter in plain if letter > "\u2e80"})
