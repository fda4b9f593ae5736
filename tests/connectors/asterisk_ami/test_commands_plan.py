from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.building import CALLER, Story
from support.scripts import consulted_by_feature

from connectors.asterisk_ami.commands_plan import Act, Planner, first_leg
from connectors.asterisk_ami.protocol import decode_action, encode_action
from connectors.asterisk_ami.settings import CommandSettings
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
    StartRecording,
    StopRecording,
)
from gateway.model.errors import CommandRefusedError
from gateway.model.events import LegHeld
from gateway.model.ids import LegId

ID = CommandId("01KXAMPLE")
FULL = CommandSettings(context="internal", hold_context="tieline-hold")
TYPED = st.text() | st.text(alphabet="0189*#+", min_size=1, max_size=6) | st.text(alphabet="018&,/\r\n\0${}() ", max_size=6)
ABOUT_A_CALL: list[CallCommand] = [
    HangUp(),
    HangUp(by="8001"),
    Hold(by="8001"),
    Retrieve(by="8001"),
    BlindTransfer(by="8001", to="8002"),
    Consult(by="8001", to="8002"),
    Redirect(to="8002"),
    Park(by="8001"),
    SendDigits(by="8001", digits="1"),
    StartRecording(),
    StopRecording(),
    PauseRecording(),
    ResumeRecording(),
    Monitor(extension="8003", agent="8001", mode=MonitorMode.LISTEN),
]


def talking() -> Story:
    return Story().comes_in().rings("8001").answers("8001").later(5)


def order(command: Command, call: Call | None = None, consultation: Call | None = None) -> Order:
    return Order(
        id=ID, pbx=call.pbx if call is not None else Story().board.pbx, command=command, call=call, consultation=consultation
    )


def plan(call: Call, command: CallCommand, settings: CommandSettings = FULL, **more: Any) -> list[Act]:
    silenced = more.pop("silenced", False)
    planner = Planner("cc1", settings, lambda leg: f"PJSIP/{leg}-1", lambda _: silenced)
    return planner.of_call(order(command, call, **more), command)


def shown(acts: list[Act]) -> list[tuple[str, dict[str, str]]]:
    return [(act.name, dict(act.headers)) for act in acts]


def place(command: PlaceCall, settings: CommandSettings = FULL) -> tuple[Act, list[str]]:
    (act,) = Planner("cc1", settings, lambda _: None, lambda _: False).place(order(command), command)
    return act, [value for key, value in act.headers if key == "Variable"]


# Calls that are placed


def test_a_placed_call_rings_the_agent_first_under_an_id_made_of_the_orders() -> None:
    command = PlaceCall(extension="8001", number="01062551234", ring_s=12.5)
    act, variables = place(command)
    headers = dict(act.headers)
    assert act.name == "Originate"
    assert (headers["Channel"], headers["Context"], headers["Exten"]) == ("PJSIP/8001", "internal", "01062551234")
    assert (headers["Timeout"], headers["Async"]) == ("12500", "true")
    assert headers["ChannelId"] == first_leg(order(command)) == act.begins == "tieline-01KXAMPLE"
    assert headers["OtherChannelId"] == "tieline-01KXAMPLE-2"
    # The agent sees whom he is about to call; the far end does not.
    assert "CallerID" not in headers
    assert variables == ["CONNECTEDLINE(num)=01062551234", "CONNECTEDLINE(name)=01062551234"]


def test_a_placed_call_shows_and_sets_what_is_wanted() -> None:
    settings = CommandSettings(context="internal", variables={"CRM_ID": "42"}, auto_answer="Alert-Info: info=alert-autoanswer")
    _, variables = place(PlaceCall(extension="8001", number="8002", caller_number="4001"), settings)
    assert variables[2:] == ["CALLERID(num)=4001", "CRM_ID=42", "PJSIP_HEADER(add,Alert-Info)=info=alert-autoanswer"]
    old = CommandSettings(context="internal", device="SIP/{extension}", auto_answer="Alert-Info: info=alert-autoanswer")
    act, variables = place(PlaceCall(extension="8001", number="8002"), old)
    assert dict(act.headers)["Channel"] == "SIP/8001"
    assert variables[2:] == ["SIPADDHEADER01=Alert-Info: info=alert-autoanswer"]


def test_a_number_that_would_not_be_shown_is_refused() -> None:
    local = CommandSettings(context="internal", device="Local/{extension}@from-internal")
    assert dict(place(PlaceCall(extension="8001", number="8002"), local)[0].headers)["Channel"] == "Local/8001@from-internal"
    with pytest.raises(CommandRefusedError, match=r"8001's own number instead of 4001.*device: PJSIP/\{extension\}"):
        place(PlaceCall(extension="8001", number="8002", caller_number="4001"), local)


@pytest.mark.parametrize("poison", ["1\r\nAction: Logoff", "1\n", "1&PJSIP/carrier/900", "1,n,2", "${X}", ""])
def test_nothing_but_a_number_is_dialled(poison: str) -> None:
    for command in (
        PlaceCall(extension=poison, number="1"),
        PlaceCall(extension="8001", number=poison),
        PlaceCall(extension="8001", number="1", caller_number=poison),
    ):
        with pytest.raises(CommandRefusedError):
            place(command)
    call = talking().call()
    poisoned: list[CallCommand] = [
        BlindTransfer(by="8001", to=poison),
        Consult(by="8001", to=poison),
        Redirect(to=poison),
        Park(by="8001", slot=poison),
        SendDigits(by="8001", digits=poison),
        Monitor(extension=poison, agent="8001", mode=MonitorMode.LISTEN),
    ]
    for each in poisoned:
        with pytest.raises(CommandRefusedError):
            plan(call, each)


@given(values=st.lists(TYPED, min_size=3, max_size=3), kind=st.sampled_from([*ABOUT_A_CALL, PlaceCall(extension="", number="")]))
def test_whatever_is_asked_for_becomes_the_actions_that_were_meant_or_none(values: list[str], kind: Command) -> None:
    texts = [name for name in kind.__struct_fields__ if name in ("to", "slot", "digits", "extension", "agent", "number")]
    command = msgspec.structs.replace(kind, **dict(zip(texts, values, strict=False)))
    call = talking().call()
    planner = Planner("cc1", FULL, lambda leg: f"PJSIP/{leg}-1", lambda _: False)
    try:
        wanted = order(command, call)
        acts = planner.place(wanted, command) if isinstance(command, PlaceCall) else planner.of_call(wanted, command)  # type: ignore[arg-type]  # of a call
    except CommandRefusedError:
        return
    for act in acts:
        name, headers = decode_action(encode_action(act.name, act.headers, "1"))
        assert (name, headers[1:]) == (act.name, list(act.headers))


# Calls that are steered


def test_the_whole_call_is_hung_up_from_the_caller_on_and_one_part_alone() -> None:
    call = talking().call()
    acts = plan(call, HangUp())
    assert [dict(act.headers)["Channel"] for act in acts] == ["PJSIP/caller-1", "PJSIP/8001-1"]
    # The second leg has gone with the first where the PBX sees to it.
    assert [act.optional for act in acts] == [False, True]
    assert shown(plan(call, HangUp(by="8001"))) == [("Hangup", {"Channel": "PJSIP/8001-1", "Cause": "16"})]


def test_holding_silences_the_holder_and_plays_music_to_the_other() -> None:
    *silence, music = plan(talking().call(), Hold(by="8001"))
    assert shown(silence) == [
        ("Setvar", {"Channel": "PJSIP/8001-1", "Variable": f"VOLUME({way})", "Value": "-32000"}) for way in ("RX", "TX")
    ]
    assert [dict(act.undo[0].headers)["Value"] for act in silence] == ["0", "0"]
    headers = dict(music.headers)
    assert (headers["Channel"], headers["Data"]) == ("Local/s@tieline-hold/n", "PJSIP/caller-1,qwES")
    assert music.optional
    assert music.begins == headers["ChannelId"]
    assert len(plan(talking().call(), Hold(by="8001"), CommandSettings())) == 2


def test_retrieving_takes_back_what_holding_did() -> None:
    call = talking().call()
    music = dict(plan(call, Hold(by="8001"))[-1].headers)["ChannelId"]
    *voice, hangup = plan(call, Retrieve(by="8001"))
    assert [dict(act.headers)["Value"] for act in voice] == ["0", "0"]
    assert shown([hangup]) == [("Hangup", {"Channel": music})]


def test_who_holds_is_heard_again_in_what_comes_next() -> None:
    held = talking().says(LegHeld, leg="8001", by_feature=False).call()
    following: list[CallCommand] = [Consult(by="8001", to="8002"), BlindTransfer(by="8001", to="8002"), Park(by="8001")]
    for command in following:
        for acts in (plan(held, command), plan(talking().call(), command, silenced=True)):
            assert [act.name for act in acts if not act.asks][:3] == ["Setvar", "Setvar", "Hangup"]
        assert "Setvar" not in [act.name for act in plan(talking().call(), command)]
    called = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001")
    own = called.says(LegHeld, leg="8001", by_feature=False).call()
    assert [act.name for act in plan(own, Consult(by="8001", to="8003"))][1:4] == ["Setvar", "Setvar", "Hangup"]


def test_the_party_that_transfers_is_named_and_the_context() -> None:
    call = talking().call()
    wanted = {"Channel": "PJSIP/8001-1", "Exten": "8002", "Context": "internal"}
    known = ("ShowDialPlan", {"Extension": "8002", "Context": "internal"})
    assert shown(plan(call, BlindTransfer(by="8001", to="8002"))) == [known, ("BlindTransfer", wanted)]
    asks, consult = plan(call, Consult(by="8001", to="8002"))
    assert asks.asks
    assert (consult.name, dict(consult.headers), consult.holds) == ("Atxfer", wanted, "8001")
    (_, (name, headers)) = shown(plan(call, Redirect(to="8003")))
    assert (name, headers["Channel"], headers["Exten"], headers["Priority"]) == ("Redirect", "PJSIP/caller-1", "8003", "1")


def test_a_context_is_on_the_callers_leg_before_he_is_sent_elsewhere() -> None:
    asks, told, moved = plan(talking().call(), Redirect(to="8003", context={"intent": "invoice, 4711"}))
    where = {"Channel": "PJSIP/caller-1", "Variable": "__TIELINE_INTENT"}
    assert asks.asks
    assert (told.name, dict(told.headers)) == ("Setvar", {**where, "Value": "invoice, 4711"})
    # Where the PBX refuses to move him, his leg is as it was.
    assert [dict(act.headers) for act in told.undo] == [{**where, "Value": ""}]
    assert moved.name == "Redirect"


def test_a_consultation_is_ended_by_who_began_it() -> None:
    story = Story()
    consulted_by_feature(story, lambda: 1.0)
    main, other = sorted(story.calls.values(), key=lambda call: call.began_at)
    assert shown(plan(main, CompleteTransfer(by="8001"), consultation=other)) == [
        ("Hangup", {"Channel": "PJSIP/8001-1", "Cause": "16"})
    ]
    assert shown(plan(main, CancelTransfer(by="8001"), consultation=other)) == [("CancelAtxfer", {"Channel": "PJSIP/8001-1"})]
    with pytest.raises(CommandRefusedError, match="8001 consults nobody"):
        plan(main, CompleteTransfer(by="8001"))
    elsewhere = Story().phones("second", "8002").call()
    with pytest.raises(CommandRefusedError, match="at the telephone"):
        plan(main, CancelTransfer(by="8001"), consultation=elsewhere)


def test_the_other_party_is_parked_and_the_parker_hears_where() -> None:
    call = talking().call()
    ((_, headers),) = shown(plan(call, Park(by="8001", slot="71"), CommandSettings(parking_lot="lot2")))
    assert headers == {
        "Channel": "PJSIP/caller-1",
        "TimeoutChannel": "PJSIP/8001-1",
        "AnnounceChannel": "PJSIP/8001-1",
        "Parkinglot": "lot2",
        "ParkingSpace": "71",
    }


def test_keys_are_heard_by_the_other_party_or_by_the_pbx_where_there_is_none() -> None:
    acts = shown(plan(talking().call(), SendDigits(by="8001", digits="1#")))
    assert [(headers["Channel"], headers["Digit"]) for _, headers in acts] == [("PJSIP/caller-1", "1"), ("PJSIP/caller-1", "#")]
    alone = Story().phones("8001", "*97").connects("8001").call()
    ((_, headers),) = shown(plan(alone, SendDigits(by="8001", digits="1")))
    assert (headers["Channel"], headers["Receive"]) == ("PJSIP/8001-1", "true")


def test_a_recording_is_on_the_callers_leg_in_a_file_named_after_the_call() -> None:
    call = talking().call()
    ((name, headers),) = shown(plan(call, StartRecording()))
    assert (name, headers["Channel"], headers["File"]) == ("MixMonitor", "PJSIP/caller-1", f"tieline-{call.call_id}-{ID}.wav")
    assert shown(plan(call, StopRecording())) == [("StopMixMonitor", {"Channel": "PJSIP/caller-1"})]
    for command, state in ((PauseRecording(), "1"), (ResumeRecording(), "0")):
        ((name, headers),) = shown(plan(call, command))
        assert (name, headers) == ("MixMonitorMute", {"Channel": "PJSIP/caller-1", "Direction": "both", "State": state})


@pytest.mark.parametrize(("mode", "options"), [("listen", "qES"), ("whisper", "qwES"), ("barge", "qBES")])
def test_a_supervisor_is_rung_and_hears_the_agents_leg(mode: str, options: str) -> None:
    ((name, headers),) = shown(plan(talking().call(), Monitor(extension="8003", agent="8001", mode=MonitorMode(mode))))
    assert (name, headers["Channel"], headers["Application"]) == ("Originate", "PJSIP/8003", "ChanSpy")
    assert headers["Data"] == f"PJSIP/8001-1,{options}"
    assert headers["ChannelId"] == "tieline-01KXAMPLE"


# What cannot be


@pytest.mark.parametrize("command", ABOUT_A_CALL, ids=lambda command: type(command).__name__)
def test_a_call_that_is_over_is_not_steered(command: CallCommand) -> None:
    with pytest.raises(CommandRefusedError, match="ended at cc1"):
        plan(talking().hangs_up("caller", "8001").call(), command)
    planner = Planner("cc1", FULL, lambda _: None, lambda _: False)
    with pytest.raises(CommandRefusedError, match="cc1"):
        # The PBX has cleared what we still show.
        planner.of_call(order(command, talking().call()), command)


@pytest.mark.parametrize(
    "command",
    [
        Hold(by="8002"),
        Retrieve(by="8002"),
        BlindTransfer(by="8002", to="8003"),
        Park(by=CALLER + "0"),
        SendDigits(by="8002", digits="1"),
        Monitor(extension="8003", agent="8002", mode=MonitorMode.LISTEN),
    ],
    ids=lambda command: type(command).__name__,
)
def test_who_has_no_part_in_the_call_steers_nothing_in_it(command: CallCommand) -> None:
    with pytest.raises(CommandRefusedError, match="has no part in this call at cc1"):
        plan(talking().call(), command)


@pytest.mark.parametrize(
    "command",
    [
        Hold(by="8001"),
        Consult(by="8001", to="8002"),
        Park(by="8001"),
        Monitor(extension="8003", agent="8001", mode=MonitorMode.BARGE),
    ],
    ids=lambda command: type(command).__name__,
)
def test_who_only_rings_holds_and_hands_over_nobody(command: CallCommand) -> None:
    with pytest.raises(CommandRefusedError, match="8001 talks to"):
        plan(Story().comes_in().rings("8001").call(), command)


def test_only_what_begins_a_call_has_a_first_leg() -> None:
    begin: list[Command] = [
        PlaceCall(extension="8001", number="1"),
        Monitor(extension="8003", agent="8001", mode=MonitorMode.LISTEN),
    ]
    assert [first_leg(order(command)) for command in begin] == [LegId("tieline-01KXAMPLE")] * 2
    others = [command for command in ABOUT_A_CALL if not isinstance(command, Monitor)]
    assert [first_leg(order(command)) for command in others] == [None] * len(others)
