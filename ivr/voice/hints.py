"""The words that are likely to be said at a place in a dialog, for engines that take hints. Pure."""

from typing import Final

from ivr.definition.values import Dialog, in_language, sentences_of
from ivr.turns.values import State

MAX_EXAMPLES: Final = 6
"""Of one node."""
MAX_HINTS: Final = 60
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
    order = [name for name in dict.fromkeys((*near, *dialog.nodes)) if name in dialog.nodes]
    found += [_label(dialog, name, language) for name in near]
    # One example of each, then a second of each: an engine takes as many as it holds.
    for turn in range(MAX_EXAMPLES):
        found += [text for name in order for text in sentences_of(dialog.nodes[name].examples, language)[turn : turn + 1]]
    found += [_label(dialog, name, language) for name in order]
    return tuple(word for word in dict.fromkeys(found) if word)[:MAX_HINTS]


def _label(dialog: Dialog, name: str, language: str) -> str:
    node = dialog.nodes.get(name)
    return "" if node is None else in_language(node.label, language)
