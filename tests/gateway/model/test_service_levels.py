import msgspec
import pytest

from gateway.model.queue_figures import QueueFigures
from gateway.model.service_levels import level_of


def figures(answered: int, in_time: int, abandoned: int) -> QueueFigures:
    fields = dict.fromkeys(QueueFigures.__struct_fields__, 0) | {"service_level": None}
    fields |= {"answered": answered, "answered_in_time": in_time, "abandoned": abandoned}
    return msgspec.convert(fields, QueueFigures)


def test_a_busy_queue_counts_for_more_than_a_quiet_one() -> None:
    both = level_of([(figures(80, 60, 10), 0.8), (figures(10, 10, 0), 0.95)], 0.5)
    assert (both.answered_in_time, both.counted, both.level, both.goal) == (70, 100, 0.7, 0.815)


@pytest.mark.parametrize("queues", [[], [(figures(0, 0, 0), 0.9)]])
def test_while_nobody_was_counted_there_is_no_level(queues: list[tuple[QueueFigures, float]]) -> None:
    none = level_of(queues, 0.8)
    assert (none.level, none.goal, none.counted) == (None, 0.8, 0)
