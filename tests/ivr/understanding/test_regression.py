import numpy as np
import pytest

from ivr.understanding.regression import Floats, Numbers, fitted, logistic, probabilities, temperature_of


def clouds(features: int, each: int) -> tuple[Floats, Numbers]:
    chance = np.random.default_rng(7)
    classes = np.repeat(np.arange(3), each)
    rows = chance.normal(scale=0.2, size=(3 * each, features)).astype(np.float32)
    rows[np.arange(3 * each), classes] += 1.0
    return rows / np.linalg.norm(rows, axis=1, keepdims=True), classes


@pytest.mark.parametrize(("features", "each"), [(40, 4), (4, 20)], ids=["more features", "more examples"])
def test_what_it_finds_cannot_be_bettered(features: int, each: int) -> None:
    rows, classes = clouds(features, each)
    weights = fitted(rows, classes, 3, penalty=0.3)
    wrong = probabilities(rows @ weights)
    wrong[np.arange(len(rows)), classes] -= 1.0

    assert np.abs(rows.T @ wrong + 0.3 * weights).max() < 0.02
    assert ((rows @ weights).argmax(axis=1) == classes).all()


def test_the_temperature_is_that_of_the_scores() -> None:
    unsure = np.array([[0.1, 0.0], [0.0, 0.1], [0.1, 0.0], [0.1, 0.0]], dtype=np.float32)
    assert temperature_of(unsure, np.array([0, 1, 0, 0])) == 8.0
    assert temperature_of(10 * unsure, np.array([1, 0, 0, 1])) == 0.7
    assert temperature_of(unsure[:0], np.array([], dtype=np.intp)) == 1.0


def test_two_kinds_are_told_apart_by_how_often_each_is_met() -> None:
    features = np.array([[0.0], [1.0], [2.0], [3.0]])
    truths = np.array([False, False, True, True])
    seldom, often = (logistic(features, truths, share=share, usual=(0.0, 0.0), hold=0.01) for share in (0.1, 0.9))

    assert seldom[0] > 0
    assert -seldom[1] / seldom[0] > -often[1] / often[0]
