"""The simulated call centre: groups of desks that take recorded calls, several at once, for as long as somebody looks."""

import asyncio
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import msgspec

from connectors._kit.capture import read_site
from connectors.simulator.score import Ids, Play, Score, load_score
from connectors.simulator.server import AmiServer
from gateway.model.errors import ConfigurationError
from gateway.model.secret import Secret
from gateway.model.site import Site

CAPTURES: Final = Path(__file__).parent / "captures"
USERNAME: Final = "tieline"
SECRET_BYTES: Final = 16
LOOPBACK: Final = "127.0.0.1"
MAX_LANES: Final = 10

REST_S: Final = 1.0
"""Between two looks whether a group's breaks are over."""
_LINKED: Final = re.compile(rb"\r\n(?:Dest)?Linkedid: ([^\r]+)")
FIRST_CALLS_S: Final = 4.0
"""Seconds within which all lanes have begun."""


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a PBX that plays recorded calls."""

    captures: str | None = None
    """A folder of capture folders; None plays those that come with it."""
    lanes: Annotated[int, msgspec.Meta(ge=1, le=MAX_LANES)] = 5
    """Groups of three desks, each with a call of its own."""
    pace: Annotated[float, msgspec.Meta(ge=0.1, le=100)] = 5.0
    """Seconds that a recorded second lasts: the recordings' calls are short."""
    pause_s: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 8.0
    """Seconds between two calls of a lane, on average."""
    site: Site = read_site(CAPTURES / "queue_abandon")


class _Going:
    """A recording that is being played."""

    def __init__(self) -> None:
        self.linked: set[str] = set()
        """Linked ids of its calls until now."""
        self.is_over = False


class CallCentre:
    """Plays recordings on a server."""

    def __init__(self, server: AmiServer, scores: Sequence[Score], *, pace: float, pause_s: float) -> None:
        """Prepare to play.

        Args:
            server: Who tells it.
            scores: What to play.
            pace: Seconds that a recorded second lasts.
            pause_s: Seconds between two calls of a lane, on average.
        """
        self._server = server
        self._scores = scores
        self._pace = pace
        self._pause_s = pause_s
        self._ids = Ids(server.random)
        self._going: list[_Going] = []
        server.calls_of = self._stop

    async def play_once(self) -> None:
        """Play each recording once, one after the other."""
        await self._server.somebody_listens.wait()
        for score in self._scores:
            await self._play(score, 0)

    async def play_on(self, lanes: int) -> None:
        """Play in several lanes until cancelled."""
        for lane in range(lanes):
            self._introduce(lane)
        async with asyncio.TaskGroup() as tasks:
            for lane in range(lanes):
                tasks.create_task(self._play_lane(lane, FIRST_CALLS_S * lane / lanes), name=f"simulator.lane{lane}")

    async def _play_lane(self, lane: int, begin_s: float) -> None:
        await asyncio.sleep(begin_s)
        for score in self._deck():
            if self._server.state.rests(f"10{lane}"):
                # Nobody calls a group of which one is on a break: the recordings would ring him.
                await asyncio.sleep(REST_S)
                continue
            await self._play(score, lane)
            await asyncio.sleep(self._server.random.uniform(0.5, 1.5) * self._pause_s)

    def _deck(self) -> Iterator[Score]:
        """Yield the recordings for ever, each as often as the others."""
        while True:
            deck = list(self._scores)
            self._server.random.shuffle(deck)
            yield from deck

    async def _play(self, score: Score, lane: int) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        play = Play(score, self._ids, self._server.clock(), pace=self._pace, lane=lane)
        going = _Going()
        self._going.append(going)
        try:
            for frame in score.frames:
                wait_s = began + frame.offset_s * self._pace - loop.time()
                if wait_s > 0:
                    await asyncio.sleep(wait_s)
                if going.is_over:
                    return
                data = play.render(frame)
                going.linked.update(found.decode() for found in _LINKED.findall(data))
                self._server.say(data)
        finally:
            self._going.remove(going)

    def _stop(self, linked: str) -> set[str]:
        """Play the calls no further that this one belongs to; return the linked ids of them all."""
        for going in self._going:
            if linked in going.linked:
                going.is_over = True
                return going.linked
        return {linked}

    def _introduce(self, lane: int) -> None:
        """Let the PBX know a lane's desks before their first call."""
        for score in self._scores:
            play = Play(score, self._ids, self._server.clock(), lane=lane)
            for frame in score.frames:
                if frame.name in (b"QueueMemberStatus", b"DeviceStateChange"):
                    self._server.state.hear(play.render(frame), self._server.clock())


def create(settings: SimulatorSettings) -> AbstractAsyncContextManager[Mapping[str, Any]]:
    """Be a call centre on a free port of this machine; yields how a connector reaches it."""
    folder = CAPTURES if settings.captures is None else Path(settings.captures)
    return _running(settings, sorted(path for path in folder.iterdir() if path.is_dir()))


@asynccontextmanager
async def _running(settings: SimulatorSettings, folders: Sequence[Path]) -> AsyncIterator[Mapping[str, Any]]:
    random = Random()  # noqa: S311  # shuffles recordings; the secret comes from elsewhere
    secret = Secret(secrets.token_hex(SECRET_BYTES))
    server = AmiServer(USERNAME, secret, time.time, random)
    scores = await asyncio.to_thread(lambda: [load_score(folder) for folder in folders])
    centre = CallCentre(server, scores, pace=settings.pace, pause_s=settings.pause_s)
    port = await server.start(LOOPBACK, 0)
    try:
        async with asyncio.TaskGroup() as tasks:
            playing = tasks.create_task(centre.play_on(settings.lanes), name="simulator.play")
            yield {
                "host": LOOPBACK,
                "port": port,
                "username": USERNAME,
                "secret": secret,
                "site": msgspec.to_builtins(settings.site),
            }
            playing.cancel()
    finally:
        await server.stop()


async def simulate(folders: Sequence[Path], *, host: str, port: int, loop: bool, listening: Callable[[str], None]) -> None:
    """Play capture folders to whoever connects: all at once and for ever with ``loop``, else each once. Cancelling is safe.

    Args:
        folders: What to play; none plays the recordings that come with it.
        host: The address to listen at.
        port: The port there; 0 takes a free one.
        loop: Play on until cancelled, in as many lanes as there are folders, up to ``MAX_LANES``.
        listening: Called with a text for the operator once it listens.

    Raises:
        CaptureError: A folder cannot be played.
        ConfigurationError: It cannot listen there.
    """
    chosen = folders or sorted(path for path in CAPTURES.iterdir() if path.is_dir())
    scores = await asyncio.to_thread(lambda: [load_score(folder) for folder in chosen])
    secret = Secret(secrets.token_hex(SECRET_BYTES))
    server = AmiServer(USERNAME, secret, time.time, Random())  # noqa: S311  # shuffles recordings
    centre = CallCentre(server, scores, pace=1.0, pause_s=SimulatorSettings().pause_s)
    try:
        listened = await server.start(host, port)
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
    try:
        listening(f"AMI at {host}:{listened}, user {USERNAME}, secret {secret.reveal()}")
        if loop:
            await centre.play_on(min(len(scores), MAX_LANES))
        else:
            await centre.play_once()
    finally:
        await server.stop()
