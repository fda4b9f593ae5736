"""Recorded calls as they are played again: the recorded bytes, with fresh ids, times, callers and desks.

Every play of a recording gets ids that no other play has, as a PBX would give them; all else stays as a real Asterisk said it.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from typing import Final
from uuid import UUID

import msgspec

from connectors._kit.capture import Received, read_capture
from gateway.model.errors import CaptureError

GREETING: Final = re.compile(rb"Asterisk Call Manager/[0-9.]+\r\n(?=Response: |Event: )")

DROPPED: Final = frozenset(
    {
        b"CEL",
        b"ChallengeSent",
        b"FullyBooted",
        b"InvalidPassword",
        b"RTCPReceived",
        b"RTCPSent",
        b"Reload",
        b"Shutdown",
        b"SuccessfulAuth",
        b"TestEvent",
        b"VarSet",
    }
)
"""Events that belong to the recorded connection, or that an event filter keeps away from us."""

CALLERS: Final = (
    "Chan Siu Ming",
    "Maria Gomes",
    "Wong Ka Yan",
    "Peter Lindqvist",
    "陈晓东",
    "Aisha Rahman",
    "Leung Wai Kit",
    "Jonas Weber",
    "黃詠詩",
    "Grace Okafor",
    "Ho Man Fai",
    "Sofia Rossi",
)
DESKS: Final = (
    "Ivy Cheung",
    "Tom Becker",
    "Nina Costa",
    "Raymond Yip",
    "Elena Petrova",
    "Samuel Osei",
    "周敏",
    "Julia Novak",
    "Ben Lau",
    "Carmen Ruiz",
    "David Kwok",
    "Hana Sato",
    "Omar Haddad",
    "Lucy Tam",
    "Erik Strand",
)
"""Names of callers and agents in the simulated call centre, made up."""

DESKS_OF_LANE: Final = 3
"""Agents that the recordings have: 1001 to 1003."""

_DAY_S: Final = 86_400
_MIN_LENGTH_OUTSIDE: Final = 7
"""Digits of a number that is no extension."""
_CHANGED_DIGITS: Final = 4
_SCALED: Final = re.compile(rb"\r\n(Duration|BillableSeconds|HoldTime|TalkTime|RingTime): (\d+)")
_COUNTED_LEG: Final = re.compile(rb"\d{10}\.\d+$")
_DESK: Final = re.compile(rb"10(0)([1-9])")
_NUMBER: Final = re.compile(rb"\+?\d{7,15}")


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One recorded event."""

    offset_s: float
    """Seconds after the first leg of the recording."""
    name: bytes
    data: bytes
    """Its bytes, the empty line at its end included."""


class Score(msgspec.Struct, frozen=True):
    """One recording, ready to be played."""

    name: str
    frames: tuple[Frame, ...]
    began_at: float
    """When the recorded calls began, in seconds since the epoch."""
    desks: dict[bytes, int]
    """Which agent's name belongs to which desk of a lane, 1 to 9."""
    tokens: re.Pattern[bytes]
    """All that is renewed."""

    @property
    def length_s(self) -> float:
        """Seconds from the first leg to the last event."""
        return self.frames[-1].offset_s


def load_score(folder: Path) -> Score:
    """Read a capture folder.

    Raises:
        CaptureError: It cannot be read, has no times, or holds no call.
    """
    timed = list(_events(folder))
    begin = next((at for at, name, _ in timed if name == b"Newchannel"), None)
    if begin is None:
        raise CaptureError(f"{folder}: no call in it to play")
    frames = tuple(Frame(at - begin, name, data) for at, name, data in timed if at >= begin)
    desks = _desks(frames)
    return Score(folder.name, frames, begin, desks, _tokens(frames, frozenset(desks)))


def _events(folder: Path) -> Iterator[tuple[float, bytes, bytes]]:
    held = b""
    for item in read_capture(folder, "wire.ami", GREETING):
        if not isinstance(item, Received):
            continue
        if item.at is None:
            raise CaptureError(f"{folder}: without chunks.jsonl nobody knows when to play what")
        *whole, held = (held + item.data).split(b"\r\n\r\n")
        for frame in whole:
            opening, _, _ = frame.removeprefix(b"\r\n").partition(b"\r\n")
            name = opening.removeprefix(b"Event: ")
            # What answers the recording client's actions would surprise others.
            answer = b"\r\nActionID: " in frame and name != b"OriginateResponse"
            if name != opening and name not in DROPPED and not answer:
                yield item.at, name, frame.removeprefix(b"\r\n") + b"\r\n\r\n"


def _desks(frames: tuple[Frame, ...]) -> dict[bytes, int]:
    desks: dict[bytes, int] = {}
    for frame in frames:
        match frame.name:
            case b"Newchannel":
                number, name = _value(frame.data, b"CallerIDNum"), _value(frame.data, b"CallerIDName")
            case b"QueueMemberStatus":
                number, name = _value(frame.data, b"Interface"), _value(frame.data, b"MemberName")
            case _:
                continue
        found = _DESK.search(number)
        if found is not None and name not in (b"", b"<unknown>"):
            desks[name] = int(found[2])
    return desks


def _tokens(frames: tuple[Frame, ...], desks: frozenset[bytes]) -> re.Pattern[bytes]:
    callers: set[bytes] = set()
    names: set[bytes] = set()
    given: set[bytes] = set()
    for frame in frames:
        leg = _value(frame.data, b"Uniqueid") if frame.name == b"Newchannel" else b""
        if leg and not _COUNTED_LEG.search(leg):
            given.add(leg)
        number = _value(frame.data, b"CallerIDNum") if frame.name == b"Newchannel" else b""
        if _NUMBER.fullmatch(number):
            callers.add(number.removeprefix(b"+"))
            names.add(_value(frame.data, b"CallerIDName"))
    groups = [
        rb"(?P<leg>(?<!\d)\d{10}\.\d{1,5}(?!\d))",
        rb"(?P<date>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)",
        rb"(?P<time>(?<![\d.])\d{10}(?:\.\d{6})?(?![\d.]))",
        rb"(?P<bridge>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
        rb"(?P<suffix>(?<=-)[0-9a-f]{8}(?![0-9a-f-]))",
        rb"(?P<desk>(?<!\d)(?:55)?100[1-9](?!\d))",
    ]
    for group, values in (("caller", callers), ("member", desks), ("name", names - desks), ("given", given)):
        known = [re.escape(value) for value in sorted(values, key=len, reverse=True) if len(value) > 1 and value != b"<unknown>"]
        if known:
            groups.append(b"(?P<" + group.encode() + b">" + b"|".join(known) + b")")
    return re.compile(b"|".join(groups))


def _value(frame: bytes, key: bytes) -> bytes:
    start = frame.find(b"\r\n" + key + b": ")
    return b"" if start < 0 else frame[start + len(key) + 4 :].partition(b"\r\n")[0]


class Ids:
    """Gives ids as one PBX would: counted, never twice."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.legs = count(1)
        self.suffixes = count(1)

    def bridge(self) -> bytes:
        """Return a bridge's id."""
        return str(UUID(int=self.random.getrandbits(128), version=4)).encode()


class Play:
    """One time that a recording is played."""

    def __init__(self, score: Score, ids: Ids, began_at: float, *, pace: float = 1.0, lane: int = 0) -> None:
        """Begin to play.

        Args:
            score: What.
            ids: Where fresh ids come from.
            began_at: When the first leg begins now, in seconds since the epoch.
            pace: Seconds that a recorded second lasts.
            lane: Which group of desks takes it: 1001 becomes 1011 in the first, so that lanes can play at once.
        """
        self._score = score
        self._ids = ids
        self._began_at = began_at
        self._pace = pace
        self._lane = lane
        self._known: dict[tuple[str, bytes], bytes] = {}
        self._renewers: dict[str, Callable[[bytes], bytes]] = {
            "leg": self._leg,
            "bridge": lambda _old: ids.bridge(),
            "suffix": lambda _old: b"%08x" % next(ids.suffixes),
            "caller": self._caller,
            "name": lambda _old: ids.random.choice(CALLERS).encode(),
            "desk": lambda old: old[:-2] + b"%d" % lane + old[-1:],
            "member": self._member,
            "date": self._date,
            "given": lambda _old: b"click-%d-%d" % (began_at, next(ids.legs)),
        }

    def render(self, frame: Frame) -> bytes:
        """Return one of the recording's events as it is said this time."""
        data = self._score.tokens.sub(self._renewed, frame.data)
        return data if self._pace == 1.0 else _SCALED.sub(self._scaled, data)

    def renewed(self, kind: str, old: bytes) -> bytes:
        """Return what stands this time where the recording has this."""
        new = self._known.get((kind, old))
        if new is None:
            new = self._known[kind, old] = self._renewers[kind](old)
        return new

    def _renewed(self, found: re.Match[bytes]) -> bytes:
        kind, old = found.lastgroup, found.group()
        assert kind is not None
        return self._time(old) if kind == "time" else self.renewed(kind, old)

    def _shifted(self, at: float) -> float:
        return self._began_at + (at - self._score.began_at) * self._pace

    def _time(self, old: bytes) -> bytes:
        at = float(old)
        if abs(at - self._score.began_at) > _DAY_S:
            return old  # a number of ten digits that is no time
        return b"%.6f" % self._shifted(at) if b"." in old else b"%d" % self._shifted(at)

    def _leg(self, old: bytes) -> bytes:
        return b"%d.%d" % (self._shifted(float(old.partition(b".")[0])), next(self._ids.legs))

    def _caller(self, old: bytes) -> bytes:
        digits = b"%04d" % self._ids.random.randrange(10**_CHANGED_DIGITS)
        return old[:-_CHANGED_DIGITS] + digits

    def _member(self, old: bytes) -> bytes:
        return DESKS[(self._lane * DESKS_OF_LANE + self._score.desks[old] - 1) % len(DESKS)].encode()

    def _date(self, old: bytes) -> bytes:
        at = datetime.fromisoformat(old.decode()).replace(tzinfo=UTC).timestamp()
        return datetime.fromtimestamp(self._shifted(at), UTC).strftime("%Y-%m-%d %H:%M:%S").encode()

    def _scaled(self, found: re.Match[bytes]) -> bytes:
        return b"\r\n%s: %d" % (found[1], round(int(found[2]) * self._pace))
