from support.building import START

from gateway.model.doubts import Doubts
from gateway.model.events import DialEnded, DigitPressed, LegCleared, LegConnected
from gateway.model.ids import LegId
from gateway.model.terms import DialResult

ONE, TWO, THREE = LegId("1"), LegId("2"), LegId("3")


def cleared(leg: LegId) -> LegCleared:
    return LegCleared(at=START, leg=leg, cause=16, sip=0)


def test_legs_that_gave_no_sign_of_life_have_ended_unheard() -> None:
    doubts = Doubts()
    doubts.begin([THREE, ONE, TWO])
    doubts.lives(ONE, LegConnected(at=START, leg=ONE))
    doubts.lives(TWO, DialEnded(at=START, leg=TWO, target=THREE, result=DialResult.CANCELLED, forwarded_to=None))

    assert doubts.resolve() == ([TWO, THREE], [])
    assert doubts.resolve() == ([], [])


def test_the_end_of_a_leg_of_before_waits_for_the_snapshot() -> None:
    doubts = Doubts()
    doubts.begin([ONE, TWO])
    doubts.lives(TWO, DigitPressed(at=START, leg=TWO, digit="1", menu=""))

    assert doubts.hold_back(cleared(ONE))
    assert doubts.hold_back(cleared(TWO))
    assert not doubts.hold_back(cleared(THREE))
    assert doubts.resolve() == ([], [cleared(ONE), cleared(TWO)])
    assert not doubts.hold_back(cleared(ONE))
    assert len(doubts) == 0


def test_an_end_that_waits_is_not_lost_with_the_connection() -> None:
    doubts = Doubts()
    doubts.begin([ONE, TWO])
    doubts.hold_back(cleared(ONE))
    doubts.begin([ONE, TWO])

    assert doubts.resolve() == ([TWO], [cleared(ONE)])
