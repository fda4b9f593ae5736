import msgspec
import pytest

from gateway.model.agent_interfaces import Membership, desk_of, is_away, is_served, membership_of, number_of, pool_agent_of
from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged
from gateway.model.site import Site

SITE = Site(extensions=r"^8\d{3}$")


@pytest.mark.parametrize(
    ("interface", "number"),
    [
        ("PJSIP/8001", "8001"),
        ("SIP/8001", "8001"),
        ("Local/8001@from-queue/n", "8001"),
        ("Local/8001@from-queue", "8001"),
        ("Local/013900001111@from-queue/n", "013900001111"),
        ("hint:8001@ext-local", "8001"),
        ("Agent:500", "500"),
        ("PJSIP/desk-a", "desk-a"),
        ("8001", "8001"),
        ("", ""),
        ("PJSIP/", "PJSIP/"),
    ],
)
def test_the_number_in_an_interface(interface: str, number: str) -> None:
    assert number_of(interface) == number


@pytest.mark.parametrize(
    ("interface", "state_interface", "desk"),
    [
        ("PJSIP/8001", "PJSIP/8001", "8001"),
        ("Local/8001@from-queue/n", "hint:8001@ext-local", "8001"),
        # The state interface tells the telephone where the other goes through a dial plan of its own.
        ("Local/wang@agents", "PJSIP/8001", "8001"),
        ("Local/013900001111@from-queue/n", "Local/013900001111@from-queue/n", "013900001111"),
        ("PJSIP/desk-a", "", "desk-a"),
        ("Local/500@agents/n", "Agent:500", "500"),
        ("Local/501@agents/n", "Agent:501", "8002"),
        ("Agent/501", "", "8002"),
    ],
)
def test_where_a_member_sits(interface: str, state_interface: str, desk: str) -> None:
    assert desk_of(interface, state_interface, SITE, {"501": "8002"}) == desk


@pytest.mark.parametrize(
    ("interface", "state_interface", "agent"),
    [
        ("Local/500@agents/n", "Agent:500", "500"),
        ("Agent/500", "", "500"),
        ("PJSIP/8001", "PJSIP/8001", None),
        ("Agent/", "", None),
    ],
)
def test_an_agent_of_a_pool_has_an_id_of_his_own(interface: str, state_interface: str, agent: str | None) -> None:
    assert pool_agent_of(interface, state_interface) == agent


def test_what_an_event_says_of_a_member_is_kept() -> None:
    event = MemberChanged(
        at=1.0,
        queue=QueueName("support"),
        member="Wang",
        interface="PJSIP/8001",
        device_state=1,
        paused=False,
        reason="lunch",
        penalty=2,
        removed=False,
        dynamic=True,
        last_call=7.0,
        last_pause=8.0,
        logged_in_at=6.0,
        wrap_up_s=15.0,
    )
    # A reason stays at some PBXs when the pause is over.
    assert membership_of(event) == Membership(
        queue=QueueName("support"),
        member="Wang",
        interface="PJSIP/8001",
        penalty=2,
        dynamic=True,
        device_state=1,
        last_call=7.0,
        last_pause=8.0,
        logged_in_at=6.0,
        wrap_up_s=15.0,
    )


@pytest.mark.parametrize(
    ("paused", "pause", "reason", "kept"),
    [
        (True, 8.9, "", "lunch"),
        (True, 20.0, "", ""),
        (True, None, "", ""),
        (True, 8.9, "dentist", "dentist"),
        (False, 8.9, "", ""),
    ],
)
def test_a_pause_that_goes_on_keeps_its_reason_where_the_pbx_keeps_none(
    paused: bool, pause: float | None, reason: str, kept: str
) -> None:
    known = Membership(
        queue=QueueName("support"), member="Wang", interface="user/8001", paused=True, reason="lunch", last_pause=8.0
    )
    event = MemberChanged(
        at=30.0,
        queue=known.queue,
        member=known.member,
        interface=known.interface,
        device_state=0,
        paused=paused,
        reason=reason,
        penalty=0,
        removed=False,
        last_pause=pause,
    )
    assert membership_of(event, known).reason == kept


def seat(device_state: int) -> Membership:
    return Membership(queue=QueueName("support"), member="Wang", interface="PJSIP/8001", device_state=device_state)


@pytest.mark.parametrize(
    ("devices", "states", "away"),
    [
        ({"PJSIP/8001": "UNAVAILABLE"}, [1], True),
        ({"PJSIP/8001": "NOT_INUSE"}, [5], False),
        ({"PJSIP/8001": "UNAVAILABLE", "SIP/8001": "INUSE"}, [5], False),
        ({}, [5, 4], True),
        ({}, [5, 1], False),
        ({}, [0], False),
        ({}, [], False),
    ],
)
def test_a_desk_is_away_when_nothing_at_it_can_ring(devices: dict[str, str], states: list[int], away: bool) -> None:
    assert is_away(devices, [seat(state) for state in states]) is away


@pytest.mark.parametrize(
    ("agent", "state", "served"), [(None, 5, True), ("500", 5, False), ("500", 1, True), ("501", 5, True), ("501", 1, True)]
)
def test_an_agent_of_a_pool_serves_his_queues_while_he_is_logged_in(agent: str | None, state: int, served: bool) -> None:
    assert is_served(msgspec.structs.replace(seat(state), pool_agent=agent), ("501",)) is served
