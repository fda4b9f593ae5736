"""The engine: everything that happens to a PBX's calls goes through that PBX's one inbox, in order.

It implements :class:`gateway.ports.connector.EventSink`. One task a PBX applies what its inbox holds; what follows goes to the
hub.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import structlog

from gateway.model.call_events import CallEvent
from gateway.model.events import PbxEvent
from gateway.model.ids import PbxName
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.session.hub import Hub, Message
from gateway.session.pbx_state import PbxState

INBOX_BATCHES: Final = 64
"""Batches that wait for one PBX; a connector whose batch finds no room waits, and drains its PBX into its own buffers."""
EVENTS_AT_ONCE: Final = 200
"""Events applied before others get their turn: about 5 ms."""

_log = structlog.get_logger()
_STATUS_LOG: Final = {
    LinkStatus.CONNECTING: "pbx_connecting",
    LinkStatus.CONNECTED: "pbx_connected",
    LinkStatus.RETRYING: "pbx_lost",
    LinkStatus.REFUSED: "pbx_refuses_us",
    LinkStatus.STOPPED: "pbx_stopped",
}


class _Batch:
    """Something for the inbox, and who waits until it is done."""

    __slots__ = ("done", "what")

    def __init__(self, what: Sequence[PbxEvent] | Gap, done: "asyncio.Future[None]") -> None:
        self.what = what
        self.done = done


class Engine:
    """All PBXs' calls.

    Args:
        hub: Where the events about calls go.
        sites: The PBXs and what their numbers mean.
        recent_calls: Ended calls kept for each PBX.
        now: Seconds since the epoch.
    """

    def __init__(self, hub: Hub, sites: Mapping[PbxName, Site], *, recent_calls: int, now: Callable[[], float]) -> None:
        self._hub = hub
        self._now = now
        self.pbxs = {name: PbxState(name, site, recent_calls=recent_calls, now=now()) for name, site in sites.items()}
        """What is known of each PBX, by its name."""
        self._inboxes: dict[PbxName, asyncio.Queue[_Batch]] = {name: asyncio.Queue(maxsize=INBOX_BATCHES) for name in sites}

    async def run(self) -> None:
        """Apply what comes, until cancelled; what is left in the inboxes then is dropped."""
        async with asyncio.TaskGroup() as tasks:
            for name, state in self.pbxs.items():
                tasks.create_task(self._work(state, self._inboxes[name]), name=f"engine.{name}")

    def waiting(self, pbx: PbxName) -> int:
        """How many batches wait in a PBX's inbox."""
        return self._inboxes[pbx].qsize()

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        """Apply the events in order; return when they are applied. Cancelling is safe: they are all applied, or none is."""
        await self._enter(pbx, events)

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        """Say to everybody that what happened in this time was not heard."""
        await self._enter(pbx, gap)

    def report(self, pbx: PbxName, state: LinkState) -> None:
        """Take note of how a connector stands with its PBX, and tell it."""
        known = self.pbxs[pbx]
        if (state.status, state.detail) == (known.link.status, known.link.detail):
            return
        known.link = state
        log = _log.error if state.status is LinkStatus.REFUSED else _log.warning
        (_log.info if state.status in _WELL else log)(_STATUS_LOG[state.status], pbx=pbx, detail=state.detail)
        data = {"status": state.status, "detail": state.detail}
        self._hub.publish([self._own_message(known, "gateway.link_changed", state.since, data)])

    async def _enter(self, pbx: PbxName, what: Sequence[PbxEvent] | Gap) -> None:
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        await self._inboxes[pbx].put(_Batch(what, done))
        await done

    async def _work(self, state: PbxState, inbox: "asyncio.Queue[_Batch]") -> None:
        while True:
            batch = await inbox.get()
            if isinstance(batch.what, Gap):
                self._gap(state, batch.what)
            else:
                await self._apply(state, batch.what)
            if not batch.done.done():  # its connector may have been cancelled meanwhile
                batch.done.set_result(None)

    async def _apply(self, state: PbxState, events: Sequence[PbxEvent]) -> None:
        for start in range(0, len(events), EVENTS_AT_ONCE):
            if start:
                await asyncio.sleep(0)
            now = self._now()
            told: list[CallEvent] = []
            for event in events[start : start + EVENTS_AT_ONCE]:
                told += state.apply(event, now)
            if told:
                self._hub.publish(_message(state, event) for event in told)
                _log_ended(told)

    def _gap(self, state: PbxState, gap: Gap) -> None:
        state.note_gap(gap)
        seconds = round(max(gap.ended_at - gap.began_at, 0.0), 3)
        _log.warning("gap", pbx=state.pbx, seconds=seconds, reason=gap.reason)
        data = {
            "began_at": rfc3339(gap.began_at),
            "ended_at": rfc3339(gap.ended_at),
            "seconds": seconds,
            "reason": gap.reason,
        }
        self._hub.publish([self._own_message(state, "gateway.gap", gap.ended_at, data)])

    def _own_message(self, state: PbxState, kind: str, at: float, data: dict[str, Any]) -> Message:
        """Make a message about the PBX itself; its place in the order makes its id unique."""
        return Message(
            id=f"{state.pbx}:{self._hub.position + 1}",
            type=kind,
            at=at,
            tenant=state.tenant,
            pbx=state.pbx,
            call_id=None,
            data=data,
        )


_WELL: Final = frozenset({LinkStatus.CONNECTING, LinkStatus.CONNECTED, LinkStatus.STOPPED})


def _log_ended(told: Iterable[CallEvent]) -> None:
    for event in told:
        if event.type == "call.ended":
            outcome, talk_s = event.data.get("outcome"), event.data.get("talk_s")
            _log.info("call_ended", pbx=event.pbx, call_id=event.call_id, outcome=outcome, talk_s=talk_s)


def _message(state: PbxState, event: CallEvent) -> Message:
    return Message(
        id=event.id,
        type=event.type,
        at=event.at,
        tenant=state.tenant,
        pbx=event.pbx,
        call_id=event.call_id,
        data=event.data,
    )
