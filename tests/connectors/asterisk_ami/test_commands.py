import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.ami_bench import PBX, Bench
from support.building import Story
from support.command_contract import CommandContract, CommandedPbx
from support.commanded_asterisk import commanded as commanded_by
from support.fake_asterisk import SECRET, USERNAME, FakeAsterisk, Reply, block, leg_event, refuse
from support.line import Line
from support.virtual_time import clock, in_virtual_time

from connectors.asterisk_ami.settings import CommandSettings
from connectors.simulator.pbx_state import Fields
from gateway.model.calls import Call
from gateway.model.commands import (
    Command,
    CommandId,
    Consult,
    HangUp,
    Hold,
    LogOut,
    Order,
    Park,
    PlaceCall,
    Redirect,
    SetDoNotDisturb,
)
from gateway.model.errors import CommandRefusedError, CommandUnansweredError, PeerUnavailableError
from gateway.model.events import LegCreated, LegHeld, LegRetrieved
from gateway.model.ids import QueueName

COMMANDS = CommandSettings(context="internal", hold_context="tieline-hold")
PLACE = PlaceCall(extension="1001", number="1002")


def order(command: Command, call: Call | None = None) -> Order:
    return Order(id=CommandId("01KXAMPLE"), pbx=PBX, command=command, call=call)


def success(action: Fields) -> bytes:
    return block(Response="Success", ActionID=action.get("actionid", ""), Message="done")


def begun(action: Fields) -> bytes:
    """What an Originate brings where the telephone is there, and where it is not."""
    device, leg = action["channel"], action["channelid"]
    if device.startswith("PJSIP/1006"):
        failed = {"Uniqueid": leg, "Channel": device, "Reason": "0", "Exten": action.get("exten", "")}
        return success(action) + block(Event="OriginateResponse", Response="Failure", **failed)
    there = {"Channel": f"{device}-00000001", "Uniqueid": leg, "Linkedid": leg, "ChannelState": "0", "Context": "internal"}
    return success(action) + block(Event="Newchannel", **there)


def allow(asterisk: FakeAsterisk, *actions: str) -> None:
    """Let the PBX obey these, and say so."""

    def listed(action: Fields) -> bytes:
        return block(
            Response="Success", ActionID=action.get("actionid", ""), **dict.fromkeys(actions, "It does (Priv: call,all)")
        )

    asterisk.replies["listcommands"] = listed
    for name in actions:
        asterisk.replies.setdefault(name.lower(), success)
    asterisk.replies["originate"] = begun


ALL = ("Originate", "Hangup", "Setvar", "Atxfer", "BlindTransfer", "Redirect", "Park", "QueueRemove", "DBPut", "DBDel")


@pytest.fixture
def commanded(bench: Bench) -> Bench:
    allow(bench.asterisk, *ALL)
    return bench


def talking() -> Call:
    """1001 talks with a caller, on the legs that :func:`show_legs` shows the connector."""
    story = Story(at=clock())
    return story.comes_in("1795000000.1").rings("1001", "1795000000.1").answers("1001", "1795000000.1").call()


async def show_legs(bench: Bench) -> None:
    """Let the PBX tell of the legs of :func:`talking`."""
    bench.asterisk.write(leg_event("Newchannel", 1))
    bench.asterisk.write(leg_event("Newchannel", 2, Channel="PJSIP/1001-00000002", Uniqueid="1001", Linkedid="1795000000.1"))
    await bench.sink.until(lambda: len(bench.sink.named(LegCreated)) == 2)


class TestScriptedAsterisk(CommandContract):
    @pytest.fixture
    async def commanded(self, tmp_path: Path) -> AsyncIterator[CommandedPbx]:
        asterisk = FakeAsterisk(time.time)
        allow(asterisk, *ALL)
        await asterisk.listen()
        async with Line(asterisk.port) as line:
            yield commanded_by(line, USERNAME, SECRET, tmp_path)
        await asterisk.stop()


@in_virtual_time
async def test_what_is_offered_is_what_the_pbx_lets_us_do_and_nothing_without_it(bench: Bench) -> None:
    allow(bench.asterisk, "Originate", "Hangup")
    async with bench.asterisk_runs(), bench.connector_runs(commands=COMMANDS) as connector:
        assert connector.commands == frozenset()
        with pytest.raises(PeerUnavailableError, match="cc1 is not connected"):
            connector.why_not("hang_up")
        await bench.sink.connected()
        assert connector.commands == {"place_call", "monitor", "hang_up"}
        assert "`call`" in connector.why_not("park")
        with pytest.raises(CommandRefusedError, match=r"manager\.conf.*\[tieline\].*`call`"):
            await connector.execute(order(Park(by="1001")))
        await bench.asterisk.stop()
        await bench.sink.until(lambda: bench.sink.order[-1] == "retrying")
        assert connector.commands == frozenset()
        with pytest.raises(PeerUnavailableError, match="cc1"):
            await connector.execute(order(PLACE))


@in_virtual_time
async def test_an_order_whose_answer_never_comes_is_not_given_again_after_the_next_connection(commanded: Bench) -> None:
    commanded.asterisk.replies["originate"] = lambda _: None
    async with commanded.connected(commands=COMMANDS, action_timeout_s=7.0) as connector:
        began = asyncio.get_running_loop().time()
        with pytest.raises(CommandUnansweredError, match="Originate"):
            await connector.execute(order(PLACE))
        assert asyncio.get_running_loop().time() - began == pytest.approx(7.0, abs=0.1)
        for session in list(commanded.asterisk.sessions):
            session.cut()
        await commanded.sink.connected()
        await asyncio.sleep(600)
        assert len(commanded.asterisk.asked_for("Originate")) == 1


@in_virtual_time
async def test_an_order_in_flight_when_the_connection_ends_is_unanswered_and_never_given_again(commanded: Bench) -> None:
    def cut(action: Fields) -> None:
        for session in list(commanded.asterisk.sessions):
            session.cut()

    commanded.asterisk.replies["originate"] = cut
    async with commanded.connected(commands=COMMANDS) as connector:
        with pytest.raises(CommandUnansweredError):
            await connector.execute(order(PLACE))
        await commanded.sink.connected()
        await asyncio.sleep(600)
        assert len(commanded.asterisk.asked_for("Originate")) == 1


@in_virtual_time
async def test_a_call_that_the_pbx_took_and_of_which_no_leg_comes_is_unanswered(commanded: Bench) -> None:
    commanded.asterisk.replies["originate"] = success
    async with commanded.connected(commands=COMMANDS, action_timeout_s=7.0) as connector:
        with pytest.raises(CommandUnansweredError, match=r"1001's telephone within 7 s"):
            await connector.execute(order(PLACE))


@in_virtual_time
async def test_a_refused_step_takes_the_steps_before_it_back(commanded: Bench) -> None:
    replies: dict[str, Reply] = {"RX": success, "TX": refuse("No such channel")}
    commanded.asterisk.replies["setvar"] = lambda action: replies[
        "TX" if action["value"] != "0" and "TX" in action["variable"] else "RX"
    ](action)
    call = talking()
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        with pytest.raises(CommandRefusedError, match="refuses Setvar: No such channel"):
            await connector.execute(order(Hold(by="1001"), call))
    steps = [(asked["variable"], asked["value"]) for asked in commanded.asterisk.asked_for("Setvar")]
    assert steps == [("VOLUME(RX)", "-32000"), ("VOLUME(TX)", "-32000"), ("VOLUME(RX)", "0")]
    assert [type(event) for event in commanded.sink.named(LegHeld, LegRetrieved)] == [LegHeld, LegRetrieved]


@in_virtual_time
async def test_a_hold_without_music_is_a_hold(commanded: Bench) -> None:
    commanded.asterisk.replies["originate"] = refuse("Extension does not exist.")
    call = talking()
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        await connector.execute(order(Hold(by="1001"), call))
    assert [asked["value"] for asked in commanded.asterisk.asked_for("Setvar")] == ["-32000", "-32000"]


@in_virtual_time
async def test_a_consultation_that_the_dial_plan_does_not_allow_is_refused_with_its_cure(commanded: Bench) -> None:
    call = talking()
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        with pytest.raises(CommandRefusedError, match=r"option t .*features\.conf"):
            await connector.execute(order(Consult(by="1001", to="1002"), call))


@pytest.mark.parametrize("said", ["Did not find extension 1002@internal", "Permission denied", "Invalid/unknown command"])
@in_virtual_time
async def test_nobody_is_moved_to_a_number_that_the_pbx_says_it_does_not_know(commanded: Bench, said: str) -> None:
    commanded.asterisk.replies["showdialplan"] = refuse(said)
    call = talking()
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        if said.startswith("Did not find"):
            with pytest.raises(CommandRefusedError, match="cc1 knows no number 1002 in its context internal"):
                await connector.execute(order(Redirect(to="1002"), call))
        else:
            await connector.execute(order(Redirect(to="1002"), call))
    assert bool(commanded.asterisk.asked_for("Redirect")) is not said.startswith("Did not find")


@in_virtual_time
async def test_a_number_that_a_switch_may_know_is_tried(commanded: Bench) -> None:
    def dial_plan(action: Fields) -> bytes:
        if "extension" in action:
            return refuse("Did not find extension 1002@internal")(action) or b""
        listed = block(Response="Success", ActionID=action["actionid"], EventList="start")
        listed += block(Event="ListDialplan", ActionID=action["actionid"], Context="internal", Switch="Realtime/@extensions")
        return listed + block(Event="ShowDialPlanComplete", ActionID=action["actionid"], EventList="Complete")

    commanded.asterisk.replies["showdialplan"] = dial_plan
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        await connector.execute(order(Redirect(to="1002"), talking()))
    assert len(commanded.asterisk.asked_for("Redirect")) == 1


@in_virtual_time
async def test_the_second_leg_that_went_with_the_first_needs_no_hanging_up(commanded: Bench) -> None:
    commanded.asterisk.replies["hangup"] = lambda action: (
        success(action) if "carrier" in action["channel"] else refuse("No such channel")(action)
    )
    call = talking()
    async with commanded.connected(commands=COMMANDS) as connector:
        await show_legs(commanded)
        await connector.execute(order(HangUp(), call))
    assert len(commanded.asterisk.asked_for("Hangup")) == 2


@pytest.mark.parametrize(
    ("command", "settings", "words"),
    [
        (PLACE, CommandSettings(), r"commands: \{context: .*pbx: cc1"),
        (SetDoNotDisturb(extension="1001", on=True), COMMANDS, r"commands: \{astdb: .*pbx: cc1"),
        (LogOut(queue=QueueName("none"), extension="1001"), COMMANDS, "1001 serves not queue 'none' at cc1"),
    ],
    ids=["context", "astdb", "queue"],
)
@in_virtual_time
async def test_a_refusal_names_the_pbx_and_what_to_change(
    commanded: Bench, command: Any, settings: CommandSettings, words: str
) -> None:
    async with commanded.connected(commands=settings) as connector:
        with pytest.raises(CommandRefusedError, match=words):
            await connector.execute(order(command))


@in_virtual_time
async def test_a_slot_is_refused_by_an_asterisk_that_would_choose_another(commanded: Bench) -> None:
    commanded.asterisk.replies["coresettings"] = lambda action: block(
        Response="Success", ActionID=action["actionid"], AsteriskVersion="16.28.0"
    )
    async with commanded.connected(commands=COMMANDS) as connector:
        with pytest.raises(CommandRefusedError, match="Asterisk 16 at cc1 parks in any free slot"):
            await connector.execute(order(Park(by="1001", slot="71"), talking()))
