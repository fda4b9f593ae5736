"""Words that are missing: translations, prompts, labels, examples, and names in ``{…}`` that nothing fills."""

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from gateway.model.yaml_text import KeyPath, Problem
from ivr.definition.reading import Definition
from ivr.definition.values import Dialog, Node
from ivr.turns.sentences import SENTENCES, holes

KEYS_OF_WORDS: Final = frozenset({"say", "ask", "again", "label", "confirm", "refused", "closed", "down", "not_found"})
"""Keys under which there are words; ``down`` and ``not_found`` of a handler, while a look-up's name nodes."""


def wording_problems(definition: Definition) -> Iterator[Problem]:
    """Yield them, each where the words should be."""
    dialog = definition.dialog
    yield from _translations(definition)
    chosen = {choice.go for node in dialog.nodes.values() for choice in node.choices if choice.label is None}
    targets = {choice.go for node in dialog.nodes.values() for choice in node.choices}
    for name, node in dialog.nodes.items():
        key: KeyPath = ("nodes", name)
        if (node.choices or node.listen) and node.say is None and node.prompt is None:
            yield _wrong(definition, key, "has choices and says nothing", "Add `say:`")
        if node.label is None and (name in chosen or node.examples):
            yield _wrong(
                definition, key, "has no name for people", "Add `label:`: it is on buttons, in questions and in hand-overs"
            )
        if name in targets and name != dialog.start:
            yield from _examples(definition, key, node)
    known = {*dialog.slots, *(name for handler in dialog.handlers.values() for name in handler.take)}
    if dialog.catalogues:
        known |= {"product", "about", "recommended"}
    for key, text in _texts(dialog):
        for hole in holes(text):
            if hole not in known:
                cure = "Name a slot, or a value that a handler takes (`take:`)"
                yield _wrong(definition, key, f"nothing fills {{{hole}}}", cure)


def _examples(definition: Definition, key: KeyPath, node: Node) -> Iterator[Problem]:
    if not node.examples:
        cure = "Add `examples:`, five or more sentences in each language"
        yield _wrong(definition, key, "has no example sentences: only digits lead here", cure)
    elif isinstance(node.examples, dict):
        for language in definition.dialog.languages:
            if not node.examples.get(language):
                yield _wrong(definition, (*key, "examples"), f"has no examples in {language}", f"Add `{language}:` with some")


def _translations(definition: Definition) -> Iterator[Problem]:
    dialog = definition.dialog
    for key, words in _words(definition.document.data, ()):
        for language in dialog.languages:
            if not words.get(language):
                yield _wrong(definition, key, f"is not said in {language}", f"Add `{language}:`")
        for language in words.keys() - set(dialog.languages):
            cure = "Add it to `languages:`, or take the words out"
            yield _wrong(definition, (*key, language), f"the dialog does not speak {language}", cure)
    for name in dialog.catalogues:
        for product in dialog.catalogue(name).products:
            for told in (product.name, product.about):
                for language in dialog.languages:
                    if isinstance(told, dict) and not told.get(language):
                        cure = f"Add `{language}:`"
                        yield _wrong(definition, ("catalogues", name), f"{product.id} is not described in {language}", cure)
    for name, own in SENTENCES.items():
        for language in dialog.languages:
            if name not in dialog.sentences and language not in own:
                cure = f"Add `sentences:` with `{name}: {{{language}: …}}`"
                yield _wrong(definition, ("sentences",), f"Tieline has no words for {name} in {language}", cure)
    for name in dialog.sentences.keys() - SENTENCES.keys():
        yield _wrong(definition, ("sentences", name), "is none of Tieline's sentences", f"There is: {', '.join(SENTENCES)}")


def _words(data: Any, key: KeyPath) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield what is written as words by language, at any depth of the file."""
    if isinstance(data, list):
        for position, each in enumerate(data):
            yield from _words(each, (*key, position))
    elif isinstance(data, dict):
        for name, each in data.items():
            inside_words = len(key) == 1 and key[0] == "sentences"
            # Below `nodes:` and `slots:` stand names of people's choice, which may be called `say`.
            named = len(key) != 1 or key[0] == "human"
            if isinstance(each, dict) and (inside_words or (named and name in KEYS_OF_WORDS)):
                yield (*key, name), each
            elif key != ("sentences",):
                yield from _words(each, (*key, name))


def _texts(dialog: Dialog) -> Iterator[tuple[KeyPath, str]]:
    """Yield each text of nodes that may name values."""
    for name, node in dialog.nodes.items():
        plain = msgspec.to_builtins(node)
        for field in ("say", "confirm", "refused"):
            words = plain[field]
            texts = list(words.values()) if isinstance(words, dict) else [words or ""]
            for text in dict.fromkeys(texts):
                yield ("nodes", name, field), text


def _wrong(definition: Definition, key: KeyPath, what: str, cure: str) -> Problem:
    return Problem(place=definition.document.place(key), key=key, what=what, cure=cure)
