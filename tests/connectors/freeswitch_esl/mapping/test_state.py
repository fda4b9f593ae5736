from connectors.freeswitch_esl.mapping.state import REMEMBERED_LEGS, Legs, LegState, known
from gateway.model.events import LegUnbridged
from gateway.model.ids import BridgeId, LegId
from gateway.model.site import Site


def leg(state: Legs, name: str) -> LegState:
    made = LegState(LegId(name), f"sofia/internal/{name}@host", f"sofia/internal/{name}", name, terminating=True)
    state.add(made)
    return made


def test_who_leaves_a_bridge_leaves_the_other_alone() -> None:
    state = Legs(Site())
    first, second = leg(state, "1001"), leg(state, "1002")
    first.bridge = second.bridge = BridgeId("x")
    first.peer, second.peer = second.id, first.id

    events = state.part(first, 1.0)

    assert [(type(event), event.leg) for event in events if isinstance(event, LegUnbridged)] == [
        (LegUnbridged, "1001"),
        (LegUnbridged, "1002"),
    ]
    assert not state.part(second, 2.0)


def test_legs_that_are_gone_are_remembered_for_a_while() -> None:
    state = Legs(Site())
    for number in range(REMEMBERED_LEGS + 1):
        leg(state, str(number))
        assert state.remove(LegId(str(number))) is not None
    assert not state.is_gone(LegId("0"))
    assert state.is_gone(LegId(str(REMEMBERED_LEGS)))
    assert state.remove(LegId("never")) is None
    assert not state.by_name


def test_nothing_is_none() -> None:
    assert (known(""), known("x")) == (None, "x")
