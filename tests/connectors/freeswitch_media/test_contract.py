"""The contract of voice on the tests' FreeSWITCH, in virtual time: its telephones are its own, for there is no real one."""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack
from typing import Final, cast

import pytest
from rig.leg import PhoneLeg
from rig.rtp import AUDIBLE, DEFAULT_TONE_HZ, KEPT_FRAMES, linear, loudness, ulaw
from structlog.testing import capture_logs
from support.correlation import pcm, samples_of
from support.media_contract import MediaContract
from support.outbound_freeswitch import LEG, OutboundCall
from support.virtual_time import in_virtual_time
from support.voices import HandedOver, NotedCommands
from support.waiting import until

from connectors.freeswitch_media.server import FreeswitchMedia
from connectors.freeswitch_media.settings import FreeswitchMediaSettings
from gateway.model.calls import Call
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import LegId, PbxName
from gateway.ports.media import FRAME_S, MediaSession

CLAIMS: Final = sorted(name for name in dir(MediaContract) if name.startswith("test_"))


class Telephone:
    """What the contract asks of a telephone's leg and its voice (:class:`rig.leg.PhoneLeg`, :class:`rig.rtp.Voice`)."""

    def __init__(self) -> None:
        self.script: deque[bytes] = deque()
        self.tone_hz = DEFAULT_TONE_HZ
        self.tape: list[tuple[float, bytes]] | None = None
        self.ended_by: str | None = None
        self._ended = asyncio.Event()
        self._last: deque[tuple[float, list[int]]] = deque(maxlen=KEPT_FRAMES)

    @property
    def voice(self) -> "Telephone":
        return self

    def speaks(self) -> bytes:
        if self.script:
            return pcm([linear(code) for code in self.script.popleft()])
        return pcm([round(4000 * math.sin(2 * math.pi * self.tone_hz * i / 8000)) for i in range(160)])

    def plays(self, data: bytes) -> None:
        now, samples = asyncio.get_running_loop().time(), samples_of(data)
        self._last.append((now, samples))
        if self.tape is not None:
            self.tape.append((now, ulaw(samples)))

    def hears(self, hertz: float) -> bool:
        since = asyncio.get_running_loop().time() - KEPT_FRAMES * FRAME_S
        return loudness([sample for at, frame in self._last if at >= since for sample in frame], hertz) >= AUDIBLE

    async def until_ended(self) -> None:
        async with asyncio.timeout(20):
            await self._ended.wait()

    def end(self, by: str) -> None:
        self.ended_by = self.ended_by or by
        self._ended.set()


class Caller(Telephone):
    """Whoever called the FreeSWITCH."""

    def __init__(self, call: OutboundCall) -> None:
        super().__init__()
        self.call = call

    async def press(self, digits: str, tone_s: float, gap_s: float) -> None:
        for digit in digits:
            await asyncio.sleep(tone_s)
            self.call.press(digit)
            await asyncio.sleep(gap_s)

    async def hang_up(self) -> None:
        self.end("phone")
        self.call.hang_up()


class SpokenCall(OutboundCall):
    """A leg with a telephone at its end."""

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address)
        self.caller = Caller(self)

    def speaks(self) -> bytes:
        return self.caller.speaks()

    def plays(self, data: bytes) -> None:
        self.caller.plays(data)

    def hang_up(self, by: str = "caller") -> None:
        super().hang_up(by)
        self.caller.end(by)


class Line(NotedCommands):
    """See :class:`support.media_contract.VoiceLine`; the commands are done by the FreeSWITCH itself."""

    target = "8002"
    refused = "4444"

    def __init__(self, tasks: asyncio.TaskGroup, stack: AsyncExitStack) -> None:
        super().__init__(LEG)
        self.application = HandedOver()
        self.media = FreeswitchMedia(PbxName("fs1"), FreeswitchMediaSettings(port=0), self.application, self)
        self._tasks, self._stack = tasks, stack
        self._bridged = False
        self._agent = Telephone()

    async def call(self) -> tuple[PhoneLeg, MediaSession]:
        assert self.media.address is not None
        self._call = await self._stack.enter_async_context(SpokenCall(self.media.address))
        self._tasks.create_task(self._dial_plan(), name="dial plan")
        return cast("PhoneLeg", self._call.caller), await self.application.session()

    def let_go(self) -> None:
        self.application.done.set()

    async def arrived(self) -> PhoneLeg:
        return cast("PhoneLeg", self._agent)

    async def context(self) -> dict[str, str]:
        return {name.removeprefix("tieline_"): value for name, value in self._call.exported.items()}

    async def hang_up(self, leg: LegId) -> None:
        self._call.hang_up("pbx")

    async def transfer(self, leg: LegId, to: str, context: Mapping[str, str]) -> None:
        if to == self.refused:
            raise CommandRefusedError(f"{to} may not be reached")
        if context:
            # As `freeswitch_esl` has it.
            raise CommandRefusedError("it is told no context with a call")
        self._bridged = True
        self._call.go_elsewhere()

    async def press(self, leg: LegId, digits: str) -> None:
        raise CommandRefusedError("this line has no menu")

    async def follow(self, leg: LegId) -> AsyncGenerator[Call, None]:
        told: list[Call] = []
        for call in told:
            yield call

    async def _dial_plan(self) -> None:
        """Behind the application stands ``hangup``; whoever was transferred is bridged instead."""
        went_on = asyncio.ensure_future(self._call.went_on.wait())
        over = asyncio.ensure_future(self._call.over.wait())
        await asyncio.wait({went_on, over}, return_when=asyncio.FIRST_COMPLETED)
        while self._bridged and not over.done():
            self._call.caller.plays(self._agent.speaks())
            await asyncio.sleep(FRAME_S)
        went_on.cancel()
        over.cancel()
        self._call.hang_up("pbx")
        self._agent.end("pbx")


@pytest.mark.parametrize("claim", CLAIMS)
@in_virtual_time
async def test_it_keeps_the_contract_of_voice(claim: str) -> None:
    with capture_logs():
        async with AsyncExitStack() as stack, asyncio.TaskGroup() as tasks:
            line = Line(tasks, stack)
            running = tasks.create_task(line.media.run())
            await until(lambda: line.media.address is not None)
            await getattr(MediaContract(), claim)(line)
            line.let_go()
            running.cancel()
