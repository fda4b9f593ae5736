"""How CRMs stand, for ``/metrics``: one that is away, what piles up for it, and how often it is asked who calls."""

from collections.abc import Callable, Iterator, Sequence

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.ports.crms import CrmFigure


class CrmFigures:
    """Reads how they stand when somebody asks.

    Args:
        figures: Returns them, at once.
    """

    def __init__(self, figures: Callable[[], Sequence[CrmFigure]]) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Return what was told, what waits, what is dead and who is away, by the CRM's name."""
        told = CounterMetricFamily("tieline_crm_told", "Tellings of calls that a CRM took.", labels=["crm"])
        failed = CounterMetricFamily("tieline_crm_failed", "Tellings of calls that failed.", labels=["crm"])
        waiting = GaugeMetricFamily("tieline_crm_waiting", "Calls of which there is something to tell.", labels=["crm"])
        dead = GaugeMetricFamily("tieline_crm_dead", "Calls that a CRM is not told of any more.", labels=["crm"])
        oldest = GaugeMetricFamily(
            "tieline_crm_oldest_waiting_seconds", "How long the oldest of those that wait has waited.", labels=["crm"]
        )
        away = GaugeMetricFamily("tieline_crm_away", "1 while a CRM does not do what it is asked.", labels=["crm"])
        lookups = CounterMetricFamily(
            "tieline_crm_lookups", "Numbers that were looked up, by whether the answer was at hand.", labels=["crm", "at_hand"]
        )
        for figure in self._figures():
            told.add_metric([figure.name], figure.told)
            failed.add_metric([figure.name], figure.failed)
            away.add_metric([figure.name], figure.away)
            lookups.add_metric([figure.name, "yes"], figure.lookups_at_hand)
            lookups.add_metric([figure.name, "no"], figure.lookups)
            for metric, value in ((waiting, figure.waiting), (dead, figure.dead), (oldest, figure.oldest_s)):
                if value is not None:
                    metric.add_metric([figure.name], value)
        yield from (told, failed, waiting, dead, oldest, away, lookups)
