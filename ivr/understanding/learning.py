"""From sentences that were not understood, or put to a wrong node, to examples that a person may accept; without I/O.

Nothing is ever learned by itself: what callers say can be wrong, rude or meant to mislead.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from ivr.meaning import Wish
from ivr.understanding.characters import pieces_of
from ivr.understanding.text import normalised
from ivr.understanding.understanding import Understanding

ALIKE: Final = 0.5
"""Share of pieces of letters that two sentences have in common to be shown as one."""
IN_SCOPE: Final = 0.5
"""From here on a sentence is something that the dialog knows."""


class Counted(msgspec.Struct, frozen=True):
    """A sentence as it was counted."""

    text: str
    times: int = 1
    node: str = ""
    """Where an agent says it belongs; empty when nobody said."""


class Suggestion(msgspec.Struct, frozen=True):
    """Sentences that are alike, and the node that they seem to belong to."""

    node: str
    probability: float
    """1 when an agent named the node."""
    in_scope: float
    """Low: perhaps something that the dialog should know and does not."""
    times: int
    """How often any of them was said."""
    examples: tuple[str, ...]
    """The most frequent first."""


def suggestions_of(counted: Sequence[Counted], understanding: Understanding, *, at: str) -> list[Suggestion]:
    """Return suggestions, what was said most often first. ``at``: the node that sentences are taken to be said at."""
    groups: list[tuple[frozenset[str], list[Counted]]] = []
    for each in sorted(counted, key=lambda said: (-said.times, said.text)):
        pieces = frozenset(pieces_of(normalised(each.text)))
        if not pieces:
            continue
        for first, group in groups:
            if group[0].node == each.node and len(first & pieces) >= ALIKE * len(first | pieces):
                group.append(each)
                break
        else:
            groups.append((pieces, [each]))
    found = [_suggestion(group, understanding, at) for _, group in groups]
    return sorted(found, key=lambda suggestion: (-suggestion.times, suggestion.node, suggestion.examples))


def _suggestion(group: list[Counted], understanding: Understanding, at: str) -> Suggestion:
    meaning = understanding.understand(group[0].text, at=at)
    wish = meaning.wishes[0] if meaning.wishes else Wish(group[0].text, (), in_scope=0.0)
    best = wish.ranked[0] if wish.ranked else None
    corrected = group[0].node
    return Suggestion(
        node=corrected or (best.node if best else ""),
        probability=1.0 if corrected else best.probability if best else 0.0,
        in_scope=wish.in_scope,
        times=sum(each.times for each in group),
        examples=tuple(dict.fromkeys(each.text for each in group)),
    )


def written(suggestions: Sequence[Suggestion]) -> str:
    """Return them as YAML, in the form of a dialog's nodes, with what a person needs to decide as comments."""
    lines = ["# Suggested examples. Read them, strike what is wrong, and copy the rest to the nodes of your dialog."]
    if not suggestions:
        return "# There is nothing to suggest.\n"
    for suggestion in suggestions:
        who = "an agent said so" if suggestion.probability == 1.0 else f"{suggestion.probability:.0%} sure"
        known = "" if suggestion.in_scope >= IN_SCOPE else "; perhaps nothing that the dialog knows yet"
        lines.append(f"# said {suggestion.times} times; {who}{known}")
        # JSON strings are YAML strings, whatever a caller said.
        lines.append(f"- node: {_quoted(suggestion.node)}")
        lines.append("  examples:")
        lines += [f"    - {_quoted(text)}" for text in suggestion.examples]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return msgspec.json.encode(text).decode()
