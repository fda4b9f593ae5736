"""How many callers were answered in time, of one queue or of several together, beside what was to be reached. Pure."""

from collections.abc import Iterable

import msgspec

from gateway.model.queue_figures import QueueFigures


class ServiceLevel(msgspec.Struct, frozen=True, kw_only=True):
    """Of a day."""

    answered_in_time: int
    """Each within the ``service_level_s`` of his queue."""
    counted: int
    """Those who were answered, and those who gave up and not at once."""
    level: float | None
    """answered_in_time / counted, 0 to 1; null while there were none."""
    goal: float
    """0 to 1; of several queues each counts by its callers."""


def level_of(queues: Iterable[tuple[QueueFigures, float]], goal: float) -> ServiceLevel:
    """Return the level of several queues together.

    Args:
        queues: The figures of each, and its goal.
        goal: What stands for all where nobody has been counted yet.
    """
    in_time = counted = 0
    wanted = 0.0
    for figures, of_queue in queues:
        callers = figures.answered + figures.abandoned
        in_time += figures.answered_in_time
        counted += callers
        wanted += callers * of_queue
    return ServiceLevel(
        answered_in_time=in_time,
        counted=counted,
        level=round(in_time / counted, 4) if counted else None,
        goal=round(wanted / counted, 4) if counted else goal,
    )
