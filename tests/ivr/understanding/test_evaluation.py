import itertools

import pytest
from support.understood import shop

from ivr.understanding.evaluation import NothingToMeasureError, auroc, drawn, evaluated, recall_at
from ivr.understanding.understanding import examples_of

EXAMPLES = examples_of(shop())
ROWS = list(zip(EXAMPLES.nodes, EXAMPLES.texts, strict=True))


def test_figures_are_the_mean_of_the_seeds() -> None:
    ticks = itertools.count()
    figures = evaluated(
        ROWS[::2],
        [*ROWS[1::2], ("none", "sing a song"), ("none", "what is seven times eight")],
        None,
        clock=lambda: float(next(ticks)),
        out_of_scope="none",
        shots=3,
        seeds=2,
    )

    assert figures.accuracy == sum(figures.accuracy_by_seed) / 2
    assert 0.2 < figures.accuracy <= figures.top_3 <= 1
    assert figures.auroc is not None
    assert (figures.nodes, figures.train, figures.test, figures.out_of_scope, figures.seeds) == (5, 15, 25, 2, 2)
    assert (figures.latency_p50_ms, figures.train_s) == (1000.0, 1.0)


def test_without_strangers_nothing_is_said_of_them() -> None:
    figures = evaluated(ROWS, ROWS[:3], None, clock=lambda: 0.0)
    assert (figures.auroc, figures.recall_at_5_percent_false_accept, figures.accuracy) == (None, None, 1.0)


def test_nothing_to_ask_is_said() -> None:
    with pytest.raises(NothingToMeasureError):
        evaluated(ROWS, [], None, clock=lambda: 0.0)


def test_a_draw_is_of_the_seed() -> None:
    assert drawn(ROWS, 2, 1) == drawn(ROWS, 2, 1) != drawn(ROWS, 2, 2)
    assert len(drawn(ROWS, 100, 1)) == len(ROWS)


def test_areas_and_recalls() -> None:
    assert auroc([3.0, 4.0], [1.0, 2.0]) == 1.0
    assert auroc([1.0], [1.0]) == 0.5
    assert recall_at([0.5, 0.9], [0.1 * at for at in range(10)], 0.2) == 0.5
