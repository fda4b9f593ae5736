"""Tells one CRM of the calls: each call in its order, at least once, however long the CRM is away, within its quota.

Two tasks. One follows the events and notes in the database which calls there is something to tell of; it never waits for the
CRM. The other takes those calls from there, a few at once, and lets the CRM have each as it is *now*: who was away for a day
hears of each call once. So memory holds a few calls only, and what was not told survives a crash.
"""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from math import inf
from random import Random
from typing import Final

import msgspec
import structlog

from gateway.crm.asking import printable
from gateway.crm.merging import calls_of
from gateway.crm.refusals import Refusals
from gateway.crm.schedule import OPEN_AFTER, RETRIES_S, look_again_s, retry_at
from gateway.crm.storing import STORE_RETRY_S, stored
from gateway.crm.telling import SoundError, Teller
from gateway.model.crm_calls import SETTLE_S
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, Tenant
from gateway.ports.crm import CrmDeniedError, CrmError, CrmRefusedError, CrmUnavailableError
from gateway.ports.crm_log import CrmCall, CrmLog
from gateway.ports.store import Told
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
LOOKS_AT_REFUSALS: Final = 2
"""So often the pause between two looks is doubled at most at a CRM that refuses one call after the other."""
LAST_S: Final = 3.0
"""Seconds for which the gateway's end waits for what a CRM is doing just then."""
CLOCK_SLACK_S: Final = 60.0
"""Seconds by which the wall's clock may be set back before what waits is looked at anew."""
MAX_WHY_CHARACTERS: Final = 2_000
"""Of why a call was not told."""
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


class Courier:
    """Serves one CRM.

    Args:
        crm: What the configuration calls it.
        teller: Tells it of one call.
        log: Keeps what it was told.
        engine: Has the live ones.
        hub: Has the events.
        tenant: Whose CRM it is.
        now: Seconds since the epoch.
        jitter: Spreads what is tried again.
    """

    def __init__(
        self,
        crm: str,
        teller: Teller,
        log: CrmLog,
        *,
        engine: Engine,
        hub: Hub,
        tenant: Tenant,
        now: Callable[[], float],
        jitter: Random,
    ) -> None:
        self.crm = crm
        self._teller = teller
        self._log_book = log
        self._engine = engine
        self._hub = hub
        self._tenant = tenant
        self._now = now
        self._jitter = jitter
        self._news = asyncio.Event()
        self._at_work: dict[asyncio.Task[None], CallId] = {}
        self._failures = 0
        self._refusals = Refusals()
        self._looks = 0
        self._look_with: CallId | None = None
        self._look_at = 0.0
        self._proved = False
        self._clock_ahead_s = -inf
        self.away_since: float | None = None
        """Since when the CRM does not do what it is asked; None while it does. Seconds since the epoch."""
        self.why: str | None = None
        """What went wrong last, for a person; None while nothing does."""
        self.told = 0
        """How often the CRM took something of a call."""
        self.failed = 0
        """Attempts that failed."""

    def wake(self) -> None:
        """Look at once for something to tell."""
        self._news.set()

    def look_now(self) -> None:
        """Look at once whether the CRM is back: somebody says so."""
        self._look_at = 0.0
        self._news.set()

    async def run(self) -> None:
        """Serve the CRM until cancelled. What was not told then is told by the next process."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow_always(), name=f"crm.{self.crm}.follow")
            tasks.create_task(self._deliver(), name=f"crm.{self.crm}.deliver")

    async def _follow_always(self) -> None:
        while True:
            await stored(self.crm, self._follow)

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
        # What an earlier process put off was put off by its clock, and for an outage that may be over.
        await stored(self.crm, self._hurry)
        async with asyncio.TaskGroup() as tasks:
            try:
                await self._deliver_always(tasks)
            finally:
                # An answer that we do not hear may cost a second activity.
                if self._at_work:
                    await asyncio.wait(list(self._at_work), timeout=LAST_S)

    async def _deliver_always(self, tasks: asyncio.TaskGroup) -> None:
        while True:
            self._news.clear()
            try:
                if self._clock_ahead_s - self._ahead_s() > CLOCK_SLACK_S:
                    _log.warning("crm_clock_set_back", crm=self.crm, by_s=round(self._clock_ahead_s - self._ahead_s()))
                    await self._hurry()
                self._clock_ahead_s = self._ahead_s()
                wait_s = await self._begin(tasks)
            except StoreUnavailableError as error:
                # What is under way goes on: it waits for the database by itself.
                _log.warning("crm_waits_for_store", crm=self.crm, reason=str(error))
                await asyncio.sleep(STORE_RETRY_S)
                continue
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                pass

    async def _hurry(self, attempts: int = len(RETRIES_S)) -> None:
        await self._log_book.hurry(self._tenant, self.crm, attempts=attempts)

    def _ahead_s(self) -> float:
        """Return by how many seconds the wall's clock is ahead of the one that only goes forward."""
        return self._now() - asyncio.get_running_loop().time()

    async def _begin(self, tasks: asyncio.TaskGroup) -> float:
        """Begin to tell what is due, as much as may be at once; return in how many seconds to look again."""
        now = self._now()
        if self.away_since is not None:
            wait_s = self._look_at - asyncio.get_running_loop().time()
            if self._at_work or wait_s > 0.0:
                return IDLE_S if self._at_work else wait_s
            # One after the other is tried: a call that always fails must not stand for all.
            eldest = await self._log_book.due(self._tenant, self.crm, now=inf, limit=LOOKED_AT)
            for row in sorted(eldest, key=lambda row: row.retry_at)[:1]:
                self._look_with = row.call_id
                self._start(tasks, row)
            return IDLE_S
        room = AT_ONCE - len(self._at_work)
        if room <= 0:
            return IDLE_S
        busy = set(self._at_work.values())
        due = await self._log_book.due(self._tenant, self.crm, now=now, limit=AT_ONCE + len(busy))
        for row in [row for row in due if row.call_id not in busy][:room]:
            self._start(tasks, row)
        if len(self._at_work) >= AT_ONCE:
            return IDLE_S
        next_at = await self._log_book.next_at(self._tenant, self.crm, after=now)
        return IDLE_S if next_at is None else min(max(next_at - now, 0.0), IDLE_S)

    def _start(self, tasks: asyncio.TaskGroup, row: CrmCall) -> None:
        task = tasks.create_task(self._tell(row), name=f"crm.{self.crm}.{row.call_id}")
        self._at_work[task] = row.call_id
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._at_work.pop(task, None)
        self._news.set()

    async def _tell(self, row: CrmCall) -> None:
        """Let the CRM have one call, and keep what came of it, however long the database is away then."""
        try:
            told = await self._teller.told(row)
        except CrmError as error:
            await stored(self.crm, partial(self._failed, row, error))
        except StoreUnavailableError as error:
            _log.warning("crm_waits_for_store", crm=self.crm, reason=str(error))
            await asyncio.sleep(STORE_RETRY_S)
        except Exception as error:  # noqa: BLE001  # a call that cannot be read must not stop the others
            _log.exception("crm_call_not_read", crm=self.crm, call_id=row.call_id)
            why = CrmRefusedError(f"{self.crm}: the call cannot be told: {type(error).__name__}: {error}")
            await stored(self.crm, partial(self._failed, row, why))
        else:
            if told.after is not None:
                await stored(self.crm, partial(self._log_book.put, self._tenant, self.crm, told.after))
            if told.answered:
                self.told += 1
                await stored(self.crm, self._went_well)
            elif told.after is not None and told.after.pending:
                # While the CRM is away such a call must not be looked at without end.
                self._look_at = max(self._look_at, asyncio.get_running_loop().time() + SETTLE_S)

    async def _failed(self, row: CrmCall, error: CrmError) -> None:
        """Keep that it was told in vain, and when it is told again."""
        now = self._now()
        if not error.retryable:
            error = await self._refused(row, error)
        pause_s = error.retry_after_s if isinstance(error, CrmUnavailableError) else None
        blames = error.retryable and not isinstance(error, SoundError)
        # It is not the call's fault while the CRM is away, has done nothing for this process yet, or wants to be left alone.
        counts = (self.away_since is None and self._proved and pause_s is None) or not blames
        # What was refused with all others is dead when it is refused again.
        attempts = max(row.attempts, int(self._refusals.are_of_all())) + counts
        again_at = retry_at(max(attempts, 1), now, self._jitter.random(), pause_s) if error.retryable else None
        why = printable(str(error)[:MAX_WHY_CHARACTERS])
        # What was kept on the way stays: the activity may be there, and only its sound not.
        for kept in await self._log_book.find(self._tenant, self.crm, [row.call_id]):
            changed = msgspec.structs.replace(
                kept,
                position=row.position,
                heard=row.heard,
                contact=row.contact,
                pending=True,
                attempts=attempts,
                retry_at=again_at or 0.0,
                dead=again_at is None,
                why=why,
                changed_at=now,
            )
            await self._log_book.put(self._tenant, self.crm, changed)
        self.failed += 1
        self.why = why
        if again_at is None:
            _log.warning("crm_call_dead", crm=self.crm, call_id=row.call_id, attempts=attempts, reason=why)
        if blames:
            self._failures += 1
            if self._failures >= OPEN_AFTER or pause_s or isinstance(error, CrmDeniedError) or self._refusals.are_of_all():
                self._is_away(row, why, pause_s)

    async def _refused(self, row: CrmCall, error: CrmError) -> CrmError:
        """Return what it means that a call was refused: where all are, it is the CRM that fails, and none of them is dead."""
        self._refusals.add(row.call_id, again=row.attempts > 0)
        if self._refusals.suspected:
            await self._log_book.revive(self._tenant, self.crm, calls=self._refusals.suspected, at=self._now())
            self._refusals.suspected = []
        return CrmUnavailableError(f"{error} (it refuses one call after the other)") if self._refusals.are_of_all() else error

    def _is_away(self, row: CrmCall, why: str, pause_s: float | None) -> None:
        if self.away_since is None:
            self.away_since, self._looks = self._now(), 0
            _log.warning("crm_away", crm=self.crm, reason=why)
        elif row.call_id == self._look_with:
            # Those that were under way together when it went away are one failure.
            self._looks += 1
        # One that refuses answers at once, and may take the next one.
        looks = min(self._looks, LOOKS_AT_REFUSALS) if self._refusals.are_of_all() else self._looks
        # The wall's clock may be set back meanwhile.
        self._look_at = asyncio.get_running_loop().time() + look_again_s(looks, self._jitter.random(), pause_s)

    async def _went_well(self) -> None:
        self._failures, self.why, self._proved = 0, None, True
        self._refusals.clear()
        if self.away_since is not None:
            # It was the CRM that failed, not the calls: all go on in their order, but for those that failed without it too.
            await self._hurry(attempts=1)
            _log.info("crm_back", crm=self.crm, away_s=round(self._now() - self.away_since))
            self.away_since, self._looks, self._look_with = None, 0, None


def _heard(batch: Sequence[Told], heard: dict[CallId, tuple[int, int]]) -> dict[CallId, tuple[int, int]]:
    """Add to the calls of which something was heard, with the first and the last position."""
    for told in batch:
        for call_id in calls_of(told):
            first, _ = heard.get(call_id, (told.position, 0))
            heard[call_id] = (first, told.position)
    return heard
