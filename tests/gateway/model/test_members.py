from gateway.model.ids import BridgeId, LegId
from gateway.model.members import Members

ROOM, OTHER = BridgeId("room"), BridgeId("other")
ANN, BEN = LegId("ann"), LegId("ben")


def test_a_bridge_knows_all_that_came_in() -> None:
    members = Members()
    members.join(ANN, ROOM)
    assert members.join(BEN, ROOM) == {ANN, BEN}


def test_a_bridge_that_all_left_is_forgotten() -> None:
    members = Members()
    members.join(ANN, ROOM)
    members.leave(ANN, ROOM)
    assert len(members) == 0


def test_who_is_in_no_bridge_leaves_none() -> None:
    members = Members()
    members.join(ANN, ROOM)
    members.leave(BEN, None)
    members.leave(BEN, OTHER)
    assert members.join(BEN, ROOM) == {ANN, BEN}


def test_merged_bridges_have_the_legs_of_both() -> None:
    members = Members()
    members.join(ANN, ROOM)
    members.join(BEN, OTHER)
    assert members.merge(OTHER, ROOM) == {ANN, BEN}
    assert len(members) == 1


def test_merging_bridges_that_nobody_is_in_leaves_no_trace() -> None:
    members = Members()
    assert members.merge(OTHER, ROOM) == set()
    assert len(members) == 0
