"""Tells one CRM of the calls: each call in its order, at least once, however long the CRM is away, within its quota.

Two tasks. One follows the events and notes in the database which calls there is something to tell of; it never waits for the
CRM. The other takes those calls from there, a few at once, and lets the CRM have each as it is *now*: who was away for a day
hears of each call once. So memory holds a few calls only, and what was not told survives a crash.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from random import Random
from typing import Final

import msgspec
import structlog

from gateway.crm.activities import Activities, digest_of
from gateway.crm.schedule import OPEN_AFTER, look_again_s, retry_at
from gateway.model.calls import Call
from gateway.model.crm import CallActivity
from gateway.model.crm_calls import SETTLE_S, CrmRules, Readiness, readiness_of
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, Tenant
from gateway.ports.crm import (
    CrmAdapter,
    CrmDeniedError,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    CrmUnavailableError,
    KeepsCalls,
    KeepsRecordings,
    WithdrawsCalls,
)
from gateway.ports.crm_log import CrmCall, CrmLog
from gateway.ports.store import Store, Told
from gateway.session.engine import Engine
from gateway.session.hub import Hub, PositionLostError, TooSlowError

AT_ONCE: Final = 4
"""Calls that a CRM is told of at once."""
LOOKED_AT: Final = 50
"""Calls by which it is looked, in turn, whether a CRM that was away is back."""
NOTE_S: Final = 0.25
"""Seconds for which events are gathered before they are noted."""
MAX_GATHERED: Final = 1_000
"""Calls of which events are gathered at most."""
ADAPTER_S: Final = 180.0
"""Seconds that an adapter may take for one call; it waits for its quota meanwhile."""
MAX_MEMO_CHARACTERS: Final = 4_000
STORE_RETRY_S: Final = 5.0
IDLE_S: Final = 60.0
"""Seconds after which it is looked for something to do, though nobody said so."""
_TOLD_OF: Final = (
    "call.started",
    "call.alerting",
    "call.answered",
    "call.transferred",
    "call.merged",
    "call.ended",
    "call.corrected",
    "call.disposed",
    "call.noted",
    "call.customer_identified",
    "queue.caller_joined",
    "recording.available",
)
"""After which events of a call a CRM may have something to hear."""

_log = structlog.get_logger()


class _Data(msgspec.Struct, rename={"was": "from"}):
    was: CallId


class _Merged(msgspec.Struct):
    data: _Data


_merged: Final = msgspec.json.Decoder(_Merged)


class Courier:
    """Serves one CRM.

    Args:
        crm: What the configuration calls it.
        adapter: It.
        rules: What it is told.
        activities: Makes what it is told.
        log: Keeps what it was told.
        calls: Has the calls.
        engine: Has the live ones.
        hub: Has the events.
        tenant: Whose CRM it is.
        now: Seconds since the epoch.
        jitter: Spreads what is tried again.
    """

    def __init__(
        self,
        crm: str,
        adapter: CrmAdapter,
        rules: CrmRules,
        activities: Activities,
        log: CrmLog,
        *,
        calls: Store,
        engine: Engine,
        hub: Hub,
        tenant: Tenant,
        now: Callable[[], float],
        jitter: Random,
    ) -> None:
        self.crm = crm
        self._adapter = adapter
        self._rules = rules
        self._activities = activities
        self._log_book = log
        self._calls = calls
        self._engine = engine
        self._hub = hub
        self._tenant = tenant
        self._now = now
        self._jitter = jitter
        self._news = asyncio.Event()
        self._at_work: dict[asyncio.Task[None], CallId] = {}
        self._failures = 0
        self._looks = 0
        self._look_at = 0.0
        self.away_since: float | None = None
        """Since when the CRM does not do what it is asked; None while it does. Seconds since the epoch."""
        self.why: str | None = None
        """What went wrong last, for a person; None while nothing does."""
        self.told = 0
        """Activities that the CRM took."""
        self.failed = 0
        """Attempts that failed."""

    def wake(self) -> None:
        """Look at once for something to tell."""
        self._news.set()

    async def run(self) -> None:
        """Serve the CRM until cancelled. What was not told then is told by the next process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._patiently(self._follow), name=f"crm.{self.crm}.follow")
            tasks.create_task(self._patiently(self._deliver), name=f"crm.{self.crm}.deliver")

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await work()
            except StoreUnavailableError as error:
                _log.warning("crm_waits_for_store", crm=self.crm, reason=str(error))
                await asyncio.sleep(STORE_RETRY_S)

    async def _follow(self) -> None:
        position = await self._log_book.cursor(self._tenant, self.crm)
        if position is None:
            # What was before is not told to a CRM that is new, but for what is live.
            position = self._hub.position
            live = {call.call_id: (position, position) for state in self._engine.pbxs.values() for call in state.live}
            await self._note(position, live)
        position = self._still_held(position)
        listener = self._hub.listen(_TOLD_OF, after=position, tenant=self._tenant)
        try:
            while True:
                batch = await listener.next_batch()
                heard = _heard(batch, {})
                try:
                    async with asyncio.timeout(NOTE_S):
                        while len(heard) < MAX_GATHERED:
                            batch = await listener.next_batch()
                            _heard(batch, heard)
                except TimeoutError:
                    pass
                await self._note(batch[-1].position, heard)
        except TooSlowError:
            return  # what the ring no longer has is read from the log
        except PositionLostError as error:
            _log.warning("crm_lost_its_place", crm=self.crm, reason=str(error))
        finally:
            listener.close()

    def _still_held(self, position: int) -> int:
        """Return from where to go on: what was deleted meanwhile cannot be told."""
        held = min(max(position, self._hub.kept_from - 1), self._hub.position)
        if held > position:
            _log.warning("crm_events_lost", crm=self.crm, lost=held - position, cure="let store.events_days be longer")
        return held

    async def _note(self, position: int, heard: dict[CallId, tuple[int, int]]) -> None:
        await self._log_book.note(self._tenant, self.crm, position=position, heard=heard, at=self._now())
        if heard:
            self._news.set()

    async def _deliver(self) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                while True:
                    self._news.clear()
                    wait_s = await self._begin(tasks)
                    try:
                        async with asyncio.timeout(wait_s):
                            await self._news.wait()
                    except TimeoutError:
                        pass
        except* StoreUnavailableError as group:
            raise StoreUnavailableError(str(group.exceptions[0])) from group

    async def _begin(self, tasks: asyncio.TaskGroup) -> float:
        """Begin to tell what is due, as much as may be at once; return in how many seconds to look again."""
        now = self._now()
        if self.away_since is not None:
            if self._at_work or now < self._look_at:
                return max(self._look_at - now, 0.0) if not self._at_work else IDLE_S
            # One after the other is tried: a call that always fails must not stand for all.
            eldest = await self._log_book.due(self._tenant, self.crm, now=float("inf"), limit=LOOKED_AT)
            for row in sorted(eldest, key=lambda row: row.retry_at)[:1]:
                self._start(tasks, row)
            return IDLE_S
        room = AT_ONCE - len(self._at_work)
        if room <= 0:
            return IDLE_S
        busy = set(self._at_work.values())
        due = await self._log_book.due(self._tenant, self.crm, now=now, limit=AT_ONCE + len(busy))
        for row in [row for row in due if row.call_id not in busy][:room]:
            self._start(tasks, row)
        if self._at_work:
            return IDLE_S
        next_at = await self._log_book.next_at(self._tenant, self.crm)
        return IDLE_S if next_at is None else min(max(next_at - now, 0.0), IDLE_S)

    def _start(self, tasks: asyncio.TaskGroup, row: CrmCall) -> None:
        task = tasks.create_task(self._tell(row), name=f"crm.{self.crm}.{row.call_id}")
        self._at_work[task] = row.call_id
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._at_work.pop(task, None)
        self._news.set()

    async def _tell(self, row: CrmCall) -> None:
        """Let the CRM have one call, and keep what came of it."""
        try:
            async with asyncio.timeout(ADAPTER_S):
                after = await self._told(row)
        except CrmError as error:
            await self._failed(row, error)
        except TimeoutError:
            text = f"{self.crm}: did not take a call within {ADAPTER_S:g} s"
            await self._failed(row, CrmUnavailableError(text))
        except StoreUnavailableError:
            raise
        except Exception as error:  # noqa: BLE001  # an adapter may be anybody's
            _log.exception("crm_adapter_failed", crm=self.crm, call_id=row.call_id)
            await self._failed(row, CrmRefusedError(f"{self.crm}: its adapter failed: {type(error).__name__}: {error}"))
        else:
            if after is not None:
                await self._log_book.put(self._tenant, self.crm, after)
            await self._went_well()

    async def _told(self, row: CrmCall) -> CrmCall | None:
        """Tell what there is to tell; return how the call stands then, None where nothing of it is kept."""
        call = await self._call(row.call_id)
        state = None if call is None else self._engine.pbxs.get(call.pbx)
        if call is None or state is None:
            await self._log_book.forget(self._tenant, self.crm, row.call_id)
            return None
        clock = state.clock(self._now())
        ready = readiness_of(call, state.site, state.live, self._rules, told=row.memo is not None, now=clock)
        done = msgspec.structs.replace(row, pending=False, attempts=0, retry_at=0.0, why=None, changed_at=self._now())
        if ready is Readiness.LATER:
            settles = call.ended and call.ended_at is not None
            return msgspec.structs.replace(done, pending=True, retry_at=self._now() + SETTLE_S) if settles else done
        if ready is Readiness.NEVER or (ready is Readiness.FOLDED and row.memo is None):
            await self._log_book.forget(self._tenant, self.crm, row.call_id)
            return None
        activity, recording = await self._activities.of(call, state.site, row.contact)
        if ready is Readiness.FOLDED:
            if isinstance(self._adapter, WithdrawsCalls) and row.memo is not None:
                await self._adapter.withdraw_call(activity, row.memo)
            await self._log_book.forget(self._tenant, self.crm, row.call_id)
            return None
        digest = digest_of(activity)
        if digest != row.said and isinstance(self._adapter, KeepsCalls):
            memo, done = await self._put(self._adapter, activity, row, done)
            done = msgspec.structs.replace(done, memo=memo, said=digest)
            # Kept before anything else is asked: what comes next may fail.
            await self._log_book.put(self._tenant, self.crm, msgspec.structs.replace(done, pending=True))
            self.told += 1
        upload = self._rules.recordings == "upload" and recording is not None and recording.id != row.recording
        if upload and recording is not None and done.memo is not None and isinstance(self._adapter, KeepsRecordings):
            sound = self._activities.sound(recording)
            if sound is not None:
                memo = await self._adapter.attach_recording(activity, done.memo, sound)
                done = msgspec.structs.replace(done, memo=memo, recording=recording.id)
        return done

    async def _put(self, adapter: KeepsCalls, activity: CallActivity, row: CrmCall, done: CrmCall) -> tuple[str, CrmCall]:
        """Let the CRM have an activity; return the memo. One that was deleted there is made anew, once."""
        try:
            memo = await adapter.put_call(activity, row.memo)
        except CrmGoneError:
            if row.memo is None or row.remade:
                raise
            memo = await adapter.put_call(activity, None)
            done = msgspec.structs.replace(done, remade=True, recording=None)
        if len(memo) > MAX_MEMO_CHARACTERS:
            raise CrmRefusedError(f"{self.crm}: its adapter's memo of a call exceeds {MAX_MEMO_CHARACTERS} characters")
        return memo, done

    async def _call(self, call_id: CallId) -> Call | None:
        live = (call for state in self._engine.pbxs.values() for call in state.find([call_id]))
        found = next(live, None)
        if found is not None:
            return found
        kept = await self._calls.find(self._tenant, [call_id])
        return kept[0] if kept else None

    async def _failed(self, row: CrmCall, error: CrmError) -> None:
        """Keep that it was told in vain, and when it is told again."""
        now = self._now()
        pause_s = error.retry_after_s if isinstance(error, CrmUnavailableError) else None
        # While the CRM is away it is not the call's fault.
        attempts = row.attempts + (self.away_since is None or not error.retryable)
        again_at = retry_at(max(attempts, 1), now, self._jitter.random(), pause_s) if error.retryable else None
        self.failed += 1
        self.why = str(error)
        # What was kept on the way stays: the activity may be there, and only its sound not.
        for kept in await self._log_book.find(self._tenant, self.crm, [row.call_id]):
            changed = msgspec.structs.replace(
                kept,
                position=row.position,
                heard=row.heard,
                pending=True,
                attempts=attempts,
                retry_at=again_at or 0.0,
                dead=again_at is None,
                why=str(error),
                changed_at=now,
            )
            await self._log_book.put(self._tenant, self.crm, changed)
        if again_at is None:
            _log.warning("crm_call_dead", crm=self.crm, call_id=row.call_id, attempts=attempts, reason=str(error))
        if error.retryable:
            self._failures += 1
            if self._failures >= OPEN_AFTER or pause_s or isinstance(error, CrmDeniedError):
                self._is_away(error, pause_s)

    def _is_away(self, error: CrmError, pause_s: float | None) -> None:
        now = self._now()
        if self.away_since is None:
            self.away_since, self._looks = now, 0
            _log.warning("crm_away", crm=self.crm, reason=str(error))
        else:
            self._looks += 1
        self._look_at = now + look_again_s(self._looks, self._jitter.random(), pause_s)

    async def _went_well(self) -> None:
        self._failures, self.why = 0, None
        if self.away_since is not None:
            _log.info("crm_back", crm=self.crm, away_s=round(self._now() - self.away_since))
            # It was the CRM that failed, not the calls: all go on in their order.
            await self._log_book.hurry(self._tenant, self.crm)
            self.away_since, self._looks = None, 0


def _heard(batch: Sequence[Told], heard: dict[CallId, tuple[int, int]]) -> dict[CallId, tuple[int, int]]:
    """Add to the calls of which something was heard, with the first and the last position."""
    for told in batch:
        calls = [] if told.call_id is None else [told.call_id]
        if told.type == "call.merged":
            calls += [_merged.decode(told.json).data.was]
        for call_id in calls:
            first, _ = heard.get(call_id, (told.position, 0))
            heard[call_id] = (first, told.position)
    return heard
