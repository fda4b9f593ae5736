"""Tells a CRM of one call as it is now: its activity, and its sound beside that."""

from collections.abc import Callable, Collection
from functools import partial
from typing import Final

import msgspec
import structlog

from gateway.crm.activities import Activities, Sound, digest_of
from gateway.crm.asking import asked
from gateway.crm.storing import stored
from gateway.model.calls import Call
from gateway.model.crm import CallActivity, CrmAbility
from gateway.model.crm_calls import SETTLE_S, CrmRules, Readiness, readiness_of
from gateway.model.ids import CallId, Tenant
from gateway.ports.crm import (
    CrmAdapter,
    CrmError,
    CrmGoneError,
    CrmRefusedError,
    KeepsCalls,
    KeepsRecordings,
    WithdrawsCalls,
)
from gateway.ports.crm_log import CrmCall, CrmLog
from gateway.ports.store import Store
from gateway.session.engine import Engine

ADAPTER_S: Final = 180.0
"""Seconds that an adapter may take for one call, or for its sound; waiting for its quota is not counted."""
MAX_MEMO_CHARACTERS: Final = 4_000

_log = structlog.get_logger()


class SoundError(CrmError):
    """A call's recording cannot be read here. It is tried again; the CRM is not to blame."""

    retryable = True


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What came of telling."""

    after: CrmCall | None
    """How the call stands; None where nothing of it is kept any more."""
    answered: bool = False
    """The CRM was asked for something and did it."""


class Teller:
    """Serves one CRM.

    Args:
        crm: What the configuration calls it.
        adapter: It.
        abilities: What it does.
        rules: What it is told.
        activities: Makes what it is told.
        log: Keeps what it was told.
        calls: Has the calls.
        engine: Has the live ones.
        tenant: Whose CRM it is.
        now: Seconds since the epoch.
    """

    def __init__(
        self,
        crm: str,
        adapter: CrmAdapter,
        abilities: Collection[CrmAbility],
        rules: CrmRules,
        activities: Activities,
        log: CrmLog,
        *,
        calls: Store,
        engine: Engine,
        tenant: Tenant,
        now: Callable[[], float],
    ) -> None:
        self._crm = crm
        self._keeps = adapter if CrmAbility.CALLS in abilities and isinstance(adapter, KeepsCalls) else None
        self._withdraws = adapter if CrmAbility.WITHDRAW_CALLS in abilities and isinstance(adapter, WithdrawsCalls) else None
        self._hears = adapter if CrmAbility.RECORDINGS in abilities and isinstance(adapter, KeepsRecordings) else None
        self._rules = rules
        self._activities = activities
        self._crm_log = log
        self._calls = calls
        self._engine = engine
        self._tenant = tenant
        self._now = now

    async def told(self, row: CrmCall) -> Told:
        """Tell what there is to tell of a call.

        Raises:
            CrmError: It was not told, or not of all.
            StoreUnavailableError: The CRM was asked for nothing yet.
        """
        done = msgspec.structs.replace(row, pending=False, attempts=0, retry_at=0.0, why=None, changed_at=self._now())
        if self._keeps is None:
            return Told(after=done)
        call = await self._call(row.call_id)
        state = None if call is None else self._engine.pbxs.get(call.pbx)
        if call is None or state is None:
            # Where the CRM has something of it, that is remembered: it may be heard of again.
            if row.memo is None:
                await self._forget(row)
            return Told(after=done if row.memo is not None else None)
        clock = state.clock(self._now())
        ready = readiness_of(call, state.site, state.live, self._rules, told=row.memo is not None, now=clock)
        if ready is Readiness.LATER:
            settles = call.ended and call.ended_at is not None
            again = msgspec.structs.replace(done, pending=True, retry_at=self._now() + SETTLE_S)
            return Told(after=again if settles else done)
        if ready is Readiness.NEVER or (ready is Readiness.FOLDED and (row.memo is None or self._withdraws is None)):
            await self._forget(row)
            return Told(after=None)
        activity, recording = await self._activities.of(call, state.site, row.contact)
        if ready is Readiness.FOLDED and row.memo is not None:
            await self._withdrawn(activity, row.memo)
            await stored(self._crm, partial(self._forget, row))
            return Told(after=None, answered=True)
        answered = False
        upload = recording if self._rules.recordings == "upload" and self._hears is not None else None
        sound = None if upload is None or upload.id == row.recording else self._activities.sound(upload)
        digest = digest_of(activity)
        if digest != row.said:
            try:
                memo, done = await self._put(self._keeps, activity, row, done)
            except CrmRefusedError:
                # Whom we remember as its contact or owner may have been deleted there.
                afresh, _ = await self._activities.of(call, state.site, row.contact, afresh=True)
                if digest_of(afresh) == digest:
                    raise
                activity, digest = afresh, digest_of(afresh)
                memo, done = await self._put(self._keeps, activity, row, done)
            done = msgspec.structs.replace(done, memo=memo, said=digest)
            answered = True
            if sound is not None:
                # Kept before anything else is asked: what comes next may fail.
                await self._kept(msgspec.structs.replace(done, pending=True))
        if sound is not None and upload is not None and self._hears is not None and done.memo is not None:
            memo = await self._heard(self._hears, activity, done.memo, sound)
            done = msgspec.structs.replace(done, memo=memo, recording=upload.id)
            answered = True
        return Told(after=done, answered=answered)

    async def _put(self, adapter: KeepsCalls, activity: CallActivity, row: CrmCall, done: CrmCall) -> tuple[str, CrmCall]:
        """Let the CRM have an activity; return the memo. One that was deleted there is made anew, once."""
        try:
            memo = await asked(self._crm, "take a call", ADAPTER_S, adapter.put_call(activity, row.memo))
        except CrmGoneError:
            if row.memo is None or row.remade:
                raise
            memo = await asked(self._crm, "take a call", ADAPTER_S, adapter.put_call(activity, None))
            done = msgspec.structs.replace(done, remade=True, recording=None)
        return self._memo(memo), done

    async def _heard(self, adapter: KeepsRecordings, activity: CallActivity, memo: str, sound: Sound) -> str:
        """Let the CRM have a call's sound; return the memo."""
        try:
            answer = adapter.attach_recording(activity, memo, sound)
            return self._memo(await asked(self._crm, "take a recording", ADAPTER_S, answer))
        except CrmError as error:
            if sound.problem is None:
                raise
            raise SoundError(f"{self._crm}: the recording of the call cannot be read: {sound.problem}") from error

    async def _withdrawn(self, activity: CallActivity, memo: str) -> None:
        if self._withdraws is None:
            return
        try:
            await asked(self._crm, "withdraw a call", ADAPTER_S, self._withdraws.withdraw_call(activity, memo))
        except CrmGoneError:
            _log.debug("crm_call_gone_already", crm=self._crm, call_id=activity.call_id)

    def _memo(self, memo: object) -> str:
        """Return what an adapter wants to remember, where it can be kept."""
        if not isinstance(memo, str):
            raise CrmRefusedError(f"{self._crm}: its adapter's memo of a call is no text")
        if len(memo) > MAX_MEMO_CHARACTERS:
            raise CrmRefusedError(f"{self._crm}: its adapter's memo of a call exceeds {MAX_MEMO_CHARACTERS} characters")
        if "\0" in memo or (not memo.isascii() and any("\ud800" <= character <= "\udfff" for character in memo)):
            raise CrmRefusedError(f"{self._crm}: its adapter's memo of a call has characters that no database takes")
        return memo

    async def _kept(self, row: CrmCall) -> None:
        await stored(self._crm, partial(self._crm_log.put, self._tenant, self._crm, row))

    async def _forget(self, row: CrmCall) -> None:
        await self._crm_log.forget(self._tenant, self._crm, row.call_id, heard=row.heard)

    async def _call(self, call_id: CallId) -> Call | None:
        live = (call for state in self._engine.pbxs.values() for call in state.find([call_id]))
        found = next(live, None)
        if found is not None:
            return found
        kept = await self._calls.find(self._tenant, [call_id])
        return kept[0] if kept else None
