"""Call control on real Asterisks: telephones that say a tone of their own, and hear the right ones."""

import asyncio
import wave
from pathlib import Path
from typing import Final

import pytest
from rig.asterisk import Asterisk
from rig.leg import Answer, Ring
from rig.rtp import AUDIBLE, loudness
from rig.stage import FROM_CALLER, Ensemble
from support.commanded_desk import SETTLED_S, SITE, TONES, Desk, connected, heard, say
from support.waiting import until

from connectors.asterisk_ami.settings import CommandSettings
from gateway.model.commands import (
    BlindTransfer,
    CancelTransfer,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Monitor,
    MonitorMode,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    StartRecording,
    StopRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.record import record_of

pytestmark = pytest.mark.live

FAR: Final = "8885551"


async def test_click_to_dial_rings_the_agent_first_and_shows_each_the_other(desk: Desk) -> None:
    desk.phones.carrier.numbers[FAR] = Answer(0.5)
    order = await desk.order(PlaceCall(extension="1001", number="9" + FAR))
    agent = await (await desk.phones.agents["1001"].next_leg()).until_up()
    far = await (await desk.phones.carrier.next_leg()).until_up()
    say(agent, "1001")
    say(far, "far")
    await asyncio.sleep(SETTLED_S)
    assert "9" + FAR in agent.shown
    assert FAR not in far.shown
    assert (heard(agent), heard(far)) == ({"far"}, {"1001"})
    leg = desk.connector.first_leg(order)
    assert leg is not None
    assert leg in desk.call("1001").legs
    await desk.order(HangUp(), desk.call("1001"))
    record = await desk.over()
    assert (record["caller"], record["called"], record["direction"]) == ("1001", FAR, "outbound")
    assert (record["outcome"], record["ended_by"]) == ("answered", "cti")


async def test_a_telephone_that_is_called_by_the_dial_plan_is_found_behind_its_local_leg(
    commanded_asterisk: Asterisk, phones_of_commanded: Ensemble, tmp_path: Path
) -> None:
    by_dial_plan = CommandSettings(context="internal", device="Local/{extension}@internal")
    async with connected(commanded_asterisk, tmp_path, commands=by_dial_plan) as (connector, sink):
        desk = Desk(commanded_asterisk, phones_of_commanded, connector, sink)
        with pytest.raises(CommandRefusedError, match="1006 cannot be called"):
            await desk.order(PlaceCall(extension="1006", number="1002"))
        await desk.order(PlaceCall(extension="1001", number="1002"))
        agent = await (await phones_of_commanded.agents["1001"].next_leg()).until_up()
        second = await (await phones_of_commanded.agents["1002"].next_leg()).until_up()
        await asyncio.sleep(SETTLED_S)
        await agent.hang_up()
        await second.until_ended()
        record = await desk.over()
        assert (record["caller"], record["called"], record["outcome"]) == ("1001", "1002", "answered")


async def test_held_caller_hears_music_and_the_agent_hears_nobody(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(Hold(by="1001"), desk.call("1001"))
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent)) == ({"music"}, set())
    await asyncio.sleep(1)
    assert desk.call("1001").held_since is not None
    await desk.order(Retrieve(by="1001"), desk.call("1001"))
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent)) == ({"1001"}, {"caller"})
    await agent.hang_up()
    await caller.until_ended()
    record = await desk.over()
    assert 1.9 <= record["hold_s"] <= 3.5
    assert (record["outcome"], record["transfers"], record["ended_by"]) == ("answered", [], "called")


async def test_agent_who_hangs_up_while_he_holds_leaves_nobody_waiting(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(Hold(by="1001"), desk.call("1001"))
    await agent.hang_up()
    await caller.until_ended()
    assert (await desk.over())["ended_by"] == "called"


async def test_attended_transfer_joins_the_two_that_stay(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(Hold(by="1001"), desk.call("1001"))
    await desk.order(Consult(by="1001", to="1002"), desk.call("1001"))
    second = await (await desk.phones.agents["1002"].next_leg()).until_up()
    say(second, "1002")
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent), heard(second)) == ({"music"}, {"1002"}, {"1001"})
    main, consultation = desk.call("+85291234567"), desk.call("1002")
    assert main.call_id != consultation.call_id
    await desk.order(CompleteTransfer(by="1001"), main, consultation)
    await agent.until_ended()
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(second)) == ({"1002"}, {"caller"})
    await caller.hang_up()
    record = await desk.over()
    (transfer,) = record["transfers"]
    assert transfer | {"consult_s": 0} == {"kind": "attended", "by": "1001", "to": "1002", "result": "completed", "consult_s": 0}
    assert record["answered_by"] == ["1001", "1002"]
    assert record["ended_by"] == "caller"


@pytest.mark.parametrize("answers", [True, False])
async def test_consultation_given_up_brings_the_agent_back_to_the_caller(desk: Desk, answers: bool) -> None:
    desk.phones.agents["1002"].behaviour = Answer(0.3) if answers else Ring()
    caller, agent = await desk.talk()
    await desk.order(Consult(by="1001", to="1002"), desk.call("1001"))
    second = await desk.phones.agents["1002"].next_leg()
    await (second.until_up() if answers else second.until_ringing())
    await asyncio.sleep(1)
    await desk.order(CancelTransfer(by="1001"), desk.call("+85291234567"), desk.call("1002"))
    await second.until_ended()
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(agent)) == ({"1001"}, {"caller"})
    await caller.hang_up()
    await desk.over()
    first, other = sorted((record_of(call, SITE) for call in desk.ended), key=lambda record: record["started_at"])
    assert (first["transfers"], first["answered_by"]) == ([], ["1001"])
    assert (other["caller"], other["called"]) == ("1001", "1002")
    assert other["answered_by"] == (["1002"] if answers else [])


async def test_blind_transfer_and_redirect_move_the_caller(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(BlindTransfer(by="1001", to="1002"), desk.call("1001"))
    second = await (await desk.phones.agents["1002"].next_leg()).until_up()
    await agent.until_ended()
    await asyncio.sleep(SETTLED_S)
    with pytest.raises(CommandRefusedError, match="cc1 knows no number 4444 in its context internal"):
        await desk.order(Redirect(to="4444"), desk.call("1002"))
    await desk.order(Redirect(to="1003"), desk.call("1002"))
    third = await (await desk.phones.agents["1003"].next_leg()).until_up()
    say(third, "1003")
    await second.until_ended()
    await asyncio.sleep(SETTLED_S)
    assert (heard(caller), heard(third)) == ({"1003"}, {"caller"})
    await desk.order(HangUp(by="1003"), desk.call("1003"))
    await caller.until_ended()
    record = await desk.over()
    moves = [(move["kind"], move["by"], move["to"], move["result"]) for move in record["transfers"]]
    assert moves == [("blind", "1001", "1002", "completed"), ("redirect", "cti", "1003", "completed")]


async def test_parked_caller_is_picked_up_from_the_slot_that_is_told(desk: Desk) -> None:
    caller, agent = await desk.talk()
    wanted = "707" if desk.pbx.major >= 20 else None
    await desk.order(Park(by="1001", slot=wanted), desk.call("1001"))
    await asyncio.sleep(SETTLED_S)
    (transfer,) = desk.call("+85291234567").transfers
    await agent.hang_up()
    assert transfer.slot is not None
    assert transfer.slot == wanted or wanted is None
    second = await (await desk.phones.agents["1002"].dial(transfer.slot)).until_up()
    say(second, "1002")
    await asyncio.sleep(SETTLED_S)
    assert heard(caller) == {"1002"}
    await second.hang_up()
    await caller.until_ended()
    (told,) = (await desk.over())["transfers"]
    assert (told["kind"], told["by"], told["to"], told["result"]) == ("park", "1001", "1002", "completed")


async def test_supervisor_is_heard_as_the_mode_says(desk: Desk) -> None:
    caller, agent = await desk.talk()
    for mode, by_agent, by_caller in (
        (MonitorMode.LISTEN, {"caller"}, {"1001"}),
        (MonitorMode.WHISPER, {"caller", "1003"}, {"1001"}),
        (MonitorMode.BARGE, {"caller", "1003"}, {"1001", "1003"}),
    ):
        await desk.order(Monitor(extension="1003", agent="1001", mode=mode), desk.call("1001"))
        supervisor = await (await desk.phones.agents["1003"].next_leg()).until_up()
        say(supervisor, "1003")
        await asyncio.sleep(SETTLED_S + 0.4)
        assert heard(supervisor) == {"caller", "1001"}
        assert (heard(agent), heard(caller)) == (by_agent, by_caller), mode
        await supervisor.hang_up()
        await asyncio.sleep(0.4)
    await agent.hang_up()
    await caller.until_ended()
    await desk.over()
    records = [record_of(call, SITE) for call in desk.ended]
    assert [record["caller"] for record in records] == ["1003", "1003", "1003", "+85291234567"]
    assert records[-1]["answered_by"] == ["1001"]


async def test_recording_holds_both_voices_but_what_was_paused(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(StartRecording(), desk.call("1001"))
    await asyncio.sleep(1.5)
    await desk.order(PauseRecording(), desk.call("1001"))
    await asyncio.sleep(1.5)
    await desk.order(ResumeRecording(), desk.call("1001"))
    await asyncio.sleep(1.5)
    call = desk.call("1001")
    await desk.order(StopRecording(), call)
    with pytest.raises(CommandRefusedError, match="StopMixMonitor"):
        await desk.order(StopRecording(), desk.call("1001"))
    await caller.hang_up()
    await agent.until_ended()
    name = (await desk.over())["recording"]
    assert name.startswith(f"tieline-{call.call_id}")
    with wave.open(str(desk.pbx.run / "spool/monitor" / name)) as file:
        data = file.readframes(file.getnframes())
    samples = memoryview(data).cast("h").tolist()
    begin, middle, end = samples[4000:8000], samples[16_000:20_000], samples[-6000:-2000]
    for part in (begin, end):
        assert loudness(part, TONES["caller"]) > AUDIBLE
        assert loudness(part, TONES["1001"]) > AUDIBLE
    assert max(loudness(middle, hertz) for hertz in TONES.values()) < AUDIBLE


async def test_digits_are_heard_by_the_other_side_or_else_by_the_menu(desk: Desk) -> None:
    caller, agent = await desk.talk()
    await desk.order(SendDigits(by="1001", digits="15#"), desk.call("1001"))
    await until(lambda: len(caller.voice.digits) >= 3)
    await asyncio.sleep(SETTLED_S)
    assert (caller.voice.digits, agent.voice.digits) == ("15#", "")
    await agent.hang_up()
    await desk.over()
    caller = await (await desk.phones.carrier.dial("5100", FROM_CALLER)).until_up()
    await asyncio.sleep(SETTLED_S)
    await desk.order(SendDigits(by="+85291234567", digits="0"), desk.call("+85291234567"))
    await (await desk.phones.agents["1001"].next_leg()).until_up()
    await caller.hang_up()
    assert (await desk.over())["digits"] == "0"
