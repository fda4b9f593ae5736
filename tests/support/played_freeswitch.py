"""A simulated FreeSWITCH with calls of its own: recorded ones, each with other numbers, as many a second as one likes."""

import asyncio
import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Final, Self

from support.esl_captures import FREESWITCH
from support.truth import read_truth

from connectors.freeswitch_esl.mapping import WANTED
from connectors.freeswitch_esl.replay import site_of
from connectors.freeswitch_esl.simulated.playing import Frame, Play, Score, load_score
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.secret import Secret

KINDS: Final = (
    "bridge_two_endpoints_plain",
    "caller_cancels_while_ringing_plain",
    "ivr_queue_agent_plain",
    "abandon_in_queue_plain",
    "queue_timeout_plain",
    "queue_agent_hangs_up_first_plain",
    "abandon_while_agent_rings_plain",
    "blind_transfer_sip_refer_plain",
    "attended_transfer_sip_replaces_plain",
    "hold_reinvite_plain",
)
"""Recordings of one call each, to which no command of ours belongs."""
CALLER: Final = "139{:08d}"
DESKS: Final = range(1100, 1900)
"""Each call takes two of its own: one telephone that holds ten calls at once consults with everybody."""
SITE: Final = {"region": "CN", "extensions": r"^1\d{3}$"}
_RECORDED_DESK: Final = re.compile(r"\b100([12])\b")
_STAMP: Final = "Event-Date-Timestamp"
_LEG: Final = "Unique-ID"
_MICROSECONDS: Final = 1_000_000


class Recording:
    """A recorded call: what FreeSWITCH said of it, and what really happened."""

    def __init__(self, folder: Path) -> None:
        self.score: Score = load_score(folder)
        self.frames: list[Frame] = [frame for frame in self.score.frames if _name(dict(frame.headers)) in WANTED]
        """What we subscribe to; the rest would not be sent."""
        self.truth: dict[str, Any]
        (self.truth,) = read_truth(folder)["calls"]
        assert site_of(folder).extensions == SITE["extensions"]


def _name(headers: dict[str, str]) -> str:
    name = headers.get("Event-Name", "")
    return f"{name} {headers.get('Event-Subclass')}" if name == "CUSTOM" else name


class PlayedCall:
    """One call: a recording with ids, times, a caller and two desks of its own."""

    def __init__(self, server: EslServer, recording: Recording, number: int) -> None:
        self.kind = recording.score.name
        self.caller = CALLER.format(number)
        pair = 2 * number % len(DESKS)
        self.desks = (str(DESKS[pair]), str(DESKS[pair + 1]))
        self.legs: set[str] = set()
        """The Unique-IDs of its legs so far."""
        self.paused_s = 0.0
        """Seconds for which it was not played on."""
        self.began_at = server.clock()
        self._server = server
        self._recording = recording
        self._play = Play(recording.score, self.began_at, server.random)
        self._began = asyncio.get_running_loop().time()
        self._place = 0

    @property
    def truth(self) -> dict[str, Any]:
        """What its record must say, when it was played without a pause."""
        truth: dict[str, Any] = json.loads(self._renamed(json.dumps(self._recording.truth)))
        return truth

    def _renamed(self, text: str) -> str:
        text = text.replace(str(self._recording.truth["caller"]), self.caller)
        return _RECORDED_DESK.sub(lambda found: self.desks[int(found[1]) - 1], text)

    async def go(self, until: str = "") -> None:
        """Play it on, up to the next event of this name or ``CC-Action``, or to its end. Cancelling is safe.

        After a pause everything comes later by the pause.
        """
        loop, frames = asyncio.get_running_loop(), self._recording.frames
        if 0 < self._place < len(frames):
            self.paused_s = max(self.paused_s, loop.time() - self._began - frames[self._place].offset_s)
        while self._place < len(frames):
            frame = frames[self._place]
            wait_s = self._began + self.paused_s + frame.offset_s - loop.time()
            if wait_s > 0:
                await asyncio.sleep(wait_s)
            self._place += 1
            if until in self._say(frame):
                return

    def _say(self, frame: Frame) -> tuple[str, ...]:
        headers = [(key, self._renamed(value)) for key, value in self._play.render(frame)]
        fields = dict(headers)
        if _LEG in fields:
            self.legs.add(fields[_LEG])
        stamp = str(int(fields[_STAMP]) + round(self.paused_s * _MICROSECONDS))
        self._server.say([(key, stamp if key == _STAMP else value) for key, value in headers], frame.body or None)
        return fields["Event-Name"], fields.get("CC-Action", "-")


class PlayedFreeswitch:
    """A simulated FreeSWITCH on a free port. An asynchronous context manager."""

    def __init__(self, secret: str, seed: int = 1) -> None:
        self.server = EslServer(Secret(secret), time.time, Random(seed))
        self.calls: list[PlayedCall] = []
        """All calls so far."""
        self.port = 0
        self._random = Random(seed)
        self._recordings: dict[str, Recording] = {}

    async def __aenter__(self) -> Self:
        self.port = await self.server.start("127.0.0.1", 0)
        return self

    async def __aexit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        await self.server.stop()

    def connector(self, secret: str) -> dict[str, Any]:
        """Return the configuration of the connector that hears it."""
        return {"pbx": "fs", "plugin": "freeswitch_esl", "host": "127.0.0.1", "port": self.port, "secret": secret, "site": SITE}

    def begin(self, kind: str) -> PlayedCall:
        """Return a call that can be played now."""
        if kind not in self._recordings:
            self._recordings[kind] = Recording(FREESWITCH / kind)
        call = PlayedCall(self.server, self._recordings[kind], len(self.calls))
        self.calls.append(call)
        return call

    async def make_calls(self, number: int, per_second: float, kinds: Sequence[str] = KINDS) -> None:
        """Make this many calls of all kinds in a mixed order, and return when all have ended. Cancelling is safe."""
        for kind in kinds:
            self._recordings.setdefault(kind, Recording(FREESWITCH / kind))
        order = [kinds[index % len(kinds)] for index in range(number)]
        self._random.shuffle(order)
        loop = asyncio.get_running_loop()
        began = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for index, kind in enumerate(order):
                await asyncio.sleep(max(0.0, began + index / per_second - loop.time()))
                tasks.create_task(self.begin(kind).go(), name=f"call{index}")
