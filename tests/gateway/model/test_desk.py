from typing import Any, get_args

import msgspec
import pytest
from support.building import START, Story

from gateway.model.calls import Call
from gateway.model.commands import Command, name_of
from gateway.model.desk import (
    TOO_LONG_S,
    DeskRules,
    Part,
    PopPolicy,
    QueueDesk,
    Seat,
    calls_within,
    consulted_about,
    controls,
    former_agents,
    pops,
    seat_of,
)
from gateway.model.events import LegHeld, LegRetrieved, RecordingChanged, RecordingStarted
from gateway.model.ids import LegId
from gateway.model.terms import DialResult, LegRole, TransferKind

ALL_COMMANDS = {name_of(kind) for kind in get_args(Command)}


def talking() -> Story:
    return Story().comes_in().queues("support").later(10).rings("8001").later(5).answers("8001").later(20)


def consulting() -> Story:
    story = talking().says(LegHeld, leg=LegId("8001"), by_feature=False).later(1)
    story.creates("8001-b", "PJSIP/8001", LegRole.ORIGINATING, "8001-b", number="8001", dialled="8002")
    return story.later(1).rings("8002", by="8001-b").later(2).answers("8002", by="8001-b", bridge="second").later(5)


def both(story: Story) -> tuple[Call, Call]:
    first, second = sorted(story.calls.values(), key=lambda call: call.began_at)
    return first, second


def seat(call: Call, extension: str, *others: Call) -> Seat:
    found = seat_of(call, extension, others)
    assert found is not None
    return found


def test_a_call_is_ringing_then_connected_then_ended() -> None:
    story = Story().comes_in().later(3).rings("8001")
    ringing = seat(story.call(), "8001")
    story.later(5).answers("8001")
    connected = seat(story.call(), "8001")
    story.later(20).hangs_up("caller", "8001")
    ended = seat(story.call(), "8001")

    assert (ringing.part, ringing.since, ringing.called, ringing.talked) == (Part.RINGING, START + 3, True, False)
    assert (connected.part, connected.since, connected.called, connected.talked) == (Part.CONNECTED, START + 8, True, True)
    assert (ended.part, ended.since, ended.talked, ended.elsewhere) == (Part.ENDED, START + 28, True, None)


def test_who_has_no_telephone_in_a_call_has_no_part_in_it() -> None:
    assert seat_of(talking().call(), "8009") is None


def test_a_call_that_was_answered_elsewhere_says_by_whom() -> None:
    story = Story().comes_in().rings("8001").rings("8002").later(4).answers("8002").later(0.1)
    story.dial_ends("8001", DialResult.CANCELLED).clears("8001", cause=26)

    lost = seat(story.call(), "8001")
    assert (lost.part, lost.talked, lost.elsewhere) == (Part.ENDED, False, "8002")
    assert seat(story.call(), "8002").elsewhere is None


def test_who_holds_sees_it_held_and_the_one_held_does_not() -> None:
    story = talking().says(LegHeld, leg=LegId("8001"), by_feature=False)
    held_at = story.now
    assert (seat(story.call(), "8001").part, seat(story.call(), "8001").since) == (Part.HELD, held_at)
    story.later(3).says(LegRetrieved, leg=LegId("8001"))
    assert seat(story.call(), "8001").part is Part.CONNECTED


def test_a_consultation_is_one_for_who_asks_and_a_call_for_who_is_asked() -> None:
    first, second = both(consulting())

    assert seat(first, "8001", first, second).part is Part.HELD
    assert seat(second, "8001", first, second).part is Part.CONSULTING
    asked = seat(second, "8002", first, second)
    assert (asked.part, asked.called) == (Part.CONNECTED, True)
    assert consulted_about(second, "8001", [first, second]) is first
    assert consulted_about(first, "8001", [first, second]) is None
    assert consulted_about(second, "8002", [first, second]) is None


def test_after_a_transfer_the_second_agent_has_the_call_and_the_first_is_a_former_one() -> None:
    story = consulting()
    first, second = both(story)
    story.says(LegRetrieved, leg=LegId("8001")).leaves("caller", "8001-b").bridges("caller", bridge="second").leaves("8001")
    story.transfers(TransferKind.ATTENDED, by="8001", consult="8001-b", target="8002").clears("8001", "8001-b")
    call = story.call()

    assert call.call_id == first.call_id
    assert seat(call, "8002").part is Part.CONNECTED
    assert seat(call, "8001").part is Part.ENDED
    assert former_agents(call, "8002") == ["8001"]
    assert calls_within(call) == [first.call_id, second.call_id]


def test_who_still_talks_is_no_former_agent() -> None:
    assert former_agents(talking().call(), "8002") == []


def test_who_calls_out_was_not_called() -> None:
    story = Story().phones("8001", "062551234").later(1).rings("trunk", by="8001", device="PJSIP/carrier", number="062551234")
    mine = seat(story.call(), "8001")
    assert (mine.part, mine.called) == (Part.CONNECTED, False)


@pytest.mark.parametrize(
    ("policy", "ringing", "connected"),
    [(PopPolicy.RINGING, True, True), (PopPolicy.ANSWERED, False, True), (PopPolicy.NEVER, False, False)],
)
def test_a_call_shows_itself_when_the_policy_says(policy: PopPolicy, ringing: bool, connected: bool) -> None:
    story = Story().comes_in().rings("8001")
    assert pops(policy, seat(story.call(), "8001")) is ringing
    story.answers("8001")
    mine = seat(story.call(), "8001")
    assert pops(policy, mine) is connected
    assert not pops(policy, msgspec.structs.replace(mine, called=False))
    assert not pops(policy, msgspec.structs.replace(mine, part=Part.ENDED))


def test_a_queue_has_its_own_rules_where_it_says_so() -> None:
    rules = DeskRules(wrap_up_s=10, queues={"vip": QueueDesk(pop=PopPolicy.NEVER), "sales": QueueDesk(wrap_up_s=0)})

    assert [rules.pop_of(queue) for queue in ("vip", "sales", None)] == ["never", "ringing", "ringing"]
    assert [rules.wrap_up_of(queue) for queue in ("vip", "sales", "other")] == [10, 0, 10]


def test_keys_mean_what_the_configuration_says() -> None:
    rules = DeskRules(menus={"main": {"1": "Orders"}})
    assert [rules.label_of("main", "1"), rules.label_of("main", "2"), rules.label_of("x", "1"), rules.label_of(None, "1")] == [
        "Orders",
        None,
        None,
        None,
    ]


def test_controls_follow_what_the_call_does() -> None:
    story = Story().comes_in().rings("8001")
    ringing = controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False)
    story.answers("8001").later(1)
    talk = controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False)
    story.says(LegHeld, leg=LegId("8001"), by_feature=False)
    held = controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False)
    story.hangs_up("caller", "8001")

    assert ringing == ["hang_up", "redirect"]
    assert talk == ["hold", "consult", "blind_transfer", "park", "send_digits", "start_recording", "hang_up"]
    assert held == ["retrieve", "hang_up"]
    assert controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False) == []


def test_controls_of_a_consultation_end_it() -> None:
    first, second = both(consulting())
    of_held = controls(first, seat(first, "8001", first, second), ALL_COMMANDS, consults=True)
    of_asked = controls(second, seat(second, "8001", first, second), ALL_COMMANDS, consults=False)

    assert of_held == ["complete_transfer", "cancel_transfer", "hang_up"]
    assert of_asked == ["complete_transfer", "cancel_transfer", "send_digits", "hang_up"]


def test_a_telephone_that_holds_by_itself_can_end_its_consultation() -> None:
    call = talking().call()
    assert controls(call, seat(call, "8001"), ALL_COMMANDS, consults=True) == ["complete_transfer", "cancel_transfer", "hang_up"]


def test_a_recording_is_paused_and_goes_on() -> None:
    story = talking().says(RecordingStarted, leg=LegId("caller"), file="a.wav")
    running = controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False)
    story.says(RecordingChanged, leg=LegId("caller"), paused=True, stopped=False)
    paused = controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False)

    assert [name for name in running if "recording" in name] == ["pause_recording", "stop_recording"]
    assert [name for name in paused if "recording" in name] == ["resume_recording", "stop_recording"]


def test_what_the_pbx_does_not_take_is_not_offered() -> None:
    call = talking().call()
    assert controls(call, seat(call, "8001"), {"hold", "hang_up"}, consults=False) == ["hold", "hang_up"]


def test_while_a_call_out_rings_it_can_only_be_given_up() -> None:
    story = Story().phones("8001", "062551234").rings("trunk", by="8001", device="PJSIP/carrier", number="062551234")
    assert controls(story.call(), seat(story.call(), "8001"), ALL_COMMANDS, consults=False) == ["hang_up"]


def test_goals_and_limits_of_one_queue_stand_before_those_of_all() -> None:
    own = QueueDesk(service_goal=0.95, waits_too_long_s=30, too_long_s={"talking": 300})
    rules = DeskRules(service_goal=0.7, too_long_s={"talking": 600, "not_ready": 60}, queues={"vip": own, "sales": QueueDesk()})

    assert [rules.service_goal_of(queue) for queue in ("vip", "sales", "other")] == [0.95, 0.7, 0.7]
    assert [rules.waits_too_long_of(queue, 20) for queue in ("vip", "sales", "other")] == [30, 40, 40]
    assert DeskRules(waits_too_long_s=90).waits_too_long_of("sales", 20) == 90
    assert rules.too_long_of("vip") == {**TOO_LONG_S, "talking": 300, "not_ready": 60}
    assert rules.too_long_of(None) == rules.too_long_of("other") == {**TOO_LONG_S, "talking": 600, "not_ready": 60}


@pytest.mark.parametrize(
    "desk", [{"service_goal": 80}, {"service_goal": 0}, {"waits_too_long_s": 0}, {"too_long_s": {"lunch": 9}}], ids=str
)
def test_what_is_no_goal_and_no_limit_is_refused(desk: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(desk, DeskRules)
