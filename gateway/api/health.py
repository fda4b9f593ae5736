"""``/healthz``, ``/readyz`` and ``/metrics``: for those who watch the gateway, at two in the morning too."""

from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from aiohttp import web
from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from gateway.api.operations import Asked, Media, Nothing, Operation, answer
from gateway.api.problems import forbidden
from gateway.api.records import Time
from gateway.api.surroundings import is_local
from gateway.model.principals import Scope
from gateway.model.times import rfc3339
from gateway.ports.connector import LinkStatus
from gateway.ports.recordings import RecordingAlarm
from gateway.ports.store import Store
from gateway.session.committer import MAX_WAITING, Committer
from gateway.session.engine import Engine
from gateway.session.hub import Hub
from gateway.session.pbx_state import PbxState


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """The process works."""

    status: Literal["alive"]


class StoreView(msgspec.Struct, frozen=True, kw_only=True):
    """How the database is."""

    status: Literal["works", "failing"]
    detail: str
    """For a person."""
    waiting: int
    """Events and changed calls that wait to be kept."""
    since: Time | msgspec.UnsetType = msgspec.UNSET


class PbxReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """How the gateway stands with one PBX."""

    pbx: str
    status: LinkStatus
    detail: str
    """For a person."""
    since: Time


class RecordingReadiness(msgspec.Struct, frozen=True, kw_only=True):
    """A PBX whose recordings cannot be fetched or kept now."""

    pbx: str
    detail: str
    """For a person."""
    since: Time


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """Whether there is something to serve, and to those who may read it (``system:read``) what is wrong."""

    status: Literal["ready", "degraded", "not ready"]
    store: StoreView | msgspec.UnsetType = msgspec.UNSET
    pbxs: list[PbxReadiness] | msgspec.UnsetType = msgspec.UNSET
    recordings: Annotated[
        list[RecordingReadiness] | msgspec.UnsetType, msgspec.Meta(description="What is wrong there; empty while all is well.")
    ] = msgspec.UNSET


class Health:
    """Tells how the gateway and its PBXs are.

    Args:
        recording_alarms: Return what keeps recordings from being fetched now.
        open_metrics: Let programs on this machine read the figures without a token.
        figures: Of other parts.
    """

    def __init__(
        self,
        engine: Engine,
        hub: Hub,
        committer: Committer,
        store: Store,
        *,
        recording_alarms: Callable[[], Sequence[RecordingAlarm]] = tuple,
        open_metrics: bool = False,
        figures: Sequence[Collector] = (),
    ) -> None:
        self._recording_alarms = recording_alarms
        self._open_metrics = open_metrics
        self._engine = engine
        self._committer = committer
        self._store = store
        self._registry = CollectorRegistry()
        for collector in (_Figures(engine, hub, committer), *figures):
            self._registry.register(collector)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)
        GCCollector(registry=self._registry)

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/healthz",
                handler=self._alive,
                summary="Tell whether the process works",
                tag="health",
                scope=None,
                open=True,
                answers={200: Alive},
            ),
            Operation(
                method="GET",
                path="/readyz",
                handler=self._ready,
                summary="Tell whether PBXs are heard and the database works",
                tag="health",
                scope=None,
                open=True,
                answers={200: Readiness, 503: Readiness},
            ),
            Operation(
                method="GET",
                path="/metrics",
                handler=self._metrics,
                summary="Figures for Prometheus",
                tag="health",
                scope=None if self._open_metrics else Scope.SYSTEM_READ,
                open=self._open_metrics,
                answers={200: Media(("text/plain",))},
            ),
        ]

    async def _alive(self, _asked: Asked[Nothing, None]) -> web.Response:
        return answer({"status": "alive"})

    async def _ready(self, asked: Asked[Nothing, None]) -> web.Response:
        """At least one PBX is heard (200), or none is (503); with a token that may read it (``system:read``) what is wrong with
        each and the store, in words for a person."""
        states = list(self._engine.pbxs.values())
        heard = [state for state in states if state.link.status is LinkStatus.CONNECTED]
        alarms = self._recording_alarms()
        all_well = len(heard) == len(states) and self._committer.alarm is None and not alarms
        status = "ready" if all_well else "degraded" if heard else "not ready"
        if not asked.principal.may(Scope.SYSTEM_READ):
            return answer({"status": status}, 200 if heard else 503)
        body = {
            "status": status,
            "store": self._told_store(),
            "pbxs": [
                {
                    "pbx": state.pbx,
                    "status": state.link.status,
                    "detail": state.link.detail,
                    "since": rfc3339(state.link.since),
                }
                for state in states
            ],
            "recordings": [{"pbx": each.pbx, "detail": each.detail, "since": rfc3339(each.since)} for each in alarms],
        }
        return answer(body, 200 if heard else 503)

    def _told_store(self) -> dict[str, Any]:
        alarm, waiting = self._committer.alarm, self._committer.waiting
        told = {"status": "works", "detail": f"calls are kept in {self._store.description}", "waiting": waiting}
        if alarm is not None:
            detail = f"the database fails: {alarm.detail}. What happens waits in memory ({waiting} of {MAX_WAITING}) and is lost "
            detail += "if the gateway stops"
            told |= {"status": "failing", "detail": detail, "since": rfc3339(alarm.since)}
        return told

    async def _metrics(self, asked: Asked[Nothing, None]) -> web.Response:
        if not (asked.principal.may(Scope.SYSTEM_READ) or is_local(asked.request)):
            raise forbidden(Scope.SYSTEM_READ, asked.principal.name)
        return web.Response(body=generate_latest(self._registry), headers={"Content-Type": CONTENT_TYPE_LATEST})


class _Figures:
    """Reads the engine's own counts when somebody asks, so that counting costs the events nothing."""

    def __init__(self, engine: Engine, hub: Hub, committer: Committer) -> None:
        self._engine = engine
        self._hub = hub
        self._committer = committer

    def collect(self) -> Iterator[Metric]:
        states = list(self._engine.pbxs.values())
        for make, name, text, read in _PER_PBX:
            family = make(f"tieline_{name}", text, labels=["pbx"])
            for state in states:
                family.add_metric([state.pbx], read(state))
            yield family
        depth = GaugeMetricFamily("tieline_inbox_batches", "Batches of events that wait to be applied.", labels=["pbx"])
        link = GaugeMetricFamily("tieline_link_status", "1 for the status that the PBX's link has.", labels=["pbx", "status"])
        for state in states:
            depth.add_metric([state.pbx], self._engine.waiting(state.pbx))
            for status in LinkStatus:
                link.add_metric([state.pbx, status], float(state.link.status is status))
        yield depth
        yield link
        yield GaugeMetricFamily("tieline_listeners", "Programs that listen to the event stream.", value=self._hub.listeners)
        lost = "Listeners cut off because they were too slow."
        yield CounterMetricFamily("tieline_listeners_lost", lost, value=self._hub.lost_listeners)
        store = self._committer
        yield GaugeMetricFamily("tieline_store_failing", "1 while the store fails.", value=float(store.alarm is not None))
        waiting = "Events and changed calls that wait to be committed."
        yield GaugeMetricFamily("tieline_store_waiting", waiting, value=store.waiting)
        yield CounterMetricFamily("tieline_commits", "Transactions that were committed.", value=store.commits)
        yield CounterMetricFamily("tieline_commits_failed", "Attempts to commit that failed.", value=store.failed_commits)
        yield CounterMetricFamily("tieline_commit_seconds", "Seconds that all commits took.", value=store.commit_s)
        yield GaugeMetricFamily("tieline_position", "Position of the last event told.", value=self._hub.position)


_Family = type[CounterMetricFamily] | type[GaugeMetricFamily]

_PER_PBX: Final[list[tuple[_Family, str, str, Callable[[PbxState], float]]]] = [
    (CounterMetricFamily, "pbx_events", "Events that came from the PBX.", lambda state: state.counts.events),
    (CounterMetricFamily, "call_events", "Events told about its calls.", lambda state: state.counts.call_events),
    (
        CounterMetricFamily,
        "pbx_events_failed",
        "Events that could not be applied: each is an error in the log.",
        lambda state: state.counts.failed_events,
    ),
    (GaugeMetricFamily, "live_calls", "Calls that have not ended.", lambda state: state.live_count),
    (CounterMetricFamily, "gaps", "Times in which the PBX was not heard.", lambda state: state.counts.gaps),
    (CounterMetricFamily, "gap_seconds", "Seconds in which the PBX was not heard.", lambda state: state.counts.gap_s),
    (
        GaugeMetricFamily,
        "event_lag_seconds",
        "Seconds between the last event's own time and our taking it.",
        lambda state: state.counts.lag_s,
    ),
]
