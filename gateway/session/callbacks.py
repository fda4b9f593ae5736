"""Keeps the list of calls to return: follows the calls that end and that are answered, and lets one person take each entry on.

How far it has followed stands in the database beside what came of it, so that after a crash it goes on where it was; and a call
that is told of twice, or corrected, counts once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final

import structlog

from gateway.model import callbacks
from gateway.model.access import AccessEntry, AccessKind, entry_of
from gateway.model.callbacks import Callback, CallbackId, CallbackState, Missed, News, Owner, Talked, news_of, number_of
from gateway.model.calls import Call
from gateway.model.errors import NobodyThereError, StoreUnavailableError, UnknownCallbackError
from gateway.model.ids import TAIL_BYTES, Tenant, ulid
from gateway.model.principals import Principal, Role
from gateway.model.times import rfc3339
from gateway.model.users import seated_at
from gateway.ports.callbacks import CallbackPlace, CallbackQuery, CallbackStore, Seen
from gateway.ports.store import Store, Told
from gateway.ports.users import Users
from gateway.session.committer import Committer, Message
from gateway.session.engine import Engine
from gateway.session.hub import Hub, PositionLostError, TooSlowError

CHANGED: Final = "callback.changed"
_FOLLOWED: Final = ("call.answered", "call.ended", "call.corrected")
GATHER_S: Final = 0.5
"""Seconds in which what happens is gathered after something was written: a busy site's list is not written for every call."""
RETRY_S: Final = 5.0
"""Seconds after which a database that failed is tried again."""
PAGE: Final = 200
LOOK_BACK_S: Final = 86_400.0
"""Seconds of ended calls that are looked through where events were missed."""

_log = structlog.get_logger()


class CallbackBook:
    """One tenant's calls to return.

    Args:
        store: Where they are kept.
        users: Has who sits at which extension.
        calls: Has the calls that have ended.
        engine: Has the live ones, and who serves which queue.
        hub: Tells what happens to calls.
        committer: Where changes of the list are told.
        tenant: Whose list it is.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        store: CallbackStore,
        users: Users,
        calls: Store,
        engine: Engine,
        hub: Hub,
        committer: Committer,
        *,
        tenant: Tenant,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._users = users
        self._calls = calls
        self._engine = engine
        self._hub = hub
        self._committer = committer
        self._tenant = tenant
        self._now = now
        self._random_bytes = random_bytes
        self._sleep = sleep

    async def run(self) -> None:
        """Follow the calls until cancelled. Cancelling is safe: what was not followed is followed next time."""
        after: int | None = None
        while True:
            try:
                await self._follow(after)
            except PositionLostError as error:
                after = self._hub.position
                _log.warning("callbacks_missed_events", reason=str(error))
                with_calls = await self._look_back(after)
                _log.info("callbacks_looked_back", calls=with_calls)
            except TooSlowError:
                after = None
            except StoreUnavailableError as error:
                after = None
                _log.warning("callbacks_put_off", reason=str(error))
                await self._sleep(RETRY_S)

    async def _follow(self, after: int | None) -> None:
        position = after if after is not None else await self._store.position(self._tenant)
        if position is None:
            position = self._hub.position
            await self._apply([], position)
        listener = self._hub.listen(_FOLLOWED, after=position, tenant=self._tenant)
        try:
            while True:
                batch = await listener.next_batch()
                await self._take(batch)
                await self._sleep(GATHER_S)
        finally:
            listener.close()

    async def _take(self, batch: Sequence[Told]) -> None:
        wanted = list(dict.fromkeys(told.call_id for told in batch if told.call_id is not None))
        live = {call.call_id: call for state in self._engine.pbxs.values() for call in state.find(wanted)}
        gone = [call_id for call_id in wanted if call_id not in live]
        kept = {call.call_id: call for call in await self._calls.find(self._tenant, gone)} if gone else {}
        news = [each for call_id in wanted for each in self._news((live | kept).get(call_id))]
        await self._apply(news, batch[-1].position)

    async def _look_back(self, position: int) -> int:
        """Look through the calls of late, the first one first, as events of them were missed."""
        until, after, found = self._now() - LOOK_BACK_S, None, []
        try:
            while True:
                page = await self._calls.ended(self._tenant, pbxs=None, after=after, limit=PAGE)
                found += [call for cursor, call in page if cursor.ended_at >= until]
                if len(page) < PAGE or page[-1][0].ended_at < until:
                    break
                after = page[-1][0]
            await self._apply([each for call in reversed(found) for each in self._news(call)], position)
        except StoreUnavailableError as error:
            _log.warning("callbacks_put_off", reason=str(error))
        return len(found)

    def _news(self, call: Call | None) -> list[News]:
        state = None if call is None else self._engine.pbxs.get(call.pbx)
        return [] if call is None or state is None else news_of(call, state.site)

    async def _apply(self, news: Sequence[News], position: int) -> None:
        numbers = {each.number for each in news if isinstance(each, Missed | Talked)}
        change = partial(self._changed, news=news)
        changed = await self._store.follow(self._tenant, position, numbers, {each.call_id for each in news}, change)
        for entry in changed:
            self._tell(entry)

    def _changed(self, known: list[Callback], *, news: Sequence[News]) -> list[Callback]:
        return callbacks.follow(known, news, self._id)

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete entries of before this time, in seconds since the epoch; return how many.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        return await self._store.prune(tenant, before=before)

    # What people do with it

    async def page(
        self,
        principal: Principal,
        *,
        states: frozenset[CallbackState],
        queue: str | None,
        mine: bool,
        after: CallbackPlace | None,
        limit: int,
    ) -> list[Callback]:
        """Return entries that somebody may see, the one that called last first.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        owner = principal.id if mine else None
        query = CallbackQuery(states=states, queue=queue, owner=owner, seen=self._seen(principal))
        return await self._store.page(self._tenant, query, after=after, limit=limit)

    async def open_for(self, principal: Principal) -> int:
        """Return how many of his queues and his extension nobody has taken on.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        seen = self._seen(principal, for_all=True)
        return await self._store.count(self._tenant, CallbackQuery(states=frozenset({CallbackState.OPEN}), seen=seen))

    async def claim(self, callback: CallbackId, principal: Principal) -> Callback:
        """Let somebody take an entry on, whom nobody has forestalled.

        Raises:
            UnknownCallbackError: There is none that he may see.
            CallbackTakenError: It is another's, or closed.
            StoreUnavailableError: The store does not answer.
        """
        return await self._change(callback, principal, callbacks.claimed)

    async def assign(self, callback: CallbackId, principal: Principal, extension: str, *, address: str | None) -> Callback:
        """Give an entry to who sits at this extension of its PBX, whoever had it before; the audit has who did so from where.

        Raises:
            UnknownCallbackError: There is none.
            NobodyThereError: Nobody who signs in sits there.
            CallbackTakenError: It is closed.
            StoreUnavailableError: The store does not answer.
        """
        entry = await self._store.find(self._tenant, callback)
        if entry is None:
            raise UnknownCallbackError(f"there is no call to return {callback}")
        user = seated_at(await self._users.all(self._tenant), entry.pbx, extension)
        if user is None:
            raise NobodyThereError(f"nobody who signs in has the extension {extension} of {entry.pbx}")
        now = self._now()
        owner = Owner(id=user.principal_id, name=user.name, extension=extension, at=now, by=principal.name)
        line = entry_of(
            AccessKind.CALLBACK_ASSIGNED,
            user,
            tenant=self._tenant,
            by=principal.id,
            address=address,
            detail=f"to call {entry.number} back, who called {entry.queue or entry.extension}",
            at=now,
            random=self._random_bytes(TAIL_BYTES),
        )
        return await self._change(callback, principal, lambda now, _by: callbacks.assigned(now, owner), line)

    async def release(self, callback: CallbackId, principal: Principal) -> Callback:
        """Give an entry back; who is no agent may take it from others.

        Raises: see :meth:`claim`.
        """
        others = principal.role is not Role.AGENT
        return await self._change(callback, principal, partial(callbacks.released, of_others=others))

    async def done(self, callback: CallbackId, principal: Principal, note: str | None) -> Callback:
        """Close an entry.

        Raises: see :meth:`claim`.
        """
        others = principal.role is not Role.AGENT
        return await self._change(callback, principal, partial(callbacks.done, note=note, of_others=others))

    async def promise(self, call: Call, principal: Principal, note: str | None) -> None:
        """Put a caller on the list whom somebody promised a call; once a call.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        state = self._engine.pbxs.get(call.pbx)
        number = None if state is None else number_of(call, state.site)
        if number is None:
            return
        entry = callbacks.promised(call, number, self._owner(principal), note, self._id)
        if await self._store.put(self._tenant, entry):
            self._tell(entry)

    async def _change(
        self,
        callback: CallbackId,
        principal: Principal,
        change: Callable[[Callback, Owner], Callback],
        line: AccessEntry | None = None,
    ) -> Callback:
        owner, seen = self._owner(principal), self._seen(principal)
        before: list[Callback] = []

        def changed(entry: Callback) -> Callback:
            if seen is not None and not _is_seen(entry, seen):
                raise UnknownCallbackError(f"there is no call to return {callback}")
            before.append(entry)
            return change(entry, owner)

        after = await self._store.change(self._tenant, callback, changed, line)
        if after is None:
            raise UnknownCallbackError(f"there is no call to return {callback}")
        if after != before[0]:
            self._tell(after, before[0])
        return after

    def _owner(self, principal: Principal) -> Owner:
        return Owner(id=principal.id, name=principal.name, extension=principal.extension, at=self._now())

    def _seen(self, principal: Principal, *, for_all: bool = False) -> Seen | None:
        """Return what somebody is shown; None is all."""
        if principal.extension is None or not (for_all or principal.sees_own_only):
            return None
        pbx = principal.pbx
        if pbx is None and len(self._engine.pbxs) == 1:
            pbx = next(iter(self._engine.pbxs))
        state = None if pbx is None else self._engine.pbxs.get(pbx)
        agent = None if state is None else state.agents.find(principal.extension)
        queues = frozenset[str]() if agent is None else frozenset(served.queue for served in agent.queues)
        return Seen(pbx=pbx, queues=queues, extension=principal.extension, owner=principal.id)

    def _id(self, at: float) -> CallbackId:
        return CallbackId(ulid(at, self._random_bytes(TAIL_BYTES)))

    def _tell(self, entry: Callback, before: Callback | None = None) -> None:
        # Whose it is and whose it was hear of it though their telephones serve another queue.
        owners = [each.owner for each in (entry, before) if each is not None and each.owner is not None]
        message = Message(
            id=None,
            type=CHANGED,
            at=self._now(),
            tenant=entry.tenant,
            pbx=entry.pbx,
            call_id=None,
            data=told(entry),
            subjects=tuple(dict.fromkeys(f"extension:{each.extension}" for each in owners if each.extension is not None)),
        )
        self._committer.tell([message])


def told(entry: Callback) -> dict[str, Any]:
    """Return what is told of an entry: whole, and apart from it whom it concerns."""
    return {"queue": entry.queue, "extension": entry.extension, "callback": shown(entry)}


def shown(entry: Callback) -> dict[str, Any]:
    """Return an entry as it is shown: times are RFC 3339 in UTC."""
    owner = entry.owner
    return {
        "callback_id": entry.id,
        "pbx": entry.pbx,
        "number": entry.number,
        "caller_name": entry.caller_name,
        "queue": entry.queue,
        "extension": entry.extension,
        "count": len(entry.calls),
        "calls": entry.calls,
        "first_at": rfc3339(entry.first_at),
        "last_at": rfc3339(entry.last_at),
        "waited_s": entry.waited_s,
        "outcome": entry.outcome,
        "stage": entry.stage,
        "state": entry.state,
        "owner": None
        if owner is None
        else {"id": owner.id, "name": owner.name, "extension": owner.extension, "at": rfc3339(owner.at), "by": owner.by},
        "note": entry.note,
        "closed_at": None if entry.closed_at is None else rfc3339(entry.closed_at),
        "closed_by": entry.closed_by,
        "version": entry.version,
    }


def _is_seen(entry: Callback, seen: Seen) -> bool:
    mine = entry.owner is not None and entry.owner.id == seen.owner
    there = entry.queue in seen.queues or (entry.extension is not None and entry.extension == seen.extension)
    return mine or (entry.pbx == seen.pbx and there)
