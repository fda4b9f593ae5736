"""Which node a wish means: one that is sure, several of which one is offered, or none."""

from typing import Final

import msgspec

from ivr.definition.values import AnyOf, Dialog, Limits
from ivr.meaning import FAQ_PREFIX, Wish

MAX_OFFERS: Final = 3
"""Three buttons, or three spoken choices: nobody keeps more in mind."""
CLEAR_LEAD: Final = 0.15
"""By how much the best must lead the second to be entered without a question."""


class Decided(msgspec.Struct, frozen=True):
    """Empty: none was meant. One: go there. Several: ask which."""

    nodes: tuple[str, ...] = ()


def decide(wish: Wish, dialog: Dialog, limits: Limits) -> Decided:
    """Say what a wish means. Nodes and answers that the dialog does not have, and what is unwanted, count for nothing."""
    ranked = [each for each in wish.ranked if each.node not in wish.unwanted and is_there(each.node, dialog)]
    if not ranked or wish.in_scope < limits.in_scope:
        return Decided()
    second = ranked[1].probability if len(ranked) > 1 else 0.0
    if ranked[0].probability >= limits.sure and ranked[0].probability - second >= CLEAR_LEAD:
        return Decided((ranked[0].node,))
    return Decided(tuple(each.node for each in ranked[:MAX_OFFERS] if each.probability >= limits.maybe))


def is_there(name: str, dialog: Dialog) -> bool:
    """Tell whether this is a node of the dialog, or ``faq:`` and one of its answers."""
    if name.startswith(FAQ_PREFIX):
        return name.removeprefix(FAQ_PREFIX) in answers_by_id(dialog)
    return name in dialog.nodes


def needs_of(dialog: Dialog, node: str) -> tuple[tuple[str, ...], ...]:
    """Return what a node needs or asks for: of each group one slot will do."""
    here = dialog.nodes[node]
    groups = tuple(need.any_of if isinstance(need, AnyOf) else (need,) for need in here.needs)
    return groups if here.recommend is None else (*groups, *((slot,) for slot in here.recommend.ask))


_ANSWERS: dict[int, tuple[Dialog, dict[str, int]]] = {}


def answers_by_id(dialog: Dialog) -> dict[str, int]:
    """Return the positions of a dialog's answers, which may be tens of thousands, by id."""
    held = _ANSWERS.get(id(dialog))
    if held is None or held[0] is not dialog:
        # The one dialog that is served, and the one that takes its place when its file changes.
        if len(_ANSWERS) > 1:
            _ANSWERS.clear()
        held = (dialog, {answer.id: position for position, answer in enumerate(dialog.answers)})
        _ANSWERS[id(dialog)] = held
    return held[1]
