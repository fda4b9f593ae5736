import pytest
from support.building import START
from support.speaking_asterisk import SpeakingAsterisk

from connectors.asterisk_ami.mapping.queues import QUEUE_KEY_S
from gateway.model.events import AgentCompleted, AgentConnected, LegSeen, QueueJoined, QueueLeft
from gateway.model.ids import LegId, QueueName
from gateway.model.terms import QueueResult

LEG, SUPPORT = LegId("1.0"), QueueName("support")


def waiting() -> SpeakingAsterisk:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    asterisk.says("QueueCallerJoin", "1.0", Queue="support")
    return asterisk


def result_of(asterisk: SpeakingAsterisk, name: str) -> QueueResult | None:
    (event,) = asterisk.says(name, "1.0", Queue="support")
    assert isinstance(event, QueueLeft)
    return event.result


def test_joining_a_queue_is_told() -> None:
    asterisk = SpeakingAsterisk()
    asterisk.has("1.0")
    assert asterisk.says("QueueCallerJoin", "1.0", Queue="support") == [QueueJoined(at=START, leg=LEG, queue=SUPPORT)]


def test_a_caller_who_was_never_announced_is_seen_when_he_joins() -> None:
    seen, joined = SpeakingAsterisk().says("QueueCallerJoin", "1.0", Queue="support", CallerIDNum="8001", Linkedid="1.0")
    assert isinstance(seen, LegSeen)
    assert isinstance(joined, QueueJoined)


@pytest.mark.parametrize("name", ["QueueCallerAbandon", "QueueCallerLeave"])
def test_only_a_caller_who_hung_up_abandoned_whatever_asterisk_calls_it(name: str) -> None:
    asterisk = waiting().later(9.0)
    assert result_of(asterisk, name) is QueueResult.TIMEOUT

    asterisk = waiting().later(9.0)
    asterisk.says("HangupRequest", "1.0", Cause="0")
    assert result_of(asterisk, name) is QueueResult.ABANDONED


@pytest.mark.parametrize(("seconds", "result"), [(0.5, QueueResult.LEFT), (QUEUE_KEY_S + 0.1, QueueResult.TIMEOUT)])
def test_a_caller_who_leaves_just_after_a_digit_left_by_it(seconds: float, result: QueueResult) -> None:
    asterisk = waiting().later(9.0)
    asterisk.says("DTMFEnd", "1.0", Direction="Received", Digit="0")
    assert result_of(asterisk.later(seconds), "QueueCallerLeave") is result


def test_a_digit_in_a_queue_is_no_choice_in_a_menu() -> None:
    assert waiting().says("DTMFEnd", "1.0", Direction="Received", Digit="0", Context="from-trunk") == []


def test_the_agent_whom_a_queue_chose_is_named_with_his_leg() -> None:
    agent = {"DestUniqueid": "1.1", "MemberName": "Wang", "Interface": "Local/8001@from-queue/n"}
    assert waiting().says("AgentConnect", "1.0", Queue="support", **agent) == [
        AgentConnected(
            at=START, leg=LEG, queue=SUPPORT, agent_leg=LegId("1.1"), agent="Wang", interface="Local/8001@from-queue/n"
        )
    ]


@pytest.mark.parametrize(("reason", "by_agent"), [("agent", True), ("caller", False), ("transfer", None), ("", None)])
def test_a_queue_says_how_long_its_agent_talked_and_who_ended_it(reason: str, by_agent: bool | None) -> None:
    assert waiting().says("AgentComplete", "1.0", Queue="support", MemberName="Wang", TalkTime="17", Reason=reason) == [
        AgentCompleted(at=START, leg=LEG, queue=SUPPORT, agent="Wang", talk_s=17, ended_by_agent=by_agent)
    ]
