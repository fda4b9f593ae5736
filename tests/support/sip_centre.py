"""A SIP connector with scripted workers, and the calls that come of what it tells."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any, Final

from support.recording_sink import RecordingSink
from support.scripted_sip_worker import PROGRAM

from connectors.sip import wire
from connectors.sip.connector import SipConnector
from connectors.sip.settings import AccountSettings, SipSettings
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import Accepted, Command, CommandId, HangUp, Order, Redirect, SendDigits
from gateway.model.ids import CallId, LegId, PbxName
from gateway.model.record import record_of
from gateway.model.site import Site
from gateway.ports.media import CallApplication, MediaSession

PBX: Final = PbxName("hq")
SITE: Final = Site(extensions=r"^\d{4}$", region="CN")


class SipCentre:
    """The connector, and what the gateway would make of its events."""

    def __init__(
        self,
        state_dir: Path,
        board: Board | None = None,
        *,
        program: Sequence[str] = PROGRAM,
        given: SipSettings | None = None,
        **settings: Any,
    ) -> None:
        chosen = {"hang_after_s": 1.0, "retry_min_s": 0.05, "site": SITE, **settings}
        accounts = chosen.pop("accounts", (AccountSettings(host="127.0.0.1"),))
        self.settings = SipSettings(accounts=accounts, **chosen) if given is None else given
        self.connector = SipConnector(PBX, self.settings, state_dir, random=Random(1), program=program)
        self.sink = RecordingSink()
        self.board = Board(PBX, SITE) if board is None else board
        self.known: dict[CallId, Call] = {}
        self._applied = 0
        self._orders = 0

    @property
    def calls(self) -> Mapping[CallId, Call]:
        """Every call as it stands now."""
        for event in self.sink.events[self._applied :]:
            self.known |= {call.call_id: call for call in self.board.apply(event).calls}
        self._applied = len(self.sink.events)
        return self.known

    def records(self) -> list[dict[str, Any]]:
        """Return the records of all calls, in order."""
        return [record_of(call, SITE) for call in sorted(self.calls.values(), key=lambda call: call.began_at)]

    def live(self) -> list[Call]:
        """Return the calls that go on."""
        return [call for call in self.calls.values() if not call.ended]

    async def until(self, state: str, count: int = 1) -> list[Call]:
        """Wait until so many calls are ``answered`` and go on, ``active`` or ``ended``."""

        def fitting() -> list[Call]:
            return [
                call
                for call in self.calls.values()
                if (call.ended if state == "ended" else not call.ended and (state == "active" or call.answered_at is not None))
            ]

        await self.sink.until(lambda: len(fitting()) >= count, 20.0)
        return fitting()

    def serve(self, application: CallApplication) -> None:
        """Let an application have the calls."""
        self.connector.serve(application, Steering(self))

    def order(self, command: Command, call: Call | None = None) -> Order:
        """Return an order of the gateway's."""
        self._orders += 1
        return Order(id=CommandId(f"01HZZZZZZZ{id(self) % 10**8:08d}{self._orders:08d}"), pbx=PBX, command=command, call=call)

    async def do(self, command: Command, call: Call | None = None) -> Accepted:
        """Have a command done."""
        return await self.connector.execute(self.order(command, call))

    def place(self, worker: int, to: str) -> wire.Place:
        """Return what makes a scripted worker do something."""
        return wire.Place(account="trunk", to=to, reference="of no gateway")

    async def make(self, to: str, worker: int = 1) -> None:
        """Have a scripted worker do something: a call that comes in, or a fault."""
        with suppress(Exception):
            await self.connector.workers[worker - 1].ask(self.place(worker, to))


class Steering:
    """What applications have done with their calls, without a gateway's rules."""

    def __init__(self, centre: SipCentre) -> None:
        self.centre = centre

    async def find(self, is_it: Callable[[LegId], bool], timeout_s: float) -> LegId | None:
        """Return the live leg that it is."""
        return next((leg for call in self.centre.live() for leg in call.legs if is_it(leg)), None)

    async def hang_up(self, leg: LegId) -> None:
        """End the leg's call."""
        await self.centre.do(HangUp(), self._call_of(leg))

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        """Send the leg's caller elsewhere."""
        await self.centre.do(Redirect(to=to, context=dict(context)), self._call_of(leg))

    async def press(self, leg: LegId, digits: str) -> None:
        """Press keys in the caller's place."""
        call = self._call_of(leg)
        await self.centre.do(SendDigits(by=call.legs[leg].party or "", digits=digits), call)

    async def follow(self, leg: LegId) -> AsyncGenerator[Call, None]:
        """Tell the leg's call as it is now."""
        yield self._call_of(leg)

    def _call_of(self, leg: LegId) -> Call:
        return next(call for call in self.centre.live() if leg in call.legs)


@asynccontextmanager
async def running(centre: SipCentre) -> AsyncIterator[SipCentre]:
    """Run a connector while the context is open; leaving it is what a gateway does that is stopped."""
    task = asyncio.create_task(centre.connector.run(centre.sink))
    try:
        await centre.sink.connected()
        yield centre
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Parrot:
    """An application that says what it hears, and hangs up on ``#``."""

    def __init__(self) -> None:
        self.sessions: list[MediaSession] = []
        self.digits = ""

    async def run(self, session: MediaSession) -> None:
        """Talk with one caller."""
        self.sessions.append(session)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._repeat(session))
            while (digit := await session.digit()) is not None and digit != "#":
                self.digits += digit
            await session.hang_up()

    async def _repeat(self, session: MediaSession) -> None:
        while (frame := await session.frame()) is not None:
            await session.say(frame)
