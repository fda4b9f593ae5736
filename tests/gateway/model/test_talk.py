import pytest
from support.building import Story

from gateway.model.events import AgentConnected, BridgesMerged, ConsultationStarted, LegHeld, LegRetrieved, LegsTwinned
from gateway.model.talk import connected_parties
from gateway.model.terms import BridgeKind, LegRole, TransferKind


def talking() -> Story:
    """A customer who has talked with 8001 for no time yet."""
    return Story().comes_in().rings("8001").later(2.0).answers("8001")


def consulting_by_feature() -> Story:
    """8001 has held the customer for 5 s and talks with 8002 for no time yet, without a second leg."""
    story = talking().later(10.0).says(LegHeld, leg="8001", by_feature=True).later(3.0)
    story.helper("pipe;1", "pipe;1").says(ConsultationStarted, leg="8001", helper="pipe;1", to="8002")
    story.helper("pipe;2", "pipe;1").says(LegsTwinned, leg="pipe;1", twin="pipe;2").bridges("pipe;1", bridge="second")
    story.leaves("8001").bridges("8001", bridge="second").rings("8002", by="pipe;2").later(2.0)
    return story.connects("8002", "pipe;2", "pipe;1").bridges("8002", "pipe;2", bridge="third")


# talk_s: length of the union of the times in which the caller's side was bridged with a party


def test_ringing_is_no_talk() -> None:
    record = Story().comes_in().rings("8001").later(9.0).hangs_up("caller", "8001").record()
    assert (record["talk_s"], record["answered_at"]) == (0.0, None)


def test_talk_counts_from_the_bridge_to_the_first_who_leaves_it() -> None:
    record = talking().later(7.25).hangs_up("8001").later(1.0).clears("caller").record()
    assert record["talk_s"] == 7.25


def test_times_apart_add_up() -> None:
    story = talking().later(5.0).leaves("8001", "caller").later(30.0).bridges("8001", "caller", bridge="again").later(2.5)
    assert story.hangs_up("caller", "8001").record()["talk_s"] == 7.5


def test_three_in_a_bridge_talk_no_longer_than_the_bridge() -> None:
    story = talking().later(5.0).rings("8002").connects("8002").bridges("8002").later(5.0).clears("8001").later(5.0)
    assert story.hangs_up("caller", "8002").record()["talk_s"] == 15.0


def test_holds_are_talk() -> None:
    story = talking().later(5.0).says(LegHeld, leg="8001", by_feature=False).later(20.0)
    story.says(LegRetrieved, leg="8001").later(5.0).hangs_up("caller", "8001")
    assert (story.record()["talk_s"], story.record()["hold_s"]) == (30.0, 20.0)


def test_a_consultation_by_feature_code_is_talk_of_the_customer_too() -> None:
    story = consulting_by_feature().later(4.0).leaves("8001").bridges("8001").says(LegRetrieved, leg="8001")
    story.clears("8002", "pipe;2", "pipe;1").later(1.0).hangs_up("caller", "8001")
    record = story.records()[0]
    assert (record["talk_s"], record["hold_s"]) == (20.0, 9.0)


@pytest.mark.parametrize("kind", [TransferKind.BLIND, TransferKind.ATTENDED])
def test_ringing_after_a_blind_or_blonde_transfer_is_no_talk(kind: TransferKind) -> None:
    story = talking().later(10.0).transfers(kind, by="8001", to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").later(8.0).answers("8002", bridge="next").later(5.0).hangs_up("caller", "8002")
    assert story.record()["talk_s"] == 15.0


def test_waiting_in_a_parking_lot_is_no_talk() -> None:
    story = talking().later(10.0).leaves("caller").bridges("caller", bridge="lot", kind=BridgeKind.HOLDING).clears("8001")
    assert story.later(60.0).hangs_up("caller").record()["talk_s"] == 10.0


def test_talk_through_a_pipe_of_helper_legs_is_talk() -> None:
    story = Story().comes_in().helper("pipe;1", "caller").helper("pipe;2", "caller")
    story.says(LegsTwinned, leg="pipe;1", twin="pipe;2").rings("8001", by="pipe;2")
    story.connects("8001").bridges("8001", "pipe;2", bridge="far").bridges("pipe;1", "caller", bridge="near").later(6.0)
    record = story.hangs_up("caller", "pipe;1", "pipe;2", "8001").record()
    assert (record["talk_s"], record["answered_by"]) == (6.0, ["8001"])


def test_a_helper_leg_alone_is_nobody_to_talk_to() -> None:
    story = Story().comes_in().helper("announcer", "caller").bridges("announcer", "caller").later(6.0)
    assert story.hangs_up("caller", "announcer").record()["talk_s"] == 0.0


def test_talk_goes_on_when_two_bridges_become_one() -> None:
    story = talking().later(4.0).rings("8002").connects("8002").bridges("8002", bridge="second")
    story.says(BridgesMerged, bridge="second", into="bridge").later(3.0).clears("8001").later(3.0).hangs_up("caller", "8002")
    assert (story.record()["talk_s"], story.record()["answered_by"]) == (10.0, ["8001", "8002"])


# hold_s: seconds that the caller was held by the other side


def test_the_callers_own_hold_is_no_hold_of_the_caller() -> None:
    story = talking().says(LegHeld, leg="caller", by_feature=False).later(20.0).says(LegRetrieved, leg="caller")
    assert story.hangs_up("caller", "8001").record()["hold_s"] == 0.0
    assert "call.held" not in story.kinds()


def test_an_inside_callers_hold_is_told_and_is_no_hold_of_the_caller() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001").later(3.0)
    story.says(LegHeld, leg="8001", by_feature=False).says(LegHeld, leg="8001", by_feature=False).later(5.0)
    assert story.data("call.held") == [{"by": "8001", "leg": "8001"}]
    story.says(LegRetrieved, leg="8001").says(LegRetrieved, leg="8001").later(2.0)
    assert story.kinds().count("call.retrieved") == 1
    story.says(LegHeld, leg="8001", by_feature=False).later(4.0).hangs_up("8001", "8002")
    assert story.kinds().count("call.retrieved") == 2
    assert (story.record()["hold_s"], story.record()["talk_s"]) == (0.0, 14.0)


def test_a_feature_code_of_an_inside_caller_is_a_consultation_and_no_hold() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001")
    assert "call.held" not in story.says(LegHeld, leg="8001", by_feature=True).kinds()


def test_several_holds_add_up_and_each_is_told() -> None:
    story = talking()
    for seconds in (3.0, 4.5):
        story.later(1.0).says(LegHeld, leg="8001", by_feature=False).later(seconds).says(LegRetrieved, leg="8001")
    assert story.hangs_up("caller", "8001").record()["hold_s"] == 7.5
    assert [kind for kind in story.kinds() if kind in ("call.held", "call.retrieved")] == ["call.held", "call.retrieved"] * 2


def test_a_hold_said_twice_is_one_hold() -> None:
    story = talking().says(LegHeld, leg="8001", by_feature=False).later(3.0).says(LegHeld, leg="8001", by_feature=False)
    story.later(3.0).says(LegRetrieved, leg="8001").later(3.0).says(LegRetrieved, leg="8001")
    assert story.hangs_up("caller", "8001").record()["hold_s"] == 6.0


def test_a_caller_who_hangs_up_on_hold_was_held_until_then() -> None:
    story = talking().later(5.0).says(LegHeld, leg="8001", by_feature=False).later(20.0).hangs_up("caller", "8001")
    assert (story.record()["hold_s"], story.record()["talk_s"]) == (20.0, 25.0)


def test_an_unhold_of_somebody_else_ends_no_hold() -> None:
    story = talking().says(LegHeld, leg="8001", by_feature=False).later(5.0).says(LegRetrieved, leg="caller").later(5.0)
    assert story.says(LegRetrieved, leg="8001").hangs_up("caller", "8001").record()["hold_s"] == 10.0


def test_who_is_not_bridged_with_the_caller_does_not_hold_him() -> None:
    story = talking().rings("8002").says(LegHeld, leg="8002", by_feature=False).later(5.0)
    assert story.hangs_up("caller", "8001", "8002").record()["hold_s"] == 0.0


def test_a_hold_by_feature_code_lasts_until_the_caller_is_bridged_again_whatever_the_code_is_for() -> None:
    story = talking().later(5.0).says(LegHeld, leg="8001", by_feature=True).later(3.0)
    story.transfers(TransferKind.BLIND, by="8001", to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").later(4.0).answers("8002", bridge="next").later(2.0).hangs_up("caller", "8002")
    record = story.record()
    assert (record["hold_s"], record["talk_s"]) == (7.0, 10.0)


# answered_by: parties other than the caller that were bridged with the caller's side, each once, at its first bridge, in order


def test_who_was_bridged_with_the_caller_answered_each_once_and_in_order() -> None:
    story = talking().clears("8001").rings("8002").answers("8002", bridge="b2").clears("8002")
    story.creates("8001-again", "PJSIP/8001", LegRole.TERMINATING, "caller").answers("8001-again", bridge="b3")
    assert story.hangs_up("caller", "8001-again").record()["answered_by"] == ["8001", "8002"]


def test_whose_leg_was_up_but_who_was_never_bridged_did_not_answer() -> None:
    record = Story().comes_in().rings("8001").connects("8001").later(1.0).clears("8001").clears("caller").record()
    assert record["answered_by"] == []


def test_a_bridge_without_the_caller_answers_nothing() -> None:
    story = Story().comes_in().rings("8001").rings("8002").connects("8001", "8002").bridges("8001", "8002").later(5.0)
    assert story.hangs_up("caller", "8001", "8002").record()["answered_by"] == []


def test_an_outside_party_answers_as_the_number_that_was_sent() -> None:
    story = Story().phones("8001", "062551234").rings("trunk", by="8001", device="PJSIP/carrier", number="62551234")
    assert story.answers("trunk", by="8001").hangs_up("8001", "trunk").record()["answered_by"] == ["62551234"]


def test_after_a_transfer_by_the_caller_whoever_stays_is_the_callers_side() -> None:
    story = Story().phones("8001", "8002").rings("8002", by="8001").answers("8002", by="8001").later(5.0)
    story.transfers(TransferKind.BLIND, by="8001", to="8003", transferee="8002").leaves("8002").clears("8001")
    story.rings("8003", by="8002").later(2.0).answers("8003", by="8002", bridge="next").later(4.0).hangs_up("8002", "8003")
    record = story.record()
    assert (record["answered_by"], record["talk_s"]) == (["8002", "8003"], 9.0)


def test_the_answer_is_told_with_who_gave_it_at_its_own_time() -> None:
    story = talking()
    (answered,) = [event for event in story.told if event.type == "call.answered"]
    assert (answered.data["by"], answered.at) == ("8001", story.now)
    assert story.call().answered_at == story.now


def test_nobody_is_connected_with_a_caller_in_no_bridge() -> None:
    assert connected_parties(Story().comes_in().rings("8001").call()) == []


# agents: {agent, extension, talk_s}


def test_an_agents_talk_counts_while_he_is_bridged_with_the_caller() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").later(4.0).answers("8001")
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="8001", agent="Wang", interface="PJSIP/8001")
    story.later(30.0).leaves("8001", "caller").later(10.0).bridges("8001", "caller", bridge="again").later(5.0)
    record = story.hangs_up("8001", "caller").record()
    assert record["agents"] == [{"agent": "Wang", "extension": "8001", "talk_s": 35.0}]


def test_an_agent_at_any_telephone_is_at_the_one_that_the_caller_hears_first() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").connects("8001")
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="pipe", agent="Sun Qi", interface="Local/500@agents")
    story.bridges("8001", "caller").later(7.0)
    assert story.hangs_up("8001", "caller").record()["agents"] == [{"agent": "Sun Qi", "extension": "8001", "talk_s": 7.0}]


def test_an_agent_outside_is_at_no_telephone_of_ours_though_he_hands_the_caller_over() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("mobile", device="PJSIP/carrier", number="013900001111")
    story.connects("mobile")
    interface = "Local/013900001111@queue"
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="pipe", agent="Wang", interface=interface)
    story.bridges("mobile", "caller").later(5.0)
    story.transfers(TransferKind.BLIND, by="mobile", to="8002").leaves("mobile", "caller").clears("mobile")
    story.rings("8002").answers("8002", bridge="next").later(20.0).hangs_up("caller", "8002")
    assert [agent["extension"] for agent in story.record()["agents"]] == [None]


def test_an_agent_who_transferred_the_caller_talks_no_longer() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").answers("8001")
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="8001", agent="Wang", interface="PJSIP/8001").later(10.0)
    story.transfers(TransferKind.BLIND, by="8001", to="8002").leaves("8001", "caller").clears("8001")
    story.rings("8002").answers("8002", bridge="next").later(20.0).hangs_up("caller", "8002")
    assert story.record()["agents"] == [{"agent": "Wang", "extension": "8001", "talk_s": 10.0}]
