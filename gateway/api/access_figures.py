"""Figures about who was not let in, for an alarm on somebody who tries."""

from collections.abc import Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, Metric

from gateway.api.auth import TokenAuthenticator
from gateway.model.limits import Buckets


class AccessFigures:
    """Reads the counts of those who refuse when somebody asks.

    Args:
        limits: By what they hold apart: ``address``, ``token``.
        authenticator: None where nobody needs a token.
    """

    def __init__(self, limits: Mapping[str, Buckets], authenticator: TokenAuthenticator | None) -> None:
        self._limits = limits
        self._authenticator = authenticator

    def collect(self) -> Iterator[Metric]:
        """Return what was refused."""
        family = CounterMetricFamily("tieline_requests_limited", "Requests refused because they came too often.", labels=["per"])
        for per, buckets in self._limits.items():
            family.add_metric([per], buckets.refused)
        yield family
        refused = 0 if self._authenticator is None else self._authenticator.refused
        yield CounterMetricFamily("tieline_tokens_refused", "Requests with a token that lets nobody in.", value=refused)
