"""A gateway with one PBX and one CRM in virtual time; it can be killed and started again, and both go on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any
from unittest.mock import patch

import aiosqlite
import msgspec
from support import virtual_time
from support.building import SITE, Story
from support.crm_fake import EVERYTHING, FakeCrm
from support.dispatching import Desk, Disk
from support.gateways import at_work
from support.memory_store import MemoryStore
from support.replaying import PBX
from support.virtual_time import VirtualTimeLoop, clock

from gateway.crm.activities import Sounds
from gateway.crm.entries import CrmEntry, CrmSettings
from gateway.crm.service import CrmService
from gateway.model.crm import ClickToCall
from gateway.model.crm_calls import CrmRules
from gateway.model.errors import RecordingMissingError
from gateway.model.events import ConnectionLost, ConnectionMade, SnapshotDone
from gateway.model.ids import DEFAULT_TENANT, CallId, Tenant
from gateway.model.limits import Rate
from gateway.model.recordings import Recording
from gateway.ports.crm_log import CrmLog
from gateway.ports.recordings import Audio
from gateway.session.customers import CustomerBook
from gateway.session.desk import DeskBook
from gateway.store.crm import SqlCrmLog
from gateway.store.customers import SqlCustomers
from gateway.store.database import Database
from gateway.store.desk import SqlDesk
from gateway.store.urls import parse_url
from gateway.store.users import SqlUsers


class CrmWorld:
    """See the module. The PBX's story and the gateway share the loop's clock."""

    def __init__(self, database: Database, crm: FakeCrm, rules: CrmRules, quota: Rate | None, log: CrmLog | None) -> None:
        self.database = database
        self.crm = crm
        self.disk = Disk()
        self.disk.store = MemoryStore(calls=20_000, events=200_000)
        self.story = Story(SITE, clock())
        self.log: CrmLog = SqlCrmLog(database) if log is None else log
        self.entry = CrmEntry(
            common=CrmSettings(name="crm", adapter="fake", calls=rules),
            settings=None,
            region="CN",
            quota=quota,
            abilities=EVERYTHING,
        )
        self.others: dict[str, FakeCrm] = {}
        """More CRMs, by name."""
        self.recordings: list[Recording] = []
        self.sound = b""
        self.sound_is_gone = False
        self.dialled: list[ClickToCall] = []
        self.clock_is_off_s = 0.0
        """By how many seconds the gateway's wall clock is wrong."""
        self.service: CrmService
        self.desk: Desk
        self.notes: DeskBook
        self.customers: CustomerBook
        self._heard = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start a process; at the end it is killed."""
        self.desk = Desk(self.disk, site=SITE)
        committer = self.desk.committer
        random_bytes = Random(int(clock())).randbytes
        self.customers = CustomerBook(
            SqlCustomers(self.database), committer, [SITE], tenant=DEFAULT_TENANT, now=clock, random_bytes=random_bytes
        )
        self.notes = DeskBook(
            SqlDesk(self.database),
            self.disk.store,
            self.customers,
            committer,
            {PBX: SITE},
            tenant=DEFAULT_TENANT,
            now=clock,
            random_bytes=random_bytes,
        )
        self.service = CrmService(
            [self.entry, *(self._another(name) for name in self.others)],
            lambda entry, around: self.others.get(entry.common.name, self.crm).made(around),
            log=self.log,
            calls=self.disk.store,
            customers=self.customers,
            users=SqlUsers(self.database),
            desk=self.notes,
            sounds=Sounds(self._of_calls, self, lambda: "https://tieline.example/"),
            engine=self.desk.engine,
            hub=self.desk.hub,
            committer=committer,
            dial=self._dial,
            tenant=DEFAULT_TENANT,
            now=lambda: clock() + self.clock_is_off_s,
            jitter=Random(1),
        )
        async with self.desk.running(connected=False), at_work(self.service):
            if self._heard:
                self._lists()
            await self.happens()
            yield
            await committer.settled()

    def _another(self, name: str) -> CrmEntry:
        return msgspec.structs.replace(self.entry, common=msgspec.structs.replace(self.entry.common, name=name))

    def _lists(self) -> None:
        """Let the PBX list what there is, to a gateway that has just come back."""
        self.story.now = max(self.story.now, clock())
        legs = [
            (call, leg)
            for call in self.story.calls.values()
            if not call.ended and call.merged_into is None
            for leg in call.legs.values()
        ]
        self.story.says(ConnectionLost).says(ConnectionMade)
        for call, leg in legs:
            if leg.is_live:
                self.story.lists(
                    leg.id,
                    leg.device,
                    leg.role,
                    root=call.caller_leg,
                    number=leg.number,
                    dialled=leg.dialled,
                    age_s=self.story.now - leg.created_at,
                    connected=leg.connected_at is not None,
                    alerting=leg.alerting_at is not None and leg.connected_at is None,
                    bridge=self.story.bridge_of(leg.id),
                )
        self.story.says(SnapshotDone)

    async def happens(self) -> None:
        """Let the PBX say what the story has told since the last time."""
        news, self._heard = self.story.events[self._heard :], len(self.story.events)
        await self.desk.engine.accept(PBX, news)
        await self.desk.committer.settled()

    def told(self, *types: str) -> list[dict[str, Any]]:
        return self.disk.events(*types)

    async def _of_calls(self, tenant: Tenant, calls: Any) -> list[Recording]:
        return [each for each in self.recordings if each.call_id in calls]

    def audio(self, recording: Recording, *, original: bool) -> Audio | None:
        async def read(start: int, length: int) -> AsyncIterator[bytes]:
            if self.sound_is_gone:
                raise RecordingMissingError(f"{recording.file} is gone")
            yield self.sound[start : start + length]

        return Audio(
            media_type="audio/wav",
            size=len(self.sound),
            tag="t",
            file_name=f"{recording.id}.wav",
            read=read,  # type: ignore[arg-type]
        )

    async def _dial(self, crm: str, asked: ClickToCall) -> None:
        self.dialled.append(asked)


@asynccontextmanager
async def crm_world(
    folder: Path,
    crm: FakeCrm | None = None,
    rules: CrmRules | None = None,
    quota: Rate | None = None,
    log: CrmLog | None = None,
) -> AsyncIterator[CrmWorld]:
    """Open one in this folder, with nothing running yet."""
    with time_stands_still_for_the_database():
        database = Database(parse_url(f"sqlite:///{folder}/crm.db"))
        await database.open()
        try:
            yield CrmWorld(database, crm or FakeCrm(), rules or CrmRules(), quota, log)
        finally:
            await database.close()


@contextmanager
def time_stands_still_for_the_database() -> Iterator[None]:
    """Let virtual time wait for SQLite, whose thread is none of the loop's; and jump at once, for there is no socket."""
    execute: Callable[..., Awaitable[Any]] = aiosqlite.Connection._execute

    async def counted(self: aiosqlite.Connection, *args: Any, **more: Any) -> Any:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        loop.threads += 1
        try:
            return await execute(self, *args, **more)
        finally:
            loop.threads -= 1

    with patch.object(aiosqlite.Connection, "_execute", counted), patch.object(virtual_time, "SETTLE_S", 0.0):
        yield


def call_ids(world: CrmWorld) -> set[CallId]:
    """Return the calls that the CRM has activities of."""
    return {each.call_id for each in world.crm.records.values()}
