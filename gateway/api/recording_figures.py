"""How recordings come, for ``/metrics``: one that is given up, or a PBX whose recordings are not fetched, shows here."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from gateway.ports.recordings import RecordingLibrary


class RecordingFigures:
    """Reads the fetchers' own counts when somebody asks."""

    def __init__(self, library: RecordingLibrary) -> None:
        self._library = library

    def collect(self) -> Iterator[Metric]:
        """Return each PBX's figures."""
        kept = CounterMetricFamily("tieline_recordings_kept", "Recordings fetched and kept.", labels=["pbx"])
        given_up = CounterMetricFamily("tieline_recordings_given_up", "Recordings given up: see why, and retry.", labels=["pbx"])
        text = "1 while a PBX's recordings cannot be fetched or kept: /readyz says why."
        failing = GaugeMetricFamily("tieline_recordings_failing", text, labels=["pbx"])
        alarms = {alarm.pbx for alarm in self._library.alarms}
        for pbx, counts in self._library.counts.items():
            kept.add_metric([pbx], counts.kept)
            given_up.add_metric([pbx], counts.given_up)
            failing.add_metric([pbx], float(pbx in alarms))
        yield from (kept, given_up, failing)
