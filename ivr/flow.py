"""The dialog as a pure function: a state and an input give the next state and what to do.

No clock, no chance, no I/O: "now" comes in, and what words mean (:class:`~ivr.meaning.Meaning`) comes with the utterance. So a
conversation can be kept as its last state, and replayed from its inputs. Every conversation ends: a dialog gives up at a human
after ``limits.silences`` silences or ``limits.misses`` misunderstandings in a row, and after ``limits.turns`` inputs in all.
"""

from datetime import datetime
from typing import assert_never

from msgspec.structs import replace

from ivr.definition.values import Dialog, Option, Slot, SlotKind
from ivr.meaning import GlobalWord
from ivr.turns.answering import confirm, fill_slots, missed, obey, refuse, understood
from ivr.turns.choosing import is_there, needs_of
from ivr.turns.handing import label
from ivr.turns.hearing import CHOICE_SLOT, hear
from ivr.turns.values import (
    Begin,
    Chosen,
    Digits,
    Filled,
    Given,
    HangUp,
    LookUpProblem,
    LookUpResult,
    Silence,
    State,
    Step,
    Utterance,
    Waiting,
)
from ivr.turns.walk import HUMAN, NO, YES, Walk


def step(dialog: Dialog, state: State, given: Given, *, now: datetime) -> Step:
    """Take an input; ``now`` has a time zone. What comes after the dialog's end changes nothing."""
    walk = Walk(dialog, state, now)
    if state.waiting is Waiting.OVER:
        return walk.step()
    if isinstance(given, HangUp):
        walk.end("gone")
        return walk.step()
    walk.set(turns=state.turns + 1)
    if walk.state.turns > dialog.limits.turns:
        walk.human()
        return walk.step()
    if state.waiting is Waiting.BEGIN:
        walk.enter(dialog.start)
        if not isinstance(given, Utterance | Digits | Chosen):
            return walk.step()
        # Who speaks first is answered at once, without the greeting's menu.
        walk = Walk(dialog, walk.state, now)
        if walk.state.waiting is Waiting.OVER:
            return step(dialog, state, Begin(), now=now)
    _take(walk, given)
    return walk.step()


def wanted(dialog: Dialog, state: State) -> dict[str, Slot]:
    """Return the slots to look for in what a person says next, by id.

    Those that are asked for come first. Of others, those that no other word looks like: telephone numbers and patterns. The slot
    ``CHOICE_SLOT`` stands for the choices that are on offer.
    """
    found = {name: dialog.slots[name] for name in state.asked}
    offered = state.offers
    node = dialog.nodes.get(state.node)
    if state.waiting in (Waiting.CHOICE, Waiting.MORE) and node is not None:
        offered = tuple(choice.go for choice in node.choices)
    if offered:
        options = tuple(
            Option(value=name, label={language: label(dialog, name, language) for language in dialog.languages})
            for name in offered
        )
        found[CHOICE_SLOT] = Slot(type=SlotKind.CHOICE, options=options)
    free = state.waiting is Waiting.SLOT and any(_takes_anything(slot) for slot in found.values())
    if state.waiting is not Waiting.LOOK_UP and not free:
        for name, slot in dialog.slots.items():
            if slot.type is SlotKind.PHONE or (slot.type is SlotKind.TEXT and slot.pattern is not None):
                found.setdefault(name, slot)
    if state.waiting in (Waiting.SLOT, Waiting.CONFIRM) and node is not None and not free:
        # "SF12345678, tomorrow" to the question for the order; a number alone is the answer to what was asked.
        told_aside = (SlotKind.DATE, SlotKind.CHOICE)
        for name in (name for group in needs_of(dialog, state.node) for name in group):
            if state.waiting is Waiting.CONFIRM or dialog.slots[name].type in told_aside:
                found.setdefault(name, _without_digits(dialog.slots[name]))
    return found


def _without_digits(slot: Slot) -> Slot:
    """Nobody means a digit by itself of a menu that is not being read to him."""
    return replace(slot, options=tuple(replace(option, digit=None) for option in slot.options)) if slot.options else slot


def _takes_anything(slot: Slot) -> bool:
    return slot.type is SlotKind.TEXT and slot.pattern is None


def _take(walk: Walk, given: Given) -> None:
    match given:
        case Begin():
            walk.ask()
        case Utterance():
            hear(walk, given)
        case Digits():
            _press(walk, given)
        case Chosen():
            _chosen(walk, given.value)
        case Silence():
            _silent(walk)
        case LookUpResult():
            _looked_up(walk, given)
        case HangUp():
            walk.end("gone")
        case _:
            assert_never(given)


def _press(walk: Walk, pressed: Digits) -> None:
    state, dialog, keys = walk.state, walk.dialog, pressed.keys
    node = dialog.nodes[state.node]
    match state.waiting:
        case Waiting.LOOK_UP:
            walk.ask()
            return
        case Waiting.SLOT:
            options = [(name, option) for name in state.asked for option in dialog.slots[name].options]
            by_digit = tuple(Filled(slot=name, value=option.value) for name, option in options if option.digit == keys)
            fill_slots(walk, by_digit or pressed.slots)
            if walk.fresh.intersection(state.asked):
                understood(walk)
                walk.advance()
                return
        case Waiting.CONFIRM if keys in ("1", "2"):
            _chosen(walk, YES if keys == "1" else NO)
            return
        case Waiting.OFFER if keys.isdecimal() and 1 <= int(keys) <= len(state.offers):
            _chosen(walk, state.offers[int(keys) - 1])
            return
        case Waiting.CHOICE | Waiting.MORE:
            for choice in node.choices:
                if choice.digit == keys:
                    _chosen(walk, choice.go)
                    return
        case _:
            pass
    words = {
        dialog.keys.human: GlobalWord.HUMAN,
        dialog.keys.back: GlobalWord.BACK,
        dialog.keys.repeat: GlobalWord.REPEAT,
        dialog.keys.main_menu: GlobalWord.MAIN_MENU,
        dialog.keys.start_over: GlobalWord.START_OVER,
    }
    word = words.get(keys)
    if word is None:
        missed(walk)
    else:
        obey(walk, word)


def _chosen(walk: Walk, value: str) -> None:
    state, dialog = walk.state, walk.dialog
    if state.waiting is Waiting.LOOK_UP:
        walk.ask()
    elif value == HUMAN:
        walk.human()
    elif state.waiting is Waiting.CONFIRM and value in (YES, NO):
        confirm(walk) if value == YES else refuse(walk)
    elif state.waiting is Waiting.SLOT and (
        filled := tuple(
            Filled(slot=name, value=value) for name in state.asked if value in (each.value for each in dialog.slots[name].options)
        )
    ):
        fill_slots(walk, filled)
        understood(walk)
        walk.advance()
    elif is_there(value, dialog):
        understood(walk)
        walk.set(offers=(), asked=(), waiting=Waiting.CHOICE)
        walk.go(value)
    else:
        missed(walk)


def _silent(walk: Walk) -> None:
    if walk.state.waiting is Waiting.LOOK_UP:
        return
    walk.set(silences=walk.state.silences + 1)
    if walk.state.silences >= walk.dialog.limits.silences:
        walk.human()
        return
    walk.say_own("silent")
    walk.ask()


def _looked_up(walk: Walk, result: LookUpResult) -> None:
    dialog, name = walk.dialog, walk.state.node
    look_up = dialog.nodes[name].look_up
    if walk.state.waiting is not Waiting.LOOK_UP or look_up is None or look_up.handler != result.handler:
        return
    handler = dialog.handlers[look_up.handler]
    if result.problem is LookUpProblem.NOT_FOUND:
        walk.set(failures=walk.state.failures + 1, looked_up=False, confirmed=False)
        failures = walk.state.failures
        if failures >= dialog.limits.misses:
            walk.human()
        elif look_up.not_found is not None:
            walk.enter(look_up.not_found)
        else:
            walk.say(handler.not_found) if handler.not_found is not None else walk.say_own("not_found")
            needed = {slot for group in needs_of(dialog, name) for slot in group}
            walk.set(slots={slot: value for slot, value in walk.state.slots.items() if slot not in needed})
            walk.advance() if needed else walk.more()
    elif result.problem is LookUpProblem.DOWN:
        if look_up.down is not None:
            walk.enter(look_up.down)
            return
        walk.say(handler.down) if handler.down is not None else walk.say_own("down")
        walk.set(waiting=Waiting.MORE)
        if walk.state.pending or walk.state.returns:
            walk.done(name)
        else:
            walk.more()
            walk.offer_human()
    else:
        walk.set(looked_up=True, values={**walk.state.values, **result.values}, failures=0)
        walk.advance()
