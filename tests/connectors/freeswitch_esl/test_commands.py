import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from support.command_contract import CommandContract, CommandedPbx
from support.commanded_freeswitch import PBX, SECRET, SITE, commanded, connected, settings_for
from support.line import Line
from support.recording_sink import RecordingSink

from connectors.freeswitch_esl.connection import FreeswitchConnector
from connectors.freeswitch_esl.settings import CommandSettings
from connectors.freeswitch_esl.simulated.server import EslServer
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    Command,
    CommandId,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    LogIn,
    LogOut,
    Monitor,
    MonitorMode,
    Order,
    Park,
    PlaceCall,
    Retrieve,
    SendDigits,
    SetPause,
    SetPenalty,
    StartRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import QueueName, ulid
from gateway.model.record import record_of
from gateway.model.secret import Secret

TIMEOUT_S: Final = 20.0


@pytest.fixture
async def server() -> AsyncIterator[EslServer]:
    made = EslServer(Secret(SECRET), time.time, Random(1))
    yield made
    await made.stop()


class TestSimulatedFreeswitch(CommandContract):
    @pytest.fixture
    async def commanded(self, server: EslServer, tmp_path: Path) -> AsyncIterator[CommandedPbx]:
        async with Line(await server.start("127.0.0.1", 0)) as line:
            yield commanded(line, tmp_path)


class Desk:
    """Somebody who gives orders and sees what becomes of the calls."""

    def __init__(self, connector: FreeswitchConnector, sink: RecordingSink) -> None:
        self.connector = connector
        self._sink = sink
        self._orders = 0

    def calls(self) -> list[Call]:
        board = Board(PBX, SITE)
        calls = {call.call_id: call for event in self._sink.events for call in board.apply(event).calls}
        return [call for call in calls.values() if call.merged_into is None]

    def call(self) -> Call:
        (call,) = self.calls()
        return call

    def record(self) -> dict[str, Any]:
        return record_of(self.call(), SITE)

    async def gives(self, command: Command, call: Call | None = None, consultation: Call | None = None) -> None:
        self._orders += 1
        order = CommandId(ulid(1_800_000_000.0, self._orders.to_bytes(10, "big")))
        await self.connector.execute(Order(id=order, pbx=PBX, command=command, call=call, consultation=consultation))

    async def until(self, condition: Callable[[], bool]) -> None:
        await self._sink.until(condition, TIMEOUT_S)

    async def until_record(self, **expected: Any) -> None:
        def holds() -> bool:
            return len(self.calls()) == 1 and expected.items() <= self.record().items()

        await self.until(holds)

    async def talking(self) -> Call:
        """Let 1001 call 8885551 and be answered."""
        await self.gives(PlaceCall(extension="1001", number="8885551"))
        await self.until_record(answered_by=["8885551"])
        return self.call()


@asynccontextmanager
async def desk(server: EslServer, folder: Path, **changed: Any) -> AsyncIterator[Desk]:
    sink = RecordingSink()
    async with (
        Line(await server.start("127.0.0.1", 0)) as line,
        connected(settings_for(line, **changed), sink, folder) as connector,
    ):
        yield Desk(connector, sink)


async def test_a_placed_call_is_the_agents_and_ends_by_cti_when_it_is_hung_up(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        record = one.record()
        assert (record["caller"], record["called"], record["direction"]) == ("1001", "8885551", "outbound")
        await one.gives(HangUp(), call)
        await one.until_record(state="ended", ended_by="cti", outcome="answered")


async def test_one_who_is_held_is_held_until_he_is_retrieved(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(Hold(by="1001"), call)
        await asyncio.sleep(0.1)
        await one.gives(Retrieve(by="1001"), one.call())
        await one.gives(HangUp(by="1001"), one.call())
        await one.until_record(state="ended")
        assert server.state.legs == {}


async def test_a_blind_transfer_keeps_its_kind_and_its_agent(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(BlindTransfer(by="1001", to="1002"), call)
        await one.until_record(answered_by=["8885551", "1002"])
        (transfer,) = one.record()["transfers"]
        assert (transfer["kind"], transfer["by"], transfer["to"], transfer["result"]) == ("blind", "1001", "1002", "completed")


async def consulting(one: Desk) -> tuple[Call, Call]:
    """Let 1001 talk to 8885551, and consult 1002, who answers."""
    call = await one.talking()
    await one.gives(Consult(by="1001", to="1002"), call)

    def answered() -> bool:
        return any(other.answered_by == ("1002",) for other in one.calls())

    await one.until(answered)
    first, second = sorted(one.calls(), key=lambda each: each.began_at)
    assert record_of(second, SITE)["caller"] == "1001"
    return first, second


async def test_a_consultation_becomes_a_transfer(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call, consultation = await consulting(one)
        await one.gives(CompleteTransfer(by="1001"), call, consultation)
        await one.until_record(answered_by=["8885551", "1002"], state="active")
        (transfer,) = one.record()["transfers"]
        assert (transfer["kind"], transfer["by"], transfer["to"], transfer["result"]) == ("attended", "1001", "1002", "completed")
        assert len(server.state.legs) == 2
        await one.gives(HangUp(), one.call())
        await one.until_record(state="ended", ended_by="cti")


async def test_a_consultation_that_is_given_up_leads_back_to_whom_was_held(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call, consultation = await consulting(one)
        await one.gives(CancelTransfer(by="1001"), call, consultation)
        await one.until(lambda: any(each.ended for each in one.calls()))
        own, consulted = sorted(one.calls(), key=lambda each: each.began_at)
        assert (own.ended, own.held_since, consulted.ended) == (False, None, True)
        with pytest.raises(CommandRefusedError, match="consults nobody"):
            await one.gives(CompleteTransfer(by="1001"), own)
        await one.gives(HangUp(by="1001"), own)
        await one.until(lambda: all(each.ended for each in one.calls()))
        assert server.state.legs == {}


async def test_who_is_parked_waits_in_a_slot_until_somebody_dials_it(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(Park(by="1001"), call)
        parked = {"kind": "park", "by": "1001", "slot": "6001"}
        await one.until(lambda: any(parked.items() <= each.items() for each in one.record()["transfers"]))
        assert len(server.state.legs) == 1
        await one.gives(PlaceCall(extension="1003", number="6001"))
        await one.until_record(answered_by=["8885551", "1003"])


async def test_a_recording_is_in_the_record(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(StartRecording(), call)
        await one.until_record(state="active")
        file = one.record()["recording"]
        assert file.startswith(f"/var/lib/freeswitch/recordings/tieline-{call.call_id}-")


async def test_keys_and_a_supervisor_are_taken(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(SendDigits(by="1001", digits="12#"), call)
        await one.gives(Monitor(extension="1003", agent="1001", mode=MonitorMode.WHISPER), call)
        assert len(server.state.legs) == 3


async def test_a_leg_that_is_gone_is_refused_in_the_pbxs_words(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path) as one:
        call = await one.talking()
        await one.gives(HangUp(), call)
        with pytest.raises(CommandRefusedError, match="fs1 refuses uuid_hold: No such channel!"):
            await one.gives(Hold(by="1001"), call)


async def test_an_agent_logs_in_takes_a_break_and_leaves(server: EslServer, tmp_path: Path) -> None:
    queue = QueueName("support@default")
    async with desk(server, tmp_path, commands=CommandSettings(agent="{extension}@default")) as one:
        await one.gives(LogIn(queue=queue, extension="1001", penalty=2))
        assert "1001@default|single_box||callback|user/1001|Available|Waiting" in server.run("callcenter_config agent list")
        assert "support@default|1001@default|Ready|2|1" in server.run("callcenter_config tier list")
        await one.gives(SetPause(extension="1001", paused=True))
        assert "|On Break|" in server.run("callcenter_config agent list")
        await one.gives(SetPenalty(extension="1001", penalty=5))
        assert "|Ready|5|" in server.run("callcenter_config tier list")
        await one.gives(LogOut(queue=queue, extension="1001"))
        assert "|Logged Out|" in server.run("callcenter_config agent list")
        assert "1001@default" not in server.run("callcenter_config tier list")
        with pytest.raises(CommandRefusedError, match="1001 serves not queue"):
            await one.gives(LogOut(queue=queue, extension="1001"))
        with pytest.raises(CommandRefusedError, match="1002 is no agent"):
            await one.gives(SetPause(extension="1002", paused=True))


async def test_what_needs_a_setting_or_is_not_freeswitchs_names_the_line(server: EslServer, tmp_path: Path) -> None:
    async with desk(server, tmp_path, commands=CommandSettings()) as one:
        assert "place_call" not in one.connector.commands
        assert "commands: {context: default}" in one.connector.why_not("place_call")
        assert "parking_lot" in one.connector.why_not("park")
        assert "dial plan" in one.connector.why_not("set_forwarding")
        with pytest.raises(CommandRefusedError, match="context: default"):
            await one.gives(PlaceCall(extension="1001", number="1002"))
