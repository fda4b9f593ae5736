"""How webhooks stand, for ``/metrics``: a receiver that is away, and what piles up for it."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from gateway.ports.webhooks import Webhooks


class WebhookFigures:
    """Reads how the endpoints stand when somebody asks."""

    def __init__(self, webhooks: Webhooks) -> None:
        self._webhooks = webhooks

    def collect(self) -> Iterator[Metric]:
        """Return what waits, what is dead and who is away, by the webhook's name."""
        waiting = GaugeMetricFamily("tieline_webhook_waiting", "Messages that wait to be tried again.", labels=["webhook"])
        dead = GaugeMetricFamily("tieline_webhook_dead", "Messages that are not tried any more.", labels=["webhook"])
        away = GaugeMetricFamily("tieline_webhook_away", "1 while a receiver does not answer.", labels=["webhook"])
        off = GaugeMetricFamily("tieline_webhook_disabled", "1 where nothing is sent.", labels=["webhook"])
        for endpoint, standing in self._webhooks.all():
            # Names may be given twice; ids are not.
            label = [f"{endpoint.name} ({endpoint.id})"]
            waiting.add_metric(label, standing.waiting)
            dead.add_metric(label, standing.dead)
            away.add_metric(label, standing.away_since is not None)
            off.add_metric(label, not endpoint.enabled)
        yield from (waiting, dead, away, off)
