"""Drives an old menu that stays: which keys lead to a node, when each is pressed, and by the PBX's own account whether it worked.

Pure. A way is found in the dialog (:func:`way_to`), then :func:`step` is asked whenever the call changed (:func:`seen`) or the
time that it named has passed: it presses the next key when the PBX says that the caller stands in the menu to which the key
belongs, and never on a guess where the PBX tells its menus. What goes wrong is said, and leads to a human (:func:`give_up`).
"""

from collections import deque
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from gateway.model.calls import Call
from ivr.definition.values import Dialog, Target
from ivr.turns.values import State, Step
from ivr.turns.walk import Walk


class NoWayError(ValueError):
    """The dialog's digits lead nowhere near the node; its text says what to write."""


class OldMenus(msgspec.Struct, frozen=True, kw_only=True):
    """How the old menus are."""

    names: Mapping[str, str] = {}
    """The PBX's name of a node's menu; without one the node's id, as an import gives it."""
    are_told: bool = True
    """Whether the PBX says in which menu a caller stands; if not, keys are pressed after ``blind_s``."""
    pause_s: float = 0.4
    """Seconds from a menu's beginning to the key: some PBXs swallow what comes at once."""
    blind_s: float = 3.0
    patience_s: float = 8.0
    """Seconds in which a key must have had its effect."""
    tries: int = 2
    """Of each key; the second where the PBX did not hear the first."""

    def name(self, node: str) -> str:
        """Return what the PBX calls a node's menu."""
        return self.names.get(node, node)


class Press(msgspec.Struct, frozen=True):
    """A choice of one menu."""

    menu: str
    """The PBX's name."""
    keys: str


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """The keys to a node."""

    presses: tuple[Press, ...]
    menu: str | None
    """The menu in which it ends; None where it ends with somebody."""
    target: Target | None
    """With whom it ends, where the dialog says so."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """What the PBX says of the call so far."""

    menus: tuple[str, ...] = ()
    """In order; the same again at once counts once."""
    digits: str = ""
    queue: str | None = None
    """In which the caller waits, or was served."""
    called: frozenset[str] = frozenset()
    """Extensions and numbers that ring or talk for the caller."""
    agents: frozenset[str] = frozenset()
    is_over: bool = False


class Astray(StrEnum):
    ELSEWHERE = "elsewhere"
    """The caller is in a menu, a queue or with somebody that the way does not know."""
    NOTHING = "nothing"
    """The key changed nothing."""
    ENDED = "ended"
    """The old menu hung up."""


class Wait(msgspec.Struct, frozen=True):
    """Ask again after so many seconds, or when the call has changed."""

    seconds: float


class Send(msgspec.Struct, frozen=True):
    """Press keys for the caller."""

    keys: str


class Arrived(msgspec.Struct, frozen=True):
    """The caller is where he wished to be."""


class Lost(msgspec.Struct, frozen=True):
    """He is not, and no further key helps: :func:`give_up`."""

    why: Astray
    where: str = ""
    """The menu, queue or number, for whoever looks after the dialog."""


Act = Wait | Send | Arrived | Lost


class Driving(msgspec.Struct, frozen=True, kw_only=True):
    """One call on its way, between two looks at it."""

    way: Way
    since: float
    """Seconds: when something last came nearer."""
    pressed: int = 0
    """Choices that were made."""
    tries: int = 0
    """Of the last one."""
    menus: int = 0
    """How many were seen."""
    heard: int = 0
    """Digits that the PBX had heard before the last key."""


def way_to(dialog: Dialog, node: str, old: OldMenus) -> Way:
    """Return the shortest way from the start by digits; what is asked for by name or number on the way cannot be driven through.

    Raises:
        NoWayError: There is none.
    """
    ways: dict[str, tuple[Press, ...]] = {dialog.start: ()}
    waiting = deque([dialog.start])
    while waiting and node not in ways:
        name = waiting.popleft()
        here, presses = dialog.nodes[name], ways[name]
        if here.needs or here.confirm or here.look_up or here.recommend:
            continue
        onward = [(choice.go, (*presses, Press(old.name(name), choice.digit))) for choice in here.choices if choice.digit]
        if here.then is not None and not here.choices:
            onward.append((here.then, presses))
        for target, by in onward:
            if target not in ways:
                ways[target] = by
                waiting.append(target)
    if node not in ways:
        raise NoWayError(f"no digits lead from {dialog.start} to {node}: give a choice on the way its `digit:`")
    goal = dialog.nodes[node]
    return Way(presses=ways[node], menu=old.name(node) if goal.choices else None, target=goal.transfer)


def seen(call: Call) -> Seen:
    """Return what a call's record tells of the way."""
    parties = [leg for leg in call.legs.values() if leg.is_party and leg.id != call.caller_leg]
    queue = call.queues[-1] if call.queues else None
    return Seen(
        menus=tuple(menu for at, menu in enumerate(call.menus) if at == 0 or call.menus[at - 1] != menu),
        digits=call.digits,
        queue=queue.queue if queue is not None and (queue.left_at is None or call.answered_by) else None,
        called=frozenset(name for leg in parties for name in (leg.party, leg.number) if name),
        agents=frozenset(each.agent for each in call.agents),
        is_over=call.ended,
    )


def step(driving: Driving, now_seen: Seen, old: OldMenus, now: float) -> tuple[Driving, Act]:
    """Say what to do; ``now`` is in seconds, on the clock of ``since``."""
    way = driving.way
    if driving.pressed == len(way.presses) and _is_there(driving, now_seen):
        return driving, Arrived()
    if now_seen.is_over:
        return driving, Lost(Astray.ENDED, now_seen.menus[-1] if now_seen.menus else "")
    if (where := _elsewhere(way, now_seen)) is not None:
        return driving, Lost(Astray.ELSEWHERE, where)
    if len(now_seen.menus) > driving.menus:
        driving = replace(driving, menus=len(now_seen.menus), since=now)
    if driving.pressed < len(way.presses):
        stands_there = len(now_seen.menus) == driving.pressed + 1
        pause = old.pause_s if old.are_told else old.blind_s
        if stands_there or not old.are_told:
            if now < driving.since + pause:
                return driving, Wait(driving.since + pause - now)
            return _press(driving, now_seen, now, again=False)
    left = driving.since + old.patience_s - now
    if left > 0:
        return driving, Wait(left)
    if driving.pressed and driving.tries < old.tries and len(now_seen.digits) <= driving.heard:
        return _press(driving, now_seen, now, again=True)
    return driving, Lost(Astray.NOTHING, now_seen.menus[-1] if now_seen.menus else "")


def give_up(dialog: Dialog, state: State, now: datetime) -> Step:
    """Say that it did not work, and hand over to the dialog's human."""
    walk = Walk(dialog, state, now)
    walk.say_own("astray")
    walk.human()
    return walk.step()


def _press(driving: Driving, now_seen: Seen, now: float, *, again: bool) -> tuple[Driving, Act]:
    at = driving.pressed - 1 if again else driving.pressed
    made = replace(
        driving,
        pressed=at + 1,
        tries=driving.tries + 1 if again else 1,
        since=now,
        heard=len(now_seen.digits),
    )
    return made, Send(driving.way.presses[at].keys)


def _is_there(driving: Driving, now_seen: Seen) -> bool:
    way = driving.way
    if way.menu is not None:
        return now_seen.menus[-1:] == (way.menu,) and len(now_seen.menus) == len(way.presses) + 1
    if way.target is None:
        # The old menu serves him itself, by saying something: all there is to see is that it heard the key.
        return len(now_seen.digits) > driving.heard
    return _has(way.target, now_seen)


def _has(target: Target | None, now_seen: Seen) -> bool:
    if target is None:
        return False
    return (
        (target.queue is not None and target.queue == now_seen.queue)
        or (target.number is not None and target.number in now_seen.called)
        or (target.agent is not None and target.agent in now_seen.agents | now_seen.called)
    )


def _elsewhere(way: Way, now_seen: Seen) -> str | None:
    """Return where the caller is, if the way does not lead there."""
    expected = (*(each.menu for each in way.presses), *((way.menu,) if way.menu is not None else ()))
    if now_seen.menus != expected[: len(now_seen.menus)]:
        return now_seen.menus[-1]
    if _has(way.target, now_seen):
        return None
    return now_seen.queue or min(now_seen.called, default=None)
