from support.building import START
from support.shifts import Shift

from gateway.model.agent_presence import Doing, Presence, presences_of
from gateway.model.events import LegBridged
from gateway.model.ids import QueueName
from gateway.model.terms import BridgeKind, DialResult, LegRole, QueueResult, TransferKind

SUPPORT = QueueName("support")


def doing(shift: Shift) -> dict[str, Doing]:
    return {extension: presence.doing for extension, presence in presences_of(shift.call()).items()}


def test_a_telephone_that_rings_for_a_queue_is_reserved_and_the_customer_is_nobody_of_ours() -> None:
    shift = Shift().rung("8001")
    call = shift.call()
    assert presences_of(call) == {"8001": Presence(Doing.RESERVED, call.call_id, SUPPORT, START)}


def test_one_that_rings_for_a_caller_alone_only_rings() -> None:
    assert doing(Shift().comes_in().rings("8001")) == {"8001": Doing.RINGING}


def test_a_leg_that_is_made_for_a_click_to_dial_rings() -> None:
    assert doing(Shift().dials("8001", by=None)) == {"8001": Doing.RINGING}


def test_who_has_answered_a_queue_stays_reserved_until_they_hear_each_other() -> None:
    shift = Shift().rung("8001").connects("8001")
    assert doing(shift) == {"8001": Doing.RESERVED}
    shift.leaves_queue("support", QueueResult.TIMEOUT)
    assert doing(shift) == {"8001": Doing.RESERVED}
    shift.leaves_queue("support", QueueResult.TIMEOUT).given("8001")
    assert doing(shift) == {"8001": Doing.TALKING}


def test_all_of_a_group_that_rings_for_a_queue_are_reserved() -> None:
    shift = Shift().rung("8001").rings("8002")
    assert doing(shift) == {"8001": Doing.RESERVED, "8002": Doing.RESERVED}
    shift.dial_ends("8002", DialResult.BUSY)
    assert doing(shift) == {"8001": Doing.RESERVED}


def test_who_is_called_after_the_queue_gave_up_is_not_reserved_by_it() -> None:
    shift = Shift().comes_in().connects("caller").queues("support").later(5.0)
    shift.leaves_queue("support", QueueResult.TIMEOUT).later(1.0).rings("8002")
    assert doing(shift) == {"8002": Doing.RINGING}
    assert doing(shift.answers("8002")) == {"8002": Doing.IN_CALL}


def test_who_is_left_alone_lingers() -> None:
    shift = Shift().rung("8001").given("8001").later(2.0).leaves("caller")
    assert doing(shift) == {"8001": Doing.LINGERING}


def test_who_waits_in_a_lot_is_in_a_call() -> None:
    shift = Shift().comes_in().rings("8001").answers("8001").leaves("8001", "caller")
    shift.says(LegBridged, leg="8001", bridge="lot", kind=BridgeKind.HOLDING, replaced=None)
    (presence,) = presences_of(shift.call()).values()
    assert (presence.doing, presence.waits_in_pool) == (Doing.IN_CALL, True)


def test_a_caller_inside_is_in_a_call_while_he_waits() -> None:
    shift = Shift().phones("8003", "4001").connects("8003").queues("support", "8003")
    assert doing(shift) == {"8003": Doing.IN_CALL}


def test_a_device_with_a_name_is_found_by_it_too() -> None:
    shift = Shift().creates("desk", "PJSIP/desk-a", LegRole.ORIGINATING, "desk", number="8001", dialled="062551234")
    assert set(presences_of(shift.call())) == {"8001", "desk-a"}


def test_nobody_is_in_a_call_that_is_over_or_part_of_another() -> None:
    shift = Shift().rung("8001").given("8001").hangs_up("caller", "8001")
    assert presences_of(shift.call()) == {}


def test_who_handed_the_caller_over_is_out_of_it() -> None:
    shift = Shift().rung("8001").given("8001").later(2.0)
    shift.transfers(TransferKind.BLIND, by="8001", to="8002").leaves("8001", "caller").clears("8001").rings("8002")
    assert doing(shift) == {"8002": Doing.RINGING}
