"""How many commands were given and what came of them, for ``/metrics``: a number that nobody may call shows here at once."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, Metric

from gateway.session.dispatcher import Dispatcher


class CommandFigures:
    """Reads the dispatcher's own counts when somebody asks."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    def collect(self) -> Iterator[Metric]:
        """Return the one figure there is."""
        text = "Commands by what came of them: accepted, unanswered, or why they were refused."
        family = CounterMetricFamily("tieline_commands", text, labels=["command", "result"])
        for (command, result), count in sorted(self._dispatcher.counts.items()):
            family.add_metric([command, result], count)
        yield family
