"""What was told to which CRM, in memory; it passes the same tests as the one in a database."""

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any

import msgspec

from gateway.model.crm import CrmContact
from gateway.model.errors import StoreUnavailableError
from gateway.model.ids import CallId, Tenant
from gateway.ports.crm_log import CrmCall, CrmCounts


class _Book:
    """Of one CRM."""

    def __init__(self) -> None:
        self.cursor: int | None = None
        self.waiting: dict[CallId, CrmCall] = {}
        """In order."""
        self.others: dict[CallId, CrmCall] = {}
        """Told, or dead."""

    def get(self, call_id: CallId) -> CrmCall | None:
        return self.waiting.get(call_id) or self.others.get(call_id)

    def put(self, call: CrmCall) -> None:
        if call.pending and not call.dead:
            self.others.pop(call.call_id, None)
            self.waiting[call.call_id] = call
        else:
            self.waiting.pop(call.call_id, None)
            self.others[call.call_id] = call

    def sort(self) -> None:
        self.waiting = {each.call_id: each for each in sorted(self.waiting.values(), key=lambda each: each.position)}

    def dead(self) -> list[CrmCall]:
        return sorted((each for each in self.others.values() if each.pending), key=lambda each: each.position)


class MemoryCrmLog:
    """See :class:`gateway.ports.crm_log.CrmLog`."""

    def __init__(self) -> None:
        self._books: dict[tuple[Tenant, str], _Book] = {}

    def _of(self, tenant: Tenant, crm: str) -> _Book:
        return self._books.setdefault((tenant, crm), _Book())

    async def cursor(self, tenant: Tenant, crm: str) -> int | None:
        return self._of(tenant, crm).cursor

    async def note(self, tenant: Tenant, crm: str, *, position: int, heard: Mapping[CallId, tuple[int, int]], at: float) -> None:
        book = self._of(tenant, crm)
        book.cursor = position
        for call_id, (first, last) in sorted(heard.items(), key=lambda item: item[1]):
            known = book.get(call_id)
            if known is None:
                book.put(CrmCall(call_id=call_id, position=first, heard=last, changed_at=at))
            elif call_id in book.waiting:
                book.put(msgspec.structs.replace(known, heard=last, changed_at=at))
            else:
                news = {"position": first, "heard": last, "pending": True, "dead": False, "changed_at": at}
                book.put(msgspec.structs.replace(known, retry_at=0.0, attempts=0, **news))

    async def due(self, tenant: Tenant, crm: str, *, now: float, limit: int) -> list[CrmCall]:
        return list(islice((each for each in self._of(tenant, crm).waiting.values() if each.retry_at <= now), limit))

    async def next_at(self, tenant: Tenant, crm: str, *, after: float) -> float | None:
        waits = (each.retry_at for each in self._of(tenant, crm).waiting.values())
        return min((at for at in waits if at > after), default=None)

    async def put(self, tenant: Tenant, crm: str, call: CrmCall) -> None:
        book = self._of(tenant, crm)
        known = book.get(call.call_id)
        if known is not None and (known.heard > call.heard or known.contact != call.contact):
            position, heard = call.position if call.pending else known.heard, max(known.heard, call.heard)
            news = {"contact": known.contact, "heard": heard, "position": position, "pending": True, "dead": False}
            book.put(msgspec.structs.replace(call, **news))
            book.sort()
        elif known is not None:
            book.put(call)

    async def choose(self, tenant: Tenant, crm: str, call_id: CallId, contact: CrmContact, *, position: int, at: float) -> None:
        book = self._of(tenant, crm)
        known = book.get(call_id) or CrmCall(call_id=call_id, position=position, heard=position, changed_at=at)
        if call_id not in book.waiting:
            known = msgspec.structs.replace(known, position=position, attempts=0)
        news = {"contact": contact, "pending": True, "retry_at": 0.0, "dead": False, "changed_at": at}
        book.put(msgspec.structs.replace(known, **news))
        book.sort()

    async def remember(self, tenant: Tenant, crm: str, call_id: CallId, *, before: str | None, memo: str) -> None:
        known = self._of(tenant, crm).get(call_id)
        if known is not None and known.memo == before:
            self._of(tenant, crm).put(msgspec.structs.replace(known, memo=memo))

    async def forget(self, tenant: Tenant, crm: str, call_id: CallId, *, heard: int) -> None:
        known = self._of(tenant, crm).get(call_id)
        if known is None or known.heard > heard:
            return
        self._of(tenant, crm).waiting.pop(call_id, None)
        self._of(tenant, crm).others.pop(call_id, None)

    async def find(self, tenant: Tenant, crm: str, calls: Collection[CallId]) -> list[CrmCall]:
        found = (self._of(tenant, crm).get(call_id) for call_id in calls)
        return [each for each in found if each is not None]

    async def counts(self, tenant: Tenant, crm: str) -> CrmCounts:
        return CrmCounts(waiting=len(self._of(tenant, crm).waiting), dead=len(self._of(tenant, crm).dead()))

    async def dead(self, tenant: Tenant, crm: str, *, after: int, limit: int) -> list[CrmCall]:
        return [each for each in self._of(tenant, crm).dead() if each.position > after][:limit]

    async def revive(self, tenant: Tenant, crm: str, *, calls: Sequence[CallId] | None, at: float) -> int:
        book = self._of(tenant, crm)
        wanted = [each for each in book.dead() if calls is None or each.call_id in calls]
        for each in wanted:
            book.put(msgspec.structs.replace(each, dead=False, attempts=0, retry_at=at, changed_at=at))
        book.sort()
        return len(wanted)

    async def hurry(self, tenant: Tenant, crm: str, *, attempts: int) -> None:
        book = self._of(tenant, crm)
        for each in [each for each in book.waiting.values() if each.attempts <= attempts]:
            book.put(msgspec.structs.replace(each, retry_at=0.0))

    async def prune(self, tenant: Tenant, *, before: float) -> int:
        count = 0
        for (owner, _), book in self._books.items():
            for each in [*book.waiting.values(), *book.others.values()]:
                if owner == tenant and each.changed_at < before:
                    book.waiting.pop(each.call_id, None)
                    book.others.pop(each.call_id, None)
                    count += 1
        return count


class CrmLogAway(MemoryCrmLog):
    """One that does nothing while its disk is full; what is there stays."""

    away = False

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or name == "away":
            return found

        async def there(*args: Any, **more: Any) -> Any:
            if self.away:
                raise StoreUnavailableError("crm.db: the disk is full (database or disk is full)")
            return await found(*args, **more)

        return there
