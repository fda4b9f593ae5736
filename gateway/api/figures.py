"""``/api/v1/figures/today``: what became today of callers from outside; as numbers, and drawn."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from gateway.api.agents import chosen
from gateway.api.chart import Language, chart
from gateway.api.operations import Asked, Media, Operation, answer
from gateway.api.problems import not_found
from gateway.model.day_figures import DayFigures, Today, together
from gateway.model.desk import DeskRules
from gateway.model.ids import PbxName, QueueName
from gateway.model.principals import Principal, Scope
from gateway.model.service_levels import ServiceLevel, level_of
from gateway.session.engine import Engine
from gateway.session.floor import Floor
from gateway.session.pbx_state import PbxState
from gateway.session.sights import Sights


class FiguresQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose callers."""

    pbx: Annotated[str | None, Meta(description="Only this PBX's.")] = None
    queue: Annotated[str | None, Meta(description="Only those who were in this queue.")] = None


class ChartQuery(FiguresQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose callers, and in which language."""

    language: Language = "en"


class HourFigures(DayFigures, frozen=True, kw_only=True):
    """What became of those who called in one hour of the site's day."""

    hour: Annotated[int, Meta(ge=0, le=23)]


class ReasonCount(msgspec.Struct, frozen=True, kw_only=True):
    """Why nobody talked with callers, and how often."""

    outcome: Annotated[str, Meta(description="`abandoned`, `no_answer`, `busy`: as the call record names it.")]
    stage: Annotated[str | None, Meta(description="Where they were: `ivr`, `queue`, `ringing`, `route`.")]
    count: int


class TodayFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One day's callers from outside."""

    date: Annotated[str, Meta(description="The site's date, `2026-11-22`; of several PBXs the first one's.")]
    complete: Annotated[bool, Meta(description="False while the calls of before the gateway's start are being counted.")]
    totals: DayFigures
    hours: Annotated[list[HourFigures], Meta(description="All 24, by the site's clock.")]
    reasons: Annotated[list[ReasonCount], Meta(description="Of `abandoned`, the most frequent first.")]
    service: Annotated[ServiceLevel, Meta(description="Of the queues together, colleagues who called them included.")]


class Figures:
    """Shows the day's figures."""

    def __init__(self, engine: Engine, floor: Floor, sights: Sights, rules: DeskRules) -> None:
        self._engine = engine
        self._floor = floor
        self._sights = sights
        self._rules = rules

    def operations(self) -> list[Operation]:
        """Return what is answered where."""
        return [
            Operation(
                method="GET",
                path="/api/v1/figures/today",
                handler=self._figures,
                summary="Show what became of today's callers from outside, by the hour, and why some talked with nobody",
                tag="figures",
                scope=Scope.QUEUES_READ,
                query=FiguresQuery,
                answers={200: TodayFigures},
                problems=(404,),
            ),
            Operation(
                method="GET",
                path="/api/v1/figures/today.svg",
                handler=self._chart,
                summary="Draw today's callers by the hour",
                tag="figures",
                scope=Scope.QUEUES_READ,
                query=ChartQuery,
                answers={200: Media(("image/svg+xml",))},
                problems=(404,),
            ),
        ]

    async def _figures(self, asked: Asked[FiguresQuery, None]) -> web.Response:
        """``offered`` is all the others together; who still waits is in none of them."""
        date, complete, day = self._today(asked.query, asked.principal)
        hours = [{"hour": hour, **msgspec.structs.asdict(figures)} for hour, figures in enumerate(day.hours)]
        reasons = [{"outcome": reason.outcome, "stage": reason.stage, "count": count} for reason, count in day.reasons]
        service = self._service(asked.query, asked.principal)
        return answer(
            {"date": date, "complete": complete, "totals": day.totals, "hours": hours, "reasons": reasons, "service": service}
        )

    async def _chart(self, asked: Asked[ChartQuery, None]) -> web.Response:
        """Colours are the classes ``chart-answered``, ``chart-abandoned`` and ``chart-other``; text is text."""
        date, _, day = self._today(asked.query, asked.principal)
        drawn = chart(day.hours, day.totals, date, asked.query.language)
        return web.Response(text=drawn, content_type="image/svg+xml", charset="utf-8")

    def _service(self, wanted: FiguresQuery, principal: Principal) -> ServiceLevel:
        states, queues = self._seen(wanted, principal)
        found = [
            (state.days.today(queue, now), self._rules.service_goal_of(queue))
            for state in states
            for now in (self._floor.clock(state),)
            for queue in state.days.queues(now)
            if queues is None or queue in queues
        ]
        goal = self._rules.service_goal if wanted.queue is None else self._rules.service_goal_of(wanted.queue)
        return level_of(found, goal)

    def _seen(self, wanted: FiguresQuery, principal: Principal) -> tuple[list[PbxState], frozenset[QueueName] | None]:
        """Return whose callers are meant: of which PBXs, and of which queues; None is all."""
        states = chosen(self._engine, wanted.pbx)
        sight = self._sights.of(principal)
        queues = None if wanted.queue is None else frozenset({QueueName(wanted.queue)})
        if sight is not None:
            states = [state for state in states if state.pbx == sight.pbx]
            queues = sight.queues if queues is None else queues & sight.queues
            if wanted.queue is not None and not queues:
                raise not_found(f"No queue of yours is called {wanted.queue}.")
        return states, queues

    def _today(self, wanted: FiguresQuery, principal: Principal) -> tuple[str, bool, Today]:
        states, queues = self._seen(wanted, principal)
        days = [state.calls_today.today(self._floor.clock(state), queues) for state in states]
        date = next((state.days.day(self._floor.clock(state)) for state in states), "")
        return date, all(self._floor.is_counted(PbxName(state.pbx)) for state in states), together(days)
