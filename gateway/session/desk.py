"""What agents write about calls: how each is filed, and notes; and the list by which they are filed.

A note is a draft of the call until its author is done with it; then it stands among the customer's notes, where he is known.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from gateway.model.call_work import Author, CallWork, is_draft, kept, written
from gateway.model.calls import Call
from gateway.model.claims import Identity, IdentityKind
from gateway.model.customers import NoteId, Person, outside_number
from gateway.model.desk import calls_within
from gateway.model.dispositions import STANDARD, Disposition, DispositionId
from gateway.model.errors import StoreUnavailableError, UnknownCustomerError
from gateway.model.ids import TAIL_BYTES, CallId, PbxName, Tenant, ulid
from gateway.model.principals import Principal
from gateway.model.site import Site
from gateway.ports.desk import DeskStore
from gateway.ports.store import Store
from gateway.session.committer import Committer, Message
from gateway.session.customers import CustomerBook

DISPOSED: Final = "call.disposed"
NOTED: Final = "call.noted"
LEFT_LYING_S: Final = 1_800.0
"""Seconds after which what somebody wrote and did not finish is finished for him, so that the next who talks with the customer
reads it."""
REMEMBERED: Final = 10_000
"""Calls of which it is remembered what was written, mostly nothing."""
LOOK_EVERY_S: Final = 60.0
AT_ONCE: Final = 100

_log = structlog.get_logger()


class DeskBook:
    """One tenant's dispositions and work after calls.

    Args:
        store: Where they are kept.
        calls: Where calls that have ended are.
        customers: Whose notes they become.
        committer: Where changes are told.
        sites: What the PBXs' numbers mean.
        tenant: Whose they are.
        now: Seconds since the epoch.
        random_bytes: Gives so many bytes that nobody can foresee, for ids.
        sleep: Waits for some seconds.
    """

    def __init__(
        self,
        store: DeskStore,
        calls: Store,
        customers: CustomerBook,
        committer: Committer,
        sites: Mapping[PbxName, Site],
        *,
        tenant: Tenant,
        now: Callable[[], float],
        random_bytes: Callable[[int], bytes],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.store = store
        self._calls = calls
        self._customers = customers
        self._committer = committer
        self._sites = sites
        self._tenant = tenant
        self._now = now
        self._random_bytes = random_bytes
        self._sleep = sleep
        self._changing = asyncio.Lock()
        self._dispositions: Sequence[Disposition] | None = None
        self._work: OrderedDict[CallId, tuple[CallWork, ...]] = OrderedDict()
        """Of calls that were looked at last, none as well: it changes here alone."""
        self._writes = 0
        self._seen = customers.people.version(None)

    async def dispositions(self) -> Sequence[Disposition]:
        """Return the list.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        if self._dispositions is None:
            known = await self.store.dispositions(self._tenant)
            self._dispositions = STANDARD if known is None else known
        return self._dispositions

    async def put_dispositions(self, dispositions: Sequence[Disposition], *, by: str) -> None:
        """Take another list, which has no fault.

        Raises:
            StoreUnavailableError: The store does not answer; nothing was changed.
        """
        async with self._changing:
            await self.store.put_dispositions(self._tenant, dispositions, at=self._now(), by=by)
            self._dispositions = tuple(dispositions)

    async def work(self, call: Call) -> list[CallWork]:
        """Return what was written about a call, and about those that became part of it.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        # With a customer all that was written about him is erased.
        version = self._customers.people.version(None)
        if version != self._seen:
            self._seen = version
            self._work.clear()
        wanted = calls_within(call)
        missing = [each for each in wanted if each not in self._work]
        if missing:
            writes = self._writes
            read = await self.store.work(self._tenant, missing)
            if writes != self._writes or not all(each in self._work or each in missing for each in wanted):
                # Something was written or forgotten meanwhile: what was read may be of before.
                return await self.store.work(self._tenant, wanted)
            for each in missing:
                self._work[each] = tuple(work for work in read if work.call_id == each)
        found = [work for each in wanted for work in self._work[each]]
        while len(self._work) > REMEMBERED:
            self._work.popitem(last=False)
        return sorted(found, key=lambda work: (work.noted_at or work.changed_at, work.author))

    async def _put(self, work: CallWork) -> None:
        try:
            await self.store.put_work(self._tenant, work)
        finally:
            self._writes += 1
            self._work.pop(work.call_id, None)

    async def write(
        self, call: Call, principal: Principal, *, disposition: DispositionId | None, note: str | None, done: bool
    ) -> CallWork:
        """Take what somebody says of a call, in place of what he said before.

        Raises:
            StoreUnavailableError: The store does not answer; what was said may have to be said again.
        """
        async with self._changing:
            now = self._now()
            before = await self._own(call, principal, now)
            after = written(before, disposition, note, done=done, now=now)
            if after is not before:
                person = await self.person(call)
                if person is not None and after.kept_version == 0:
                    after = msgspec.structs.replace(after, customer=person.id)
                await self._put(after)
                after = await self._finished(after)
                self._tell(call, before, after)
        return after

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        """Delete what was written last before this time, in seconds since the epoch; return how much it was.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        deleted = await self.store.prune(tenant, before=before)
        self._writes += 1
        self._work.clear()
        return deleted

    async def run(self) -> None:
        """Finish what is left lying, until cancelled."""
        while True:
            await self._sleep(LOOK_EVERY_S)
            try:
                await self.finish_left()
            except StoreUnavailableError as error:
                _log.warning("call_notes_put_off", reason=str(error))

    async def finish_left(self) -> None:
        """Finish for their authors what they have left for long, of calls that have ended.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        left = await self.store.unfinished(self._tenant, before=self._now() - LEFT_LYING_S, limit=AT_ONCE)
        ended = {call.call_id: call for call in await self._calls.find(self._tenant, [work.call_id for work in left])}
        for work in left:
            call = ended.get(work.call_id)
            if call is not None and not call.ended:
                continue
            async with self._changing:
                if work not in await self.store.work(self._tenant, [work.call_id]):
                    continue  # its author came back to it just now
                done = written(work, work.disposition, work.note, done=True, now=self._now())
                await self._put(done)
                if call is not None:
                    self._tell(call, work, await self._finished(done))

    async def _own(self, call: Call, principal: Principal, now: float) -> CallWork:
        mine = [work for work in await self.work(call) if work.author == principal.id]
        if mine:
            # Of several the one in the call itself; what he wrote in a consultation is another matter only until then.
            return next((work for work in mine if work.call_id == call.call_id), mine[-1])
        return CallWork(
            call_id=call.call_id,
            author=Author(principal.id),
            by=principal.name,
            extension=principal.extension,
            note_id=NoteId(ulid(now, self._random_bytes(TAIL_BYTES))),
            changed_at=now,
        )

    async def _finished(self, work: CallWork) -> CallWork:
        """Put the note of work that is done among the customer's, and return the work with that."""
        if work.done_at is None or work.note is None or not is_draft(work):
            return work
        try:
            if work.customer is None:
                return work
            if work.kept_version:
                await self._customers.edit(work.customer, work.note_id, work.note, author=work.by)
                after = kept(work, work.note_id, work.customer)
            else:
                note = await self._customers.note(work.customer, work.note, work.call_id, author=work.by)
                after = kept(work, note.id, note.customer)
        except UnknownCustomerError:
            # He was erased meanwhile: the words stay with the call.
            return work
        await self._put(after)
        return after

    async def person(self, call: Call) -> Person | None:
        """Return who is on the customer's side of a call, where that is certain.

        Raises:
            StoreUnavailableError: The store does not answer.
        """
        site = self._sites.get(call.pbx)
        number = None if site is None else outside_number(call, site)
        if number is None:
            return None
        return (await self._customers.people.behind(Identity(kind=IdentityKind.PHONE, value=number))).person

    def _tell(self, call: Call, before: CallWork, after: CallWork) -> None:
        who: dict[str, Any] = {"by": after.by, "extension": after.extension}
        if (before.disposition, before.done_at) != (after.disposition, after.done_at):
            done = after.done_at is not None
            self._say(call, DISPOSED, {"disposition": after.disposition, "done": done, **who})
        if before.note_version != after.note_version or before.kept_version != after.kept_version:
            customer = after.customer if after.kept_version else None
            data = {"note_id": after.note_id, "version": after.note_version, "customer_id": customer, **who}
            self._say(call, NOTED, data)

    def _say(self, call: Call, kind: str, data: dict[str, Any]) -> None:
        at, call_id = self._now(), call.call_id
        message = Message(id=None, type=kind, at=at, tenant=call.tenant, pbx=call.pbx, call_id=call_id, data=data)
        self._committer.tell([message])
