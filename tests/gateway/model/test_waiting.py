from support.building import Story

from gateway.model.events import (
    AgentCompleted,
    AgentConnected,
)
from gateway.model.terms import QueueResult

# queue, queues, wait_s


def test_a_wait_ends_when_the_caller_is_connected() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(3.0).rings("8001").later(4.0).answers("8001")
    story.leaves_queue("support", QueueResult.TIMEOUT)
    story.says(AgentConnected, leg="caller", queue="support", agent_leg="8001", agent="Wang", interface="PJSIP/8001")
    record = story.later(30.0).hangs_up("8001", "caller").record()
    assert (record["queue"], record["wait_s"]) == ("support", 7.0)
    assert [(stay["queue"], stay["wait_s"], stay["result"]) for stay in record["queues"]] == [("support", 7.0, "answered")]


def test_leaving_that_is_said_before_the_agents_name_is_still_an_answer() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(7.0).leaves_queue("support", QueueResult.TIMEOUT)
    story.says(AgentConnected, leg="caller", queue="support", agent_leg=None, agent="Wang", interface="PJSIP/8001")
    assert story.record()["queues"][0]["result"] == "answered"
    assert story.record()["agents"] == [{"agent": "Wang", "extension": "8001", "talk_s": 0.0}]


def test_a_wait_ends_when_the_caller_gives_up() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(12.0)
    story.leaves_queue("support", QueueResult.ABANDONED).leaves_queue("support", QueueResult.ABANDONED).hangs_up("caller")
    record = story.record()
    assert (record["wait_s"], record["queues"][0]["result"]) == (12.0, "abandoned")
    assert story.kinds().count("queue.caller_abandoned") == 1


def test_a_caller_who_is_gone_without_a_word_of_the_queue_has_left_it() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(12.0).hangs_up("caller")
    assert (story.record()["wait_s"], story.record()["queues"][0]["result"]) == (12.0, "abandoned")


def test_the_last_queue_is_the_calls_and_going_on_to_it_is_a_diversion() -> None:
    story = Story().comes_in().connects("caller").queues("support").later(10.0).leaves_queue("support", QueueResult.TIMEOUT)
    story.queues("vip").later(5.0).leaves_queue("vip", QueueResult.ABANDONED).hangs_up("caller")
    record = story.record()
    assert (record["queue"], record["wait_s"]) == ("vip", 5.0)
    assert [(stay["queue"], stay["wait_s"], stay["result"]) for stay in record["queues"]] == [
        ("support", 10.0, "timeout"),
        ("vip", 5.0, "abandoned"),
    ]
    assert record["diversions"] == [{"from": "support", "to": "vip", "reason": "no_answer"}]
    assert record["transfers"] == []


def test_a_queue_joined_twice_in_a_row_is_two_stays_and_said_twice_is_one() -> None:
    story = Story().comes_in().queues("support").queues("support").later(5.0).leaves_queue("support", QueueResult.LEFT)
    story.later(1.0).queues("support").later(2.0).hangs_up("caller")
    assert [stay["wait_s"] for stay in story.record()["queues"]] == [5.0, 2.0]


def test_an_agent_named_in_place_of_a_desk_has_no_extension() -> None:
    story = Story().comes_in().connects("caller").queues("support")
    story.says(AgentConnected, leg="caller", queue="support", agent_leg=None, agent="Wang", interface="Agent/17")
    assert story.record()["agents"][0]["extension"] is None


def test_the_queues_own_account_changes_nothing_of_a_call_that_was_heard() -> None:
    story = Story().comes_in().connects("caller").queues("support").rings("8001").answers("8001").later(9.25)
    story.says(AgentCompleted, leg="caller", queue="support", agent="Wang", talk_s=10, ended_by_agent=True)
    record = story.hangs_up("caller", "8001").record()
    assert (record["ended_by"], record["talk_s"]) == ("caller", 9.25)
