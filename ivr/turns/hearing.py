"""What a person says or types, by what the dialog waits for."""

import re
from typing import Final

from ivr.meaning import FAQ_PREFIX, GlobalWord, Meaning
from ivr.turns.answering import confirm, fill_slots, missed, obey, refuse, remember, start_on, understood
from ivr.turns.choosing import MAX_OFFERS, decide, is_there, needs_of
from ivr.turns.values import Utterance, Waiting
from ivr.turns.walk import MAX_PENDING, Walk

CHOICE_SLOT: Final = "_choice"
"""Filled with a node where a person named one of the choices ("the second one")."""
CERTAIN: Final = 0.5
"""From which certainty on a recognised value is taken."""
_HAN: Final = re.compile(r"[\u3400-\u9fff]")
_WORD: Final = re.compile(r"[A-Za-z]{3,}")


def hear(walk: Walk, heard: Utterance) -> None:
    """Take what a person said or typed."""
    if walk.state.waiting is Waiting.LOOK_UP:
        walk.ask()
        return
    _follow_language(walk, heard)
    slots = tuple(each for each in heard.slots if each.certain >= CERTAIN)
    if heard.confidence < walk.dialog.limits.heard and not slots:
        missed(walk)
        return
    meaning = heard.meaning
    if meaning.word not in (None, GlobalWord.YES, GlobalWord.NO):
        obey(walk, meaning.word)
        return
    fill_slots(walk, slots)
    choice = next((each.value for each in slots if each.slot == CHOICE_SLOT and is_there(each.value, walk.dialog)), None)
    match walk.state.waiting:
        case Waiting.SLOT:
            _hear_slot(walk, meaning)
        case Waiting.CONFIRM:
            _hear_confirm(walk, meaning)
        case Waiting.OFFER:
            _hear_offer(walk, meaning, choice)
        case _:
            _hear_choice(walk, meaning, choice, is_clear=heard.confidence >= walk.dialog.limits.clear)


def _hear_slot(walk: Walk, meaning: Meaning) -> None:
    filled = any(name in walk.fresh for name in walk.state.asked)
    others = _others(walk, meaning)
    if filled:
        understood(walk)
        remember(walk, others)
        walk.advance()
    elif others:
        understood(walk)
        _turn_to(walk, others)
    else:
        missed(walk)


def _hear_confirm(walk: Walk, meaning: Meaning) -> None:
    changed = any(name in walk.fresh for group in needs_of(walk.dialog, walk.state.node) for name in group)
    others = _others(walk, meaning)
    if changed:
        understood(walk)
        walk.ask()
    elif meaning.word is GlobalWord.YES:
        confirm(walk)
    elif meaning.word is GlobalWord.NO and not others:
        refuse(walk)
    elif others:
        understood(walk)
        _turn_to(walk, others)
    else:
        missed(walk)


def _hear_offer(walk: Walk, meaning: Meaning, choice: str | None) -> None:
    if choice is not None:
        understood(walk)
        walk.set(offers=(), waiting=Waiting.CHOICE)
        walk.go(choice)
        return
    unwanted = {name for wish in meaning.wishes for name in wish.unwanted}
    best = {each.node: each.probability for wish in meaning.wishes for each in wish.ranked}
    left = [name for name in walk.state.offers if name not in unwanted]
    if meaning.word is GlobalWord.NO and not unwanted:
        missed(walk)
    elif meaning.word is GlobalWord.YES and len(left) == 1:
        understood(walk)
        walk.set(offers=(), waiting=Waiting.CHOICE)
        walk.go(left[0])
    elif decided := _decided(walk, meaning):
        understood(walk)
        walk.set(waiting=Waiting.CHOICE, offers=())
        start_on(walk, decided)
    elif unwanted and len(left) == 1:
        understood(walk)
        walk.set(offers=(), waiting=Waiting.CHOICE)
        walk.go(left[0])
    elif likely := [name for name in left if best.get(name, 0.0) >= walk.dialog.limits.sure]:
        # Out of scope by itself ("the first bill"), and yet the one of the three that it is most like.
        understood(walk)
        walk.set(offers=(), waiting=Waiting.CHOICE)
        walk.go(likely[0])
    else:
        missed(walk)


def _hear_choice(walk: Walk, meaning: Meaning, choice: str | None, *, is_clear: bool) -> None:
    if choice is not None:
        understood(walk)
        walk.go(choice)
    elif walk.fresh and not any(len(each) == 1 for each in _decided(walk, meaning)) and (able := _nodes_for(walk)):
        # "No, SF…": a number tells more than words that may mean this or that.
        understood(walk)
        start_on(walk, [able])
    elif decided := _decided(walk, meaning):
        understood(walk)
        if is_clear or len(decided) > 1:
            start_on(walk, decided)
        else:
            walk.offer(decided[0])
    elif walk.state.waiting is Waiting.MORE and meaning.word is GlobalWord.NO and not walk.fresh:
        walk.say_own("goodbye")
        walk.end("served")
    elif walk.state.waiting is Waiting.MORE and meaning.word is GlobalWord.YES:
        understood(walk)
        walk.say_own("go_ahead")
    else:
        missed(walk)


def _decided(walk: Walk, meaning: Meaning) -> list[tuple[str, ...]]:
    """Return what each wish means: one node, or several of which one was meant; wishes that mean nothing are left out."""
    found: list[tuple[str, ...]] = []
    for wish in meaning.wishes:
        decided = decide(wish, walk.dialog, walk.dialog.limits)
        if decided.nodes and decided.nodes not in found:
            found.append(decided.nodes)
    return found


def _others(walk: Walk, meaning: Meaning) -> list[tuple[str, ...]]:
    """Return what is surely wished beside the node that is being served."""
    return [each for each in _decided(walk, meaning) if each not in ((walk.state.node,), ()) and len(each) == 1]


def _turn_to(walk: Walk, others: list[tuple[str, ...]]) -> None:
    """Leave a node in its middle for something else, to come back to it."""
    node = walk.state.node
    if not others[0][0].startswith(FAQ_PREFIX):
        walk.set(returns=(node, *(each for each in walk.state.returns if each != node))[:MAX_PENDING])
    start_on(walk, others)


def _nodes_for(walk: Walk) -> tuple[str, ...]:
    """Return the nodes that need what was just told: the one that was served last, else those of the dialog."""
    dialog = walk.dialog

    def needs(name: str) -> bool:
        return any(slot in walk.fresh for group in needs_of(dialog, name) for slot in group)

    served = [name for name in walk.state.finished if name in dialog.nodes]
    if served and needs(served[-1]):
        return (served[-1],)
    return tuple(name for name in dialog.nodes if needs(name))[:MAX_OFFERS]


def _follow_language(walk: Walk, heard: Utterance) -> None:
    """Answer in the language in which somebody speaks; a number or a name alone is in none."""
    language = heard.meaning.language
    if language == walk.state.language or language not in walk.dialog.languages:
        return
    text = heard.text
    for each in heard.slots:
        text = text.replace(each.said, " ") if each.said else text
    if _HAN.search(text) or (language != "zh" and _WORD.search(text)):
        walk.set(language=language)
