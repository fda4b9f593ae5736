"""What every kind of input comes to: slots are kept, ladders climbed, global words obeyed, wishes begun."""

from typing import assert_never

from ivr.meaning import GlobalWord
from ivr.turns.choosing import needs_of
from ivr.turns.values import Filled, Waiting
from ivr.turns.walk import MAX_PENDING, Walk


def fill_slots(walk: Walk, slots: tuple[Filled, ...]) -> None:
    """Keep what was told; of "any one of" the newest counts."""
    known = {each.slot: each.value for each in slots if each.slot in walk.dialog.slots}
    if known:
        walk.fresh.update(known)
        # What was told first is told anew: of "any one of" the newest counts.
        rivals = {
            rival
            for group in (*needs_of(walk.dialog, walk.state.node), walk.state.asked)
            if any(name in known for name in group)
            for rival in group
        }
        kept = {name: value for name, value in walk.state.slots.items() if name not in rivals}
        walk.set(slots={**kept, **known}, used=tuple(name for name in walk.state.used if name not in known))


def understood(walk: Walk) -> None:
    """Begin the ladders anew."""
    walk.set(misses=0, silences=0)


def missed(walk: Walk) -> None:
    """Ask again, or give up at a human."""
    walk.set(misses=walk.state.misses + 1, silences=0)
    if walk.state.misses >= walk.dialog.limits.misses:
        walk.human()
        return
    if walk.state.waiting is Waiting.SLOT:
        walk.ask(again=True)
        return
    walk.say_own("not_understood")
    if walk.state.waiting is Waiting.OFFER:
        # None of the three: asking the same again would lead nowhere.
        walk.set(waiting=Waiting.CHOICE, offers=())
    walk.ask()


def confirm(walk: Walk) -> None:
    """Do what was asked about."""
    understood(walk)
    walk.set(confirmed=True)
    walk.advance()


def refuse(walk: Walk) -> None:
    """Leave undone what was asked about, and go on."""
    understood(walk)
    refused = walk.dialog.nodes[walk.state.node].refused
    walk.say(refused) if refused is not None else walk.say_own("cancelled")
    walk.set(waiting=Waiting.MORE)
    walk.done(walk.state.node)


def obey(walk: Walk, word: GlobalWord | None) -> None:
    """Do what a global word says."""
    walk.set(misses=0, silences=0)
    match word:
        case GlobalWord.HUMAN:
            walk.human()
        case GlobalWord.REPEAT:
            walk.ask()
        case GlobalWord.BACK:
            menus = walk.state.menus
            before = menus[:-1] if menus and menus[-1] == walk.state.node else menus
            walk.set(menus=before[:-1], returns=())
            walk.enter(before[-1] if before else walk.dialog.start)
        case GlobalWord.MAIN_MENU:
            walk.set(menus=(), returns=(), pending=())
            walk.enter(walk.dialog.start)
        case GlobalWord.START_OVER:
            walk.set(menus=(), returns=(), pending=(), slots={}, values={}, used=())
            walk.enter(walk.dialog.start)
        case GlobalWord.YES | GlobalWord.NO | None:
            missed(walk)
        case _:
            assert_never(word)


def start_on(walk: Walk, decided: list[tuple[str, ...]]) -> None:
    """Serve the first wish, and remember the others; what is clear comes before what must be asked about."""
    first, *rest = sorted(decided, key=lambda each: len(each) > 1)
    remember(walk, rest)
    if len(first) > 1:
        walk.offer(first)
    else:
        walk.go(first[0])


def remember(walk: Walk, wishes: list[tuple[str, ...]]) -> None:
    """Keep further wishes for later."""
    walk.set(pending=tuple(dict.fromkeys((*wishes, *walk.state.pending)))[:MAX_PENDING])
