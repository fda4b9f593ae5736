"""Recorded calls as they are played again: the recorded events, with fresh ids and times."""

import asyncio
import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import msgspec

from connectors._kit.capture import Received, read_capture
from connectors.freeswitch_esl.protocol.decoder import EslDecoder
from connectors.freeswitch_esl.protocol.message import MessageKind
from connectors.freeswitch_esl.replay import GREETING, WIRE
from connectors.freeswitch_esl.simulated.server import EslServer, Headers
from gateway.model.errors import CaptureError, ConfigurationError
from gateway.model.secret import Secret

SECRET_BYTES: Final = 16
PAUSE_S: Final = 5.0
"""Seconds between two plays of a recording."""
MAX_LANES: Final = 10
DROPPED: Final = frozenset({"API", "BACKGROUND_JOB", "COMMAND", "HEARTBEAT", "MODULE_UNLOAD", "PRIVATE_COMMAND", "SHUTDOWN"})
"""Events that belong to the recorded connection or process."""
_STAMP: Final = "Event-Date-Timestamp"
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_MICROSECONDS: Final = re.compile(r"\b1[0-9]{15}\b")
_PER_SECOND: Final = 1_000_000
_UUID_BITS: Final = 128
_ONCE: Final = ("Core-UUID", "variable_Core-UUID")
"""Headers whose UUID names no leg."""


class Frame(msgspec.Struct, frozen=True):
    """One recorded event."""

    offset_s: float
    """Seconds after the first leg of the recording."""
    headers: Headers
    body: str


class Score(msgspec.Struct, frozen=True):
    """One recording, ready to be played."""

    name: str
    frames: tuple[Frame, ...]
    began_at: float
    """When the recorded calls began, in seconds since the epoch by the recorded PBX's clock."""


def load_score(folder: Path) -> Score:
    """Read a capture folder.

    Raises:
        CaptureError: It cannot be read, or holds no call.
    """
    events = list(_events(folder))
    begin = next((at for at, headers, _ in events if dict(headers).get("Event-Name") == "CHANNEL_CREATE"), None)
    if begin is None:
        raise CaptureError(f"{folder}: no call in it to play")
    # FreeSWITCH's clock ticks in steps of 20 ms, and what it sends may be a step out of order: it stays in the order of sending.
    frames, latest = [], 0.0
    for at, headers, body in events:
        latest = max(latest, at - begin)
        frames.append(Frame(latest, headers, body))
    return Score(folder.name, tuple(frames), begin)


def _events(folder: Path) -> Iterator[tuple[float, Headers, str]]:
    decoder = EslDecoder()
    for item in read_capture(folder, WIRE, GREETING):
        if not isinstance(item, Received):
            continue
        for message in decoder.receive_data(item.data):
            stamp = message.get(_STAMP) if message.kind is MessageKind.EVENT else ""
            if stamp.isdigit() and message.name not in DROPPED:
                yield int(stamp) / _PER_SECOND, message.headers(), message.body


class Play:
    """One play of a recording: every id is fresh, and the same one throughout."""

    def __init__(self, score: Score, began_at: float, random: Random) -> None:
        self._later_us = round((began_at - score.began_at) * _PER_SECOND)
        self._random = random
        self._ids: dict[str, str] = {}

    def render(self, frame: Frame) -> Headers:
        """Return the event as it is told now."""
        return [(key, value if key in _ONCE else self._renewed(value)) for key, value in frame.headers]

    def _renewed(self, value: str) -> str:
        value = _UUID.sub(lambda found: self._id(found[0]), value)
        return _MICROSECONDS.sub(lambda found: str(int(found[0]) + self._later_us), value)

    def _id(self, recorded: str) -> str:
        if recorded not in self._ids:
            self._ids[recorded] = str(UUID(int=self._random.getrandbits(_UUID_BITS), version=4))
        return self._ids[recorded]


async def play(server: EslServer, score: Score) -> None:
    """Play a recording once, at the pace at which it was recorded. Cancelling is safe."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    one = Play(score, server.clock(), server.random)
    for frame in score.frames:
        wait_s = began + frame.offset_s - loop.time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        server.say(one.render(frame), frame.body or None)


async def simulate(folders: Sequence[Path], *, host: str, port: int, loop: bool, listening: Callable[[str], None]) -> None:
    """Play capture folders to whoever connects: all at once and for ever with ``loop``, else each once. Cancelling is safe.

    Args:
        folders: What to play.
        host: The address to listen at.
        port: The port there; 0 takes a free one.
        loop: Play on until cancelled, in as many lanes as there are folders, up to ``MAX_LANES``.
        listening: Called with a text for the operator once it listens.

    Raises:
        CaptureError: A folder cannot be played.
        ConfigurationError: There is nothing to play, or it cannot listen there.
    """
    if not folders:
        raise ConfigurationError("name at least one capture folder to play: no recordings of FreeSWITCH come with this")
    scores = await asyncio.to_thread(lambda: [load_score(folder) for folder in folders])
    secret = Secret(secrets.token_hex(SECRET_BYTES))
    server = EslServer(secret, time.time, Random())  # noqa: S311  # ids of recordings that are played
    try:
        listened = await server.start(host, port)
    except OSError as error:
        raise ConfigurationError(f"cannot listen at {host}:{port}: {error.strerror or error}") from error
    try:
        listening(f"ESL at {host}:{listened}, password {secret.reveal()}")
        await server.somebody_listens.wait()
        if loop:
            async with asyncio.TaskGroup() as tasks:
                for lane in range(min(len(scores), MAX_LANES)):
                    tasks.create_task(_play_on(server, scores[lane::MAX_LANES]), name=f"freeswitch.lane{lane}")
        else:
            for score in scores:
                await play(server, score)
    finally:
        await server.stop()


async def _play_on(server: EslServer, scores: Sequence[Score]) -> None:
    while True:
        for score in scores:
            await play(server, score)
            await asyncio.sleep(server.random.uniform(0.5, 1.5) * PAUSE_S)
