from support.building import Story

from gateway.model.ids import PbxName, QueueName
from gateway.model.sight import Sight, queue_now
from gateway.model.terms import QueueResult

CALL = Story().comes_in().rings("8001").answers("8001").call()
OWN = Sight(pbx=CALL.pbx, extension="8001")


def test_the_calls_of_ones_telephone_are_seen_afterwards_too() -> None:
    assert OWN.sees_call(CALL)
    assert OWN.sees_call(Story().comes_in().rings("8001").answers("8001").clears("8001").call())


def test_others_calls_are_not() -> None:
    assert not Sight(pbx=CALL.pbx, extension="8002").sees_call(CALL)
    assert not Sight(pbx=PbxName("branch"), extension="8001").sees_call(CALL)
    assert not Sight(pbx=CALL.pbx, extension=None).sees_call(CALL)
    assert OWN.sees([CALL, Story().comes_in().rings("8002").call()]) == [CALL]


def test_who_waits_in_a_queue_is_seen_by_those_who_serve_it_while_he_waits() -> None:
    waiting = Story().comes_in().queues("support").call()
    serves = Sight(pbx=waiting.pbx, extension="8009", queues=frozenset({QueueName("support")}))

    assert queue_now(waiting) == "support"
    assert serves.sees_call(waiting)
    assert not OWN.sees_call(waiting)
    gone = Story().comes_in().queues("support").leaves_queue("support", QueueResult.ABANDONED).call()
    assert queue_now(gone) is None
    assert not serves.sees_call(gone)


def test_queues_are_those_of_ones_pbx() -> None:
    serves = Sight(pbx=PbxName("one"), extension="8009", queues=frozenset({QueueName("support")}))
    assert serves.sees_queue(PbxName("one"), QueueName("support"))
    assert not serves.sees_queue(PbxName("branch"), QueueName("support"))
    assert not serves.sees_queue(PbxName("one"), QueueName("sales"))
