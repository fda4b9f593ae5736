from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.esl_script import SITE, Script, talking

from connectors.freeswitch_esl.commands_plan import Act, Planner, first_leg, mark
from connectors.freeswitch_esl.mapping.marks import Mark, read_mark
from connectors.freeswitch_esl.protocol.commands import EslCommandDecoder, encode_command
from connectors.freeswitch_esl.settings import CommandSettings
from gateway.model.board import Board
from gateway.model.calls import Call
from gateway.model.commands import (
    BlindTransfer,
    CallCommand,
    CancelTransfer,
    Command,
    CommandId,
    CompleteTransfer,
    Consult,
    HangUp,
    Hold,
    Monitor,
    MonitorMode,
    Order,
    Park,
    PauseRecording,
    PlaceCall,
    Redirect,
    ResumeRecording,
    Retrieve,
    SendDigits,
    SetPause,
    StartRecording,
    StopRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.ids import PbxName

ID = CommandId("01KXAMPLE")
FULL = CommandSettings(context="default", parking_lot="lot")
TYPED = st.text() | st.text(alphabet="0189*#+", min_size=1, max_size=6) | st.text(alphabet="018&,|/\r\n\0${}'\" ", max_size=6)
LEG = "00000000-0000-0000-0000-000000000000"


def call_of(script: Script) -> Call:
    """Return the only call of a script that is live."""
    board = Board(PbxName("fs1"), script.site)
    calls = {call.call_id: call for event in script.events for call in board.apply(event).calls}
    (call,) = (call for call in calls.values() if call.merged_into is None and not call.ended)
    return call


def order(command: Command, call: Call | None = None, consultation: Call | None = None) -> Order:
    return Order(id=ID, pbx=PbxName("fs1"), command=command, call=call, consultation=consultation)


def planned(command: Command, call: Call | None = None, settings: CommandSettings = FULL, **more: Any) -> list[str]:
    planner = Planner("fs1", settings, SITE)
    asked = order(command, call, **more)
    acts = planner.place(asked, command) if isinstance(command, PlaceCall) else planner.of_call(asked, command)  # type: ignore[arg-type]  # of a call
    return [act.command for act in acts]


@pytest.mark.parametrize(
    ("command", "acts"),
    [
        (HangUp(), ["uuid_kill a NORMAL_CLEARING", "uuid_kill b NORMAL_CLEARING"]),
        (HangUp(by="1001"), ["uuid_kill b NORMAL_CLEARING"]),
        (Hold(by="1001"), ["uuid_hold b"]),
        (Retrieve(by="1001"), ["uuid_hold off b"]),
        (BlindTransfer(by="1001", to="1002"), ["uuid_transfer a 1002 XML default"]),
        (Consult(by="1001", to="1002"), ["uuid_broadcast b att_xfer::user/1002 aleg"]),
        (Consult(by="1001", to="913900139000"), ["uuid_broadcast b att_xfer::loopback/913900139000/default aleg"]),
        (Redirect(to="5000"), ["uuid_transfer a 5000 XML default"]),
        (Park(by="1001"), ["uuid_transfer a 'valet_park:lot auto in 6001 6099' inline"]),
        (Park(by="1001", slot="6007"), ["uuid_transfer a 'valet_park:lot 6007' inline"]),
        (SendDigits(by="1001", digits="12#"), ["uuid_send_dtmf a 12#"]),
    ],
)
def test_a_command_is_these_commands_of_freeswitch(command: CallCommand, acts: list[str]) -> None:
    assert planned(command, call_of(talking())) == acts


def test_a_placed_call_rings_the_agent_first_and_shows_the_far_end_the_agent() -> None:
    place = PlaceCall(extension="1001", number="913900139000", ring_s=20)
    leg = first_leg(order(place))
    (command,) = planned(place)
    assert command == (
        f"originate {{origination_uuid={leg},ignore_early_media=true,originate_timeout=20,"
        "origination_caller_id_number=913900139000,origination_caller_id_name=913900139000,"
        "effective_caller_id_number=1001,effective_caller_id_name=1001,hangup_after_bridge=true}"
        "user/1001 913900139000 XML default"
    )


def test_what_the_site_sets_is_set() -> None:
    settings = CommandSettings(
        context="office", dial="user/{extension}@example.com", auto_answer=True, variables={"domain_name": "example.com"}
    )
    (command,) = planned(PlaceCall(extension="1001", number="1002", caller_number="+861012345678"), settings=settings)
    assert ",sip_auto_answer=true,domain_name=example.com}user/1001@example.com 1002 XML office" in command
    assert ",effective_caller_id_number=+861012345678," in command


@pytest.mark.parametrize(
    ("mode", "application", "variable"),
    [
        (MonitorMode.LISTEN, "&eavesdrop(b)", None),
        (MonitorMode.WHISPER, "&eavesdrop(b)", "eavesdrop_whisper_aleg=true"),
        (MonitorMode.BARGE, "&three_way(b)", None),
    ],
)
def test_a_supervisor_hears_the_agents_leg_as_the_mode_says(mode: MonitorMode, application: str, variable: str | None) -> None:
    (command,) = planned(Monitor(extension="1003", agent="1001", mode=mode), call_of(talking()))
    assert command.endswith(f"user/1003 {application}")
    assert ("eavesdrop_whisper" in command) is (variable is not None)
    assert (variable or "") in command


def test_a_recording_has_a_file_of_its_own_and_is_ended_by_its_name() -> None:
    call = call_of(talking())
    file = f"/var/lib/freeswitch/recordings/tieline-{call.call_id}-{ID}.wav"
    assert planned(StartRecording(), call) == [f"uuid_record a start {file}"]
    for command, word in ((StopRecording(), "stop"), (PauseRecording(), "mask"), (ResumeRecording(), "unmask")):
        with pytest.raises(CommandRefusedError, match="nothing records"):
            planned(command, call)
        recorded = call_of(talking().says("RECORD_START", "a", Record__File__Path=file))
        assert planned(command, recorded) == [f"uuid_record a {word} {file}"]


def consulting() -> Script:
    script = talking().says("CHANNEL_EXECUTE", "b", Application="att_xfer", Application__Data="user/1002").later(0.1)
    return script.dials("c", "1002", by="b").later(1.0)


def consultation(*, answered: bool = True) -> tuple[Call, Call | None]:
    board, script = Board(PbxName("fs1"), SITE), consulting()
    if answered:
        script.answers("c").bridges("b", "c").later(2.0)
    calls = {call.call_id: call for event in script.events for call in board.apply(event).calls}
    live = [call for call in calls.values() if call.merged_into is None and not call.ended]
    first = next(call for call in live if "a" in {str(leg) for leg in call.legs})
    return first, next((call for call in live if "c" in {str(leg) for leg in call.legs}), None)


def test_a_consultation_ends_by_who_leaves_it() -> None:
    call, other = consultation()
    assert other is not None
    assert planned(CompleteTransfer(by="1001"), call, consultation=other) == ["uuid_kill b NORMAL_CLEARING"]
    assert planned(CancelTransfer(by="1001"), call, consultation=other) == ["uuid_kill c NORMAL_CLEARING"]


def test_a_consultation_that_only_rings_can_be_given_up_but_not_completed() -> None:
    call, other = consultation(answered=False)
    assert other is not None
    assert planned(CancelTransfer(by="1001"), call, consultation=other) == ["uuid_kill c NORMAL_CLEARING"]
    with pytest.raises(CommandRefusedError, match="has not answered"):
        planned(CompleteTransfer(by="1001"), call, consultation=other)


@pytest.mark.parametrize("command", [CompleteTransfer(by="1001"), CancelTransfer(by="1001")])
def test_who_consults_nobody_can_end_no_consultation(command: CallCommand) -> None:
    with pytest.raises(CommandRefusedError, match="1001 consults nobody"):
        planned(command, call_of(talking()))


@pytest.mark.parametrize(
    "command",
    [
        Hold(by="1002"),
        BlindTransfer(by="1002", to="1001"),
        Consult(by="1002", to="1001"),
        Park(by="1002"),
        SendDigits(by="1002", digits="1"),
        Monitor(extension="1003", agent="1002", mode=MonitorMode.LISTEN),
    ],
)
def test_a_device_without_a_part_in_the_call_is_refused(command: CallCommand) -> None:
    with pytest.raises(CommandRefusedError, match="1002 has no part in this call at fs1"):
        planned(command, call_of(talking()))


def test_who_talks_to_nobody_can_hand_nobody_over() -> None:
    script = Script().comes_in().later(0.1).dials()
    for command in (Hold(by="1001"), BlindTransfer(by="1001", to="1002"), Park(by="1001")):
        with pytest.raises(CommandRefusedError, match="1001 talks to nobody"):
            planned(command, call_of(script))


def test_keys_of_one_who_is_alone_are_heard_by_the_pbx() -> None:
    script = Script().comes_in(
        caller="1001", dialled="5000", Channel__Name="sofia/internal/1001@192.0.2.3", variable_sip_gateway_name=""
    )
    assert planned(SendDigits(by="1001", digits="1"), call_of(script.answers("a"))) == ["uuid_recv_dtmf a 1"]


def test_a_context_that_would_not_be_told_is_refused() -> None:
    with pytest.raises(CommandRefusedError, match="is told no context"):
        planned(Redirect(to="5000", context={"intent": "invoice"}), call_of(talking()))


ABOUT_A_CALL: list[CallCommand] = [
    BlindTransfer(by="1001", to="x"),
    Consult(by="1001", to="x"),
    Redirect(to="x"),
    Park(by="1001", slot="x"),
    SendDigits(by="1001", digits="x"),
    Monitor(extension="x", agent="1001", mode=MonitorMode.BARGE),
]
FIELDS = ("to", "slot", "digits", "extension")


@given(value=TYPED)
def test_whatever_is_typed_is_one_command_or_refused(value: str) -> None:
    call = call_of(talking())
    for template in ABOUT_A_CALL:
        field = next(field for field in FIELDS if getattr(template, field, None) == "x")
        plain = planned(msgspec.structs.replace(template, **{field: "7"}), call)
        try:
            acts = planned(msgspec.structs.replace(template, **{field: value}), call)
        except CommandRefusedError:
            continue
        for act, like in zip(acts, plain, strict=True):
            (heard,) = EslCommandDecoder().receive_data(encode_command("bgapi", act))
            assert heard.argument == act
            assert len(act.split(" ")) == len(like.split(" "))


def test_each_act_is_marked_with_who_asked_for_it() -> None:
    asked = order(BlindTransfer(by="1001", to="1002"))
    assert read_mark(mark(asked, 0)) == Mark("blind_transfer", "1001")
    assert mark(asked, 0) != mark(asked, 1)
    assert read_mark(mark(order(PlaceCall(extension="1001", number="1002")), 0)) == Mark("place_call", "")
    pause = SetPause(extension="1001", paused=True, reason="lunch")
    assert read_mark(mark(order(pause), 0)) == Mark("set_pause", "", "lunch")
    assert read_mark(mark(order(msgspec.structs.replace(pause, paused=False)), 0)) == Mark("set_pause")


def test_only_what_begins_a_call_has_a_first_leg() -> None:
    assert first_leg(order(Hold(by="1001"))) is None
    leg = first_leg(order(PlaceCall(extension="1001", number="1002")))
    assert leg is not None
    assert len(leg) == len(LEG)
    assert Act("x").begins is None
