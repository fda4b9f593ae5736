"""The engine: everything that happens to a PBX's calls goes through that PBX's one inbox, in order.

It implements :class:`gateway.ports.connector.EventSink`. One task a PBX applies what its inbox holds; what follows goes to the
committer.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import structlog

from gateway.model.calls import Call
from gateway.model.change import Step
from gateway.model.ended import DOUBTFUL_S, REMEMBERED_S
from gateway.model.events import ConnectionMade, PbxEvent
from gateway.model.ids import CallId, PbxName
from gateway.model.site import Site
from gateway.model.times import rfc3339
from gateway.model.topics import subjects_of_call
from gateway.ports.connector import Gap, LinkState, LinkStatus
from gateway.ports.store import Store
from gateway.session.agent_messages import agent_messages
from gateway.session.committer import Committer, Message
from gateway.session.mailbox_messages import mailbox_messages
from gateway.session.pbx_state import PbxState

INBOX_BATCHES: Final = 64
"""Batches that wait for one PBX; a connector whose batch finds no room waits, and drains its PBX into its own buffers."""
EVENTS_AT_ONCE: Final = 200
"""Events applied before others get their turn: about 5 ms."""
BEAT_S: Final = 2.0
"""Seconds between two notes of how far a PBX was heard that says nothing new of its calls."""
SILENCE_S: Final = 20.0
"""Seconds in which a connector finds out that its PBX is gone: one that says nothing was heard until so long ago."""

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
        committer: Where what happens goes.
        sites: The PBXs and what their numbers mean.
        now: Seconds since the epoch.
    """

    def __init__(self, committer: Committer, sites: Mapping[PbxName, Site], *, now: Callable[[], float]) -> None:
        self._committer = committer
        self._now = now
        self.pbxs = {name: PbxState(name, site, now=now()) for name, site in sites.items()}
        """What is known of each PBX, by its name."""
        self._inboxes: dict[PbxName, asyncio.Queue[_Batch]] = {name: asyncio.Queue(maxsize=INBOX_BATCHES) for name in sites}

    async def restore(self, store: Store) -> None:
        """Take over what an earlier process left; before :meth:`run`.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        for state in self.pbxs.values():
            heard = await store.heard(state.tenant, state.pbx)
            if heard is not None:
                calls = await store.unfinished(
                    state.tenant,
                    state.pbx,
                    changed_after=heard.at - REMEMBERED_S,
                    incomplete_after=heard.at - DOUBTFUL_S,
                )
                step = state.restore(calls, heard, await store.habits(state.tenant, state.pbx))
                self._committer.put(state, step.calls)
                _log.info("calls_restored", pbx=state.pbx, live_calls=state.live_count, heard_until=rfc3339(heard.at))

    async def run(self) -> None:
        """Apply what comes, until cancelled; what is left in the inboxes then is dropped."""
        async with asyncio.TaskGroup() as tasks:
            for name, state in self.pbxs.items():
                tasks.create_task(self._work(state, self._inboxes[name]), name=f"engine.{name}")
            tasks.create_task(self._beat(), name="engine.beat")

    def waiting(self, pbx: PbxName) -> int:
        """How many batches wait in a PBX's inbox."""
        return self._inboxes[pbx].qsize()

    async def accept(self, pbx: PbxName, events: Sequence[PbxEvent]) -> None:
        """Apply the events in order; return when they are applied. Cancelling is safe: they are all applied, or none is."""
        await self._enter(pbx, events)

    async def declare_gap(self, pbx: PbxName, gap: Gap) -> None:
        """Say to everybody that what happened in this time was not heard."""
        await self._enter(pbx, gap)

    def heard_until(self, pbx: PbxName) -> float | None:
        """Return until when the PBX was heard, by its own clock; None when it never was."""
        return self.pbxs[pbx].heard_at

    def report(self, pbx: PbxName, state: LinkState) -> None:
        """Take note of how a connector stands with its PBX, and tell it."""
        known = self.pbxs[pbx]
        if (state.status, state.detail) == (known.link.status, known.link.detail):
            return
        known.link = state
        log = _log.error if state.status is LinkStatus.REFUSED else _log.warning
        (_log.info if state.status in _WELL else log)(_STATUS_LOG[state.status], pbx=pbx, detail=state.detail)
        data = {"status": state.status, "detail": state.detail}
        self._committer.put(known, messages=[_own_message(known, "gateway.link_changed", state.since, data)])

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
            await self._committer.room()
            now = self._now()
            messages: list[Message] = []
            calls: dict[CallId, Call] = {}
            for event in events[start : start + EVENTS_AT_ONCE]:
                if state.away_since is not None and type(event) is ConnectionMade:
                    away_since, state.away_since = state.away_since, None
                    self._gap(state, Gap(began_at=away_since, ended_at=event.at, reason="the gateway was not running"))
                step = state.apply(event, now)
                if step.calls:
                    calls |= {call.call_id: call for call in step.calls}
                    messages += _messages(state, step)
                messages += agent_messages(state)
                messages += mailbox_messages(state)
            learnt = state.learnt()
            if calls or messages or learnt:
                self._committer.put(state, calls.values(), messages, state.heard_at, learnt)
                _log_ended(messages)

    async def _beat(self) -> None:
        """Note from time to time how far each PBX was heard, though nothing came of it; and once more at the end."""
        noted: dict[PbxName, float] = {}
        try:
            while True:
                await asyncio.sleep(BEAT_S)
                self._note_heard(noted)
        finally:
            self._note_heard(noted)

    def _note_heard(self, noted: dict[PbxName, float]) -> None:
        for name, state in self.pbxs.items():
            if state.heard_at is None or state.away_since is not None:
                continue
            if state.link.status is LinkStatus.CONNECTED and self._inboxes[name].empty():
                silent_since = self._now() - max(state.counts.lag_s, 0.0) - SILENCE_S
                state.heard_at = max(state.heard_at, silent_since)
            if state.heard_at != noted.get(name):
                noted[name] = state.heard_at
                self._committer.put(state, heard_at=state.heard_at)

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
        self._committer.put(state, messages=[_own_message(state, "gateway.gap", gap.ended_at, data)], heard_at=state.heard_at)


def _own_message(state: PbxState, kind: str, at: float, data: dict[str, Any]) -> Message:
    """Make a message about the PBX itself."""
    return Message(id=None, type=kind, at=at, tenant=state.tenant, pbx=state.pbx, call_id=None, data=data)


_WELL: Final = frozenset({LinkStatus.CONNECTING, LinkStatus.CONNECTED, LinkStatus.STOPPED})


def _log_ended(told: Iterable[Message]) -> None:
    for event in told:
        if event.type == "call.ended":
            outcome, talk_s = event.data.get("outcome"), event.data.get("talk_s")
            _log.info("call_ended", pbx=event.pbx, call_id=event.call_id, outcome=outcome, talk_s=talk_s)


def _messages(state: PbxState, step: Step) -> Iterator[Message]:
    if not step.events:
        return
    subjects = {call.call_id: subjects_of_call(call) for call in step.calls}
    for event in step.events:
        about = subjects.get(event.call_id, ())
        if event.type == "call.merged":
            about = (*about, f"call:{event.data['from']}")
        yield Message(
            id=event.id,
            type=event.type,
            at=event.at,
            tenant=state.tenant,
            pbx=event.pbx,
            call_id=event.call_id,
            data=event.data,
            subjects=about,
        )
