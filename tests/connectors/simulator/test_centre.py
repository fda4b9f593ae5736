import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Final

import msgspec
import pytest
from support.recording_sink import RecordingSink
from support.virtual_time import clock, in_virtual_time

from connectors.asterisk_ami.connection import AsteriskConnector
from connectors.asterisk_ami.settings import AsteriskSettings
from connectors.simulator.centre import CAPTURES, CallCentre, SimulatorSettings, create, simulate
from connectors.simulator.score import load_score
from connectors.simulator.server import AmiServer
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import Command, CommandId, HangUp, Hold, Order, SetPause
from gateway.model.errors import CaptureError, ConfigurationError
from gateway.model.ids import CallId, PbxName
from gateway.model.record import record_of
from gateway.model.secret import Secret

PBX: Final = PbxName("demo")


@asynccontextmanager
async def connector(settings: AsteriskSettings, folder: Path) -> AsyncIterator[RecordingSink]:
    sink = RecordingSink()
    running = asyncio.create_task(AsteriskConnector(PBX, settings, folder, clock=clock, random=Random(1)).run(sink))
    try:
        await sink.connected()
        yield sink
    finally:
        running.cancel()
        await asyncio.wait([running])


def calls_of(sink: RecordingSink, settings: SimulatorSettings) -> dict[CallId, Call]:
    board = Board(PBX, settings.site)
    calls: dict[CallId, Call] = {}
    for event in sink.events:
        calls |= {call.call_id: call for call in board.apply(event).calls}
    return {call_id: call for call_id, call in calls.items() if call.merged_into is None}


@in_virtual_time
async def test_connector_hears_a_living_call_centre(tmp_path: Path) -> None:
    settings = SimulatorSettings(lanes=5, pace=5.0, pause_s=8.0)
    async with create(settings) as endpoint:
        given = msgspec.convert(dict(endpoint), AsteriskSettings, dec_hook=lambda _type, value: value)
        async with connector(given, tmp_path) as sink:
            await asyncio.sleep(600)
            assert sink.gaps == []
    calls = calls_of(sink, settings)
    ended = [call for call in calls.values() if call.ended]
    assert len(ended) > 40
    assert len(calls) - len(ended) <= 12
    outcomes = Counter(record_of(call, settings.site)["outcome"] for call in ended)
    assert {"answered", "abandoned", "no_answer"} <= set(outcomes)
    assert outcomes.keys().isdisjoint({"unknown"})


@in_virtual_time
async def test_who_connects_in_the_middle_finds_the_calls_that_live(tmp_path: Path) -> None:
    settings = SimulatorSettings(lanes=5, pace=20.0)
    async with create(settings) as endpoint:
        given = msgspec.convert(dict(endpoint), AsteriskSettings, dec_hook=lambda _type, value: value)
        async with connector(given, tmp_path):
            await asyncio.sleep(60)
        async with connector(given, tmp_path) as late:
            assert len([each for each in late.order if each == "LegSeen"]) >= 2
            await asyncio.sleep(600)
    unknown = [
        call
        for call in calls_of(late, settings).values()
        if call.ended and record_of(call, settings.site)["outcome"] == "unknown"
    ]
    assert unknown == []


@in_virtual_time
async def test_calls_are_ended_and_held_and_breaks_are_kept(tmp_path: Path) -> None:
    settings = SimulatorSettings(captures=str(only(tmp_path, "hold")), lanes=1, pace=20.0, pause_s=1.0)
    sink = RecordingSink()
    async with create(settings) as endpoint:
        given = msgspec.convert(dict(endpoint), AsteriskSettings, dec_hook=lambda _type, value: value)
        asterisk = AsteriskConnector(PBX, given, tmp_path, clock=clock, random=Random(1))
        running = asyncio.create_task(asterisk.run(sink))
        await sink.connected()
        await asyncio.sleep(40)
        assert asterisk.commands == {"hang_up", "hold", "retrieve", "set_pause"}
        assert asterisk.why_not("park").startswith("demo does not take it: the simulated PBX plays recorded calls")
        (call,) = live(sink, settings)
        assert call.answered_by == ("1001",)

        async def order(command: Command) -> None:
            await asterisk.execute(Order(id=CommandId("01"), pbx=PBX, command=command, call=call))

        await order(Hold(by="1001"))
        assert [each.held_by is not None for each in live(sink, settings)] == [True]
        await order(SetPause(extension="1001", paused=True, reason="Lunch"))
        await order(HangUp(by="1001"))
        await asyncio.sleep(300)
        assert live(sink, settings) == []
        before = len(calls_of(sink, settings))
        await order(SetPause(extension="1001", paused=False))
        await asyncio.sleep(60)
        running.cancel()
        await asyncio.wait([running])
    assert (before, len(calls_of(sink, settings)) > before) == (1, True)
    ended = next(iter(calls_of(sink, settings).values()))
    assert (record_of(ended, settings.site)["outcome"], record_of(ended, settings.site)["ended_by"]) == ("answered", "cti")


def only(folder: Path, name: str) -> Path:
    """Return a folder with this one of the recordings."""
    chosen = folder / "captures"
    chosen.mkdir()
    (chosen / name).symlink_to(CAPTURES / name)
    return chosen


def live(sink: RecordingSink, settings: SimulatorSettings) -> list[Call]:
    return [call for call in calls_of(sink, settings).values() if not call.ended]


@in_virtual_time
async def test_each_recording_is_played_once_to_whoever_comes() -> None:
    server = AmiServer("tieline", Secret("x"), clock, Random(1))
    scores = [load_score(CAPTURES / name) for name in ("hold", "internal")]
    playing = asyncio.create_task(CallCentre(server, scores, pace=1.0, pause_s=0).play_once())
    await asyncio.sleep(100)
    assert not playing.done()
    server.somebody_listens.set()
    began = clock()
    await playing
    assert clock() - began == pytest.approx(sum(score.length_s for score in scores), abs=0.1)
    assert server.state.legs == {}


@in_virtual_time
async def test_tool_says_how_to_connect_and_ends_after_the_last_call(tmp_path: Path) -> None:
    said: asyncio.Queue[str] = asyncio.Queue()
    tool = asyncio.create_task(simulate([CAPTURES / "internal"], host="127.0.0.1", port=0, loop=False, listening=said.put_nowait))
    words = (await said.get()).replace(",", "").split()
    given = AsteriskSettings(
        host="127.0.0.1", port=int(words[2].rpartition(":")[2]), username=words[words.index("user") + 1],
        secret=Secret(words[words.index("secret") + 1]),
    )  # fmt: skip
    async with connector(given, tmp_path) as sink:
        await tool
        await asyncio.sleep(0)
    assert sink.order.count("LegCreated") == sink.order.count("LegCleared") == 2


@in_virtual_time
async def test_port_that_is_taken_is_said() -> None:
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(ConfigurationError, match=f"cannot listen at 127.0.0.1:{port}"):
        await simulate([CAPTURES / "hold"], host="127.0.0.1", port=port, loop=True, listening=lambda _: None)
    server.close()


@in_virtual_time
async def test_folder_that_is_no_capture_is_said(tmp_path: Path) -> None:
    with pytest.raises(CaptureError):
        await simulate([tmp_path], host="127.0.0.1", port=0, loop=True, listening=lambda _: None)


@pytest.mark.parametrize("wrong", [{"lanes": 0}, {"lanes": 11}, {"pace": 0}, {"pause_s": -1}, {"speed": 3}])
def test_wrong_settings_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(wrong, SimulatorSettings)
