"""A gateway's parts around recordings, on a real database, and a PBX that a test lets speak."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
from support.building import SITE, START, Story
from support.gateways import at_work
from support.replaying import PBX
from support.waiting import until

from gateway.model.events import RecordingStarted
from gateway.model.ids import DEFAULT_TENANT, CallId, LegId
from gateway.model.recordings import Recording, RecordingState
from gateway.recordings.service import Recordings
from gateway.recordings.settings import RecordingSettings, SourceSettings
from gateway.session.committer import Committer
from gateway.session.engine import Engine
from gateway.session.hub import Hub, Listener
from gateway.store.database import Database
from gateway.store.recordings import SqlRecordings
from gateway.store.sql import SqlStore
from gateway.store.urls import parse_url


class Clock:
    """Time that goes on when somebody sleeps, or the test says so."""

    def __init__(self, at: float = START) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class World:
    """One gateway after the other on the same database and folders."""

    def __init__(self, folder: Path) -> None:
        self.monitor = folder / "monitor"
        self.monitor.mkdir(exist_ok=True)
        self.state_dir = folder / "state"
        self.clock = Clock()
        self.settings = RecordingSettings(
            sources=(SourceSettings(pbx=PBX, folder=str(self.monitor), strip="/var/spool/asterisk/monitor"),), keep_free_mb=0
        )
        self.story = Story()
        self.said = 0
        self.parties: dict[str, str] = {}
        """Who talks with each caller."""
        self.url = f"sqlite:///{folder}/tieline.db"

    @property
    def kept(self) -> Path:
        """Where recordings are kept."""
        return self.state_dir / "recordings"

    def source(self, **changes: Any) -> None:
        """Change the source's settings."""
        (source,) = self.settings.sources
        self.settings = msgspec.structs.replace(self.settings, sources=(msgspec.structs.replace(source, **changes),))

    @asynccontextmanager
    async def gateway(self, *, recording: bool = True) -> AsyncIterator["Running"]:
        """Run a gateway, perhaps one that does not know of recordings."""
        store = SqlStore(Database(parse_url(self.url)))
        await store.open()
        try:
            hub = Hub(kept=1_000, log=store, position=await store.last_position())
            committer = Committer(store, hub, now=self.clock)
            engine = Engine(committer, {PBX: SITE}, now=self.clock)
            await engine.restore(store)
            recordings = Recordings(
                self.settings,
                self.state_dir,
                store,
                SqlRecordings(store.database),
                hub,
                committer,
                calls_days=730,
                now=self.clock,
                sleep=self.clock.sleep,
            )
            running = Running(self, store, hub, committer, engine, recordings)
            async with at_work(engine, committer, *([recordings] if recording else [])):
                if recording and self.settings.sources:
                    await until(lambda: hub.listeners > 0)
                yield running
        finally:
            await store.close()


class Running:
    """A gateway that runs."""

    def __init__(
        self, world: World, store: SqlStore, hub: Hub, committer: Committer, engine: Engine, recordings: Recordings
    ) -> None:
        self.world = world
        self.store = store
        self.hub = hub
        self.committer = committer
        self.engine = engine
        self.recordings = recordings
        self.known = SqlRecordings(store.database)

    async def hear(self) -> None:
        """Take what the PBX said since the last time."""
        story = self.world.story
        story.later(max(self.world.clock() - story.now, 0.0))
        await self.engine.accept(PBX, story.events[self.world.said :])
        self.world.said = len(story.events)
        await self.committer.settled()

    async def begin(self, file: str, leg: str = "caller") -> CallId:
        """Let a call begin that is recorded and talked in; return its id."""
        story = self.world.story
        story.comes_in(leg).says(RecordingStarted, leg=LegId(leg), file=file)
        other = f"8{len(self.world.parties) + 100}"
        self.world.parties[leg] = other
        story.rings(other, leg).answers(other, leg, bridge=leg).later(30.0)
        self.world.clock.at = max(self.world.clock.at, story.now)
        await self.hear()
        return story.told[-1].call_id

    async def end(self, leg: str = "caller") -> None:
        """Let the caller hang up."""
        self.world.story.hangs_up(leg, self.world.parties[leg])
        await self.hear()

    def later(self, seconds: float) -> None:
        """Let time go by, and those who wait for it look."""
        self.world.clock.at += seconds
        self.recordings.look_again()

    async def only(self) -> Recording:
        """Return the one recording there is, once it is known."""
        listed: list[Recording] = []

        async def is_known() -> bool:
            nonlocal listed
            listed = await self.known.page(DEFAULT_TENANT, states=None, pbxs=None, after=None, limit=9)
            return bool(listed)

        await until(is_known)
        (recording,) = listed
        return recording

    async def becomes(self, state: RecordingState, **fields: Any) -> Recording:
        """Wait until there is a recording that is so, and return it."""
        found: list[Recording] = []

        async def is_so() -> bool:
            nonlocal found
            self.later(1.0)
            listed = await self.known.page(DEFAULT_TENANT, states=[state], pbxs=None, after=None, limit=99)
            found = [each for each in listed if all(getattr(each, name) == value for name, value in fields.items())]
            return bool(found)

        await until(is_so)
        return found[0]

    def listen(self) -> Listener:
        """Listen to what the world is told of recordings."""
        return self.hub.listen(["recording"])


async def told(listener: Listener) -> tuple[str, dict[str, Any]]:
    """Return the type and the data of the next event."""
    (event,) = await listener.next_batch()
    return event.type, msgspec.json.decode(event.json)["data"]
