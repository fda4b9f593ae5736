"""The words that are likely to be said at a place in a dialog, for engines that take hints. Pure."""

from typing import Final

from ivr.definition.values import Dialog, in_language, sentences_of
from ivr.turns.values import State

MAX_HINTS: Final = 40
"""An engine that is told too much hears it everywhere."""


def hints_of(dialog: Dialog, state: State) -> tuple[str, ...]:
    """Return names of choices, of options that are asked for, and of other nodes; those of here first, in his language."""
    language = state.language
    found: list[str] = []
    for name in state.asked:
        slot = dialog.slots[name]
        found += [in_language(option.label, language) or option.value for option in slot.options]
        found += [word for option in slot.options for word in option.synonyms]
    found += [_label(dialog, name, language) for name in state.offers]
    here = dialog.nodes.get(state.node)
    near = [choice.go for choice in here.choices] if here is not None else []
    for name in dict.fromkeys((*near, *dialog.nodes)):
        found.append(_label(dialog, name, language))
        found += sentences_of(dialog.nodes[name].examples, language)[:1] if name in dialog.nodes else []
    return tuple(word for word in dict.fromkeys(found) if word)[:MAX_HINTS]


def _label(dialog: Dialog, name: str, language: str) -> str:
    node = dialog.nodes.get(name)
    return "" if node is None else in_language(node.label, language)
