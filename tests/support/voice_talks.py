"""A dialog's talk with a caller whom a test plays, without sound: what he hears is noted, what he does is put."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from support.dialogs import MONDAY_NOON, said
from support.itr_talks import PlayedSystems

from gateway.model.errors import TielineError
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import SessionEnd, SessionEndedBy, SessionId, SessionInfo
from gateway.ports.speech import Heard, SpeechError, SpeechProblem, Wanted
from ivr.definition.values import Dialog
from ivr.meaning import Meaning
from ivr.voice.heard import Gone
from ivr.voice.keys import Keypad
from ivr.voice.listener import Input, Keys, Quiet, Unheard, Words
from ivr.voice.settings import VoiceSettings
from ivr.voice.talk import VoiceTalk
from ivr.voice.wording import Piece

QUIET = Quiet()
GONE = Gone()


def words(text: str, confidence: float = 0.95) -> Words:
    return Words(Heard(text=text, confidence=confidence))


def keys(pressed: str) -> Keys:
    return Keys(pressed)


def unheard(problem: SpeechProblem = SpeechProblem.BUSY) -> Unheard:
    return Unheard(SpeechError("whisper", problem, "as many wait as may"))


class Caller:
    """A session whose caller does what the test wrote down, turn by turn; in the end he hangs up."""

    def __init__(self, *does: Input) -> None:
        self.info = SessionInfo(id=SessionId("s1"), pbx=PbxName("cc1"), leg=LegId("l1"), way="audiosocket")
        self.ended: SessionEnd | None = None
        self.dropped = 0
        self.heard: list[list[str]] = []
        """What was said to him, by turn."""
        self.wanted: list[Wanted] = []
        self.sent: tuple[str, dict[str, str]] | None = None
        self.faults: list[TielineError] = []
        """Raised by the next transfers."""
        self.tried: list[str] = []
        self._does = list(does)

    async def frame(self) -> bytes | None:
        return None

    async def digit(self) -> str | None:
        return None

    async def say(self, sound: bytes) -> None: ...

    async def said(self) -> None: ...

    async def clear(self) -> None: ...

    async def hang_up(self) -> None:
        self.ended = SessionEnd(by=SessionEndedBy.APPLICATION)

    async def transfer(self, to: str, context: Mapping[str, str]) -> None:
        self.tried.append(to)
        if self.faults:
            raise self.faults.pop(0)
        self.sent = (to, dict(context))

    async def announce(self, pieces: Sequence[Piece]) -> None:
        if pieces:
            self.heard.append([piece.text for piece in pieces])

    async def turn(self, pieces: Sequence[Piece], keypad: Keypad, wanted: Wanted, patience: Sequence[Piece]) -> Input:
        self.heard.append([piece.text for piece in pieces])
        self.wanted.append(wanted)
        return self._does.pop(0) if self._does else GONE

    @property
    def last(self) -> list[str]:
        return self.heard[-1]


async def talked(
    dialog: Dialog,
    caller: Caller,
    meanings: Mapping[str, Meaning] | None = None,
    settings: VoiceSettings = VoiceSettings(queues={"support": "5100", "sales": "5200"}),  # noqa: B008
    *,
    systems: PlayedSystems | None = None,
    now: Callable[[], datetime] = lambda: MONDAY_NOON,
    by_keys: bool = False,
) -> dict[tuple[str, str], int]:
    """Let the caller talk with the dialog to the end; return what was counted.

    What he says means what ``meanings`` say, else nothing.
    """
    counted: dict[tuple[str, str], int] = {}

    async def understand(text: str, node: str) -> Meaning:
        await asyncio.sleep(0)
        return (meanings or {}).get(text, said().meaning)

    def count(what: str, which: str) -> None:
        counted[what, which] = counted.get((what, which), 0) + 1

    def missed(text: str) -> None:
        count("missed", text)

    talk = VoiceTalk(
        dialog,
        caller,
        caller,
        settings,
        understand=understand,
        systems=systems or PlayedSystems(),
        now=now,
        missed=missed,
        count=count,
        by_keys=by_keys,
    )
    await talk.run()
    return counted
