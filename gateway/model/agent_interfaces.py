"""Queue members: which telephone each stands for, and what the PBX says of him. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

import msgspec

from gateway.model.ids import QueueName
from gateway.model.reports import MemberChanged
from gateway.model.site import Site

_UNREACHABLE_WORDS: Final = frozenset({"UNAVAILABLE", "INVALID"})
_UNREACHABLE_NUMBERS: Final = frozenset({4, 5})
"""Asterisk's device states: 4 invalid, 5 unavailable."""
_POOL: Final = "Agent"
_A_SECOND: Final = 1.0
"""PBXs list times in whole seconds."""


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One agent's part in one queue; times are seconds since the epoch, None where the PBX does not say them."""

    queue: QueueName
    member: str
    interface: str
    paused: bool = False
    reason: str = ""
    penalty: int = 0
    dynamic: bool = False
    device_state: int = 0
    """Asterisk's device state number, 0 unknown .. 8 on hold."""
    last_call: float | None = None
    last_pause: float | None = None
    logged_in_at: float | None = None
    wrap_up_s: float = 0.0
    pool_agent: str | None = None
    """The id of an agent who has no telephone of his own and logs in at any."""
    in_call: bool = False
    """With a caller whom this queue gave him, as far as the PBX has said it yet."""


def membership_of(event: MemberChanged, known: Membership | None = None) -> Membership:
    """Return what an event says of a member.

    Args:
        event: Of the member.
        known: What he was before.
    """
    reason = event.reason if event.paused else ""
    if known is not None and event.paused and not reason and _is_same_pause(event.last_pause, known.last_pause):
        # Some PBXs keep none, and whoever told it was heard by us alone.
        reason = known.reason
    return Membership(
        queue=event.queue,
        member=event.member,
        interface=event.interface,
        paused=event.paused,
        reason=reason,
        penalty=event.penalty,
        dynamic=event.dynamic,
        device_state=event.device_state,
        last_call=event.last_call,
        last_pause=event.last_pause,
        logged_in_at=event.logged_in_at,
        wrap_up_s=event.wrap_up_s,
        pool_agent=pool_agent_of(event.interface, event.state_interface),
        in_call=event.in_call,
    )


def _is_same_pause(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= _A_SECOND


def is_served(membership: Membership, pool: Collection[str]) -> bool:
    """Tell whether somebody serves it: of an agent of a pool only while he is logged in.

    Args:
        membership: Of any agent.
        pool: The agents of the pool who are known to be at a telephone; others may be too, as after a restart.
    """
    agent = membership.pool_agent
    return agent is None or agent in pool or membership.device_state not in _UNREACHABLE_NUMBERS


def number_of(interface: str) -> str:
    """Return the number or name in an interface: 8001 of ``PJSIP/8001``, ``Local/8001@from-queue/n``, ``hint:8001@ext-local``."""
    _, mark, rest = interface.replace(":", "/", 1).partition("/")
    number = rest.partition("@")[0].partition("/")[0] if mark else interface
    return number or interface


def pool_agent_of(interface: str, state_interface: str) -> str | None:
    """Return the id of an agent who has no telephone of his own and logs in at any (``Agent/500``, ``Agent:500``)."""
    for text in (state_interface, interface):
        technology, _, agent = text.replace(":", "/", 1).partition("/")
        if technology == _POOL and agent:
            return agent
    return None


def desk_of(interface: str, state_interface: str, site: Site, pool: Mapping[str, str]) -> str:
    """Return the extension that a member's calls ring at, else the number or name by which the PBX calls him.

    Args:
        interface: What the queue calls.
        state_interface: Whose state is the member's.
        site: Tells extensions from other numbers.
        pool: The extension at which each agent of the pool is logged in.
    """
    agent = pool_agent_of(interface, state_interface)
    if agent is not None:
        return pool.get(agent, agent)
    for text in (interface, state_interface):
        number = number_of(text)
        if site.is_extension(number):
            return number
    return number_of(interface)


def is_away(devices: Mapping[str, str], memberships: Iterable[Membership]) -> bool:
    """Tell whether nothing at this desk can ring.

    Args:
        devices: The PBX's word for the state of each of the desk's telephones.
        memberships: Of the desk; asked where no telephone's own state is known.
    """
    if devices:
        return all(word in _UNREACHABLE_WORDS for word in devices.values())
    numbers = [membership.device_state for membership in memberships]
    return bool(numbers) and all(number in _UNREACHABLE_NUMBERS for number in numbers)
