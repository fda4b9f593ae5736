"""From what a person says to what it means in a dialog: :meth:`Understanding.understand`.

It computes for about 15 ms and waits for nothing; whoever serves many calls it in a thread.
"""

import re
from collections.abc import Iterator
from typing import Final

import numpy as np

from ivr.definition.values import Dialog, in_language, sentences_of
from ivr.meaning import FAQ_PREFIX, GlobalWord, Meaning, Scored, Wish
from ivr.understanding.answers import Answers, indexed
from ivr.understanding.classifier import Classifier, Examples, Progress, trained
from ivr.understanding.clauses import clauses_of, turned
from ivr.understanding.embedding import Embedding, Floats
from ivr.understanding.text import Synonyms, language_of, normalised
from ivr.understanding.words import word_of

RANKED: Final = 10
"""Nodes that a wish names."""
HERE: Final = 2.5
"""How many times likelier a choice of the current menu is than a node elsewhere that sounds the same."""
SURE: Final = 0.5
"""From this probability on parts of a sentence are wishes of their own, and what is turned down is known."""
FEW_ANSWERS: Final = 300
"""Up to so many are learned like nodes; more are looked up by their letters."""
MAX_EMBEDDED: Final = 1000
"""Sentences that get a vector at the start of a very large dialog, some 15 s; the others count by their letters."""
_FIRST: Final = re.compile(r"^(?P<first>[^,，。.!！;；]{1,12})\s*[,，。.!！;；]\s*(?P<rest>.+)$")


class Understanding:
    """A dialog's, trained; safe in threads."""

    def __init__(self, dialog: Dialog, classifier: Classifier | None, answers: Answers | None) -> None:
        """``classifier`` is None where nothing in the dialog can be wished for; ``answers`` where there are few or none."""
        self.classifier = classifier
        self.answers = answers
        self._language = dialog.languages[0]
        self._synonyms = Synonyms(dialog.synonyms)
        self._here = {
            name: frozenset(choice.go for choice in node.choices) | {name} for name, node in dialog.nodes.items() if node.choices
        }

    def understand(self, text: str, *, at: str, from_speech: bool = False) -> Meaning:
        """Say what a text means to somebody who is at the node ``at``."""
        plain = normalised(text)
        language = language_of(plain, self._language)
        if (word := word_of(plain)) is not None or not plain:
            return Meaning(word=word, language=language)
        # "No, the refund": an answer, and a wish.
        if (found := _FIRST.match(plain)) is not None and (first := word_of(found["first"])) in (GlobalWord.YES, GlobalWord.NO):
            word, plain = first, found["rest"]
            if (second := word_of(plain)) is not None:
                return Meaning(word=second, language=language)
        parts = turned(plain)
        unwanted = self._unwanted(parts.unwanted, at, from_speech)
        if not parts.wanted:
            if not unwanted:
                return Meaning((self._wish(plain, at, from_speech),), word, language)
            return Meaning((Wish(plain, (), in_scope=1.0, unwanted=unwanted),), word, language)
        if (wanted := word_of(parts.wanted)) is not None:
            return Meaning((), wanted, language)
        wishes = self._wishes(parts.wanted, at, from_speech)
        if unwanted:
            wishes = tuple(_without(wish, unwanted) for wish in wishes)
        return Meaning(wishes, word, language)

    def _wishes(self, text: str, at: str, from_speech: bool) -> tuple[Wish, ...]:
        clauses = clauses_of(text)
        if len(clauses) > 1:
            parts = tuple(self._wish(clause, at, from_speech) for clause in clauses)
            meant = [part.ranked[0].node if part.ranked else "" for part in parts]
            if all(_sure(part) for part in parts) and len(set(meant)) == len(meant):
                return parts
        return (self._wish(text, at, from_speech),)

    def _unwanted(self, text: str, at: str, from_speech: bool) -> tuple[str, ...]:
        if not text:
            return ()
        wish = self._wish(text, at, from_speech)
        return tuple(each.node for each in wish.ranked[:1] if each.probability >= SURE)

    def _wish(self, text: str, at: str, from_speech: bool) -> Wish:
        plain = self._synonyms.apply(text)
        scores: dict[str, float] = {}
        in_scope = 0.0
        if self.classifier is not None:
            judged = self.classifier.judged(plain, from_speech=from_speech)
            likely = self._nearer(judged.probabilities, at)
            for number in np.argsort(-likely, kind="stable")[:RANKED].tolist():
                scores[self.classifier.nodes[number]] = float(likely[number])
            in_scope = judged.in_scope
        if self.answers is not None:
            asked = _asked(self.answers.best(plain))
            # What a node is surely meant by is no question, unless it is one word for word.
            share = max(asked.values(), default=0.0) * (1.0 - 0.5 * in_scope * max(scores.values(), default=0.0))
            total = sum(asked.values()) or 1.0
            scores = {node: each * (1.0 - share) for node, each in scores.items()}
            scores |= {FAQ_PREFIX + name: share * each / total for name, each in asked.items()}
            in_scope = max(in_scope, share)
        ranked = sorted(scores.items(), key=lambda item: -item[1])[:RANKED]
        return Wish(text, tuple(Scored(node, min(1.0, each)) for node, each in ranked), in_scope=in_scope)

    def _nearer(self, likely: Floats, at: str) -> Floats:
        here = self._here.get(at)
        if here is None or self.classifier is None:
            return likely
        factors = np.array([HERE if node in here else 1.0 for node in self.classifier.nodes], dtype=np.float32)
        weighed = likely * factors
        return np.asarray(weighed / weighed.sum(), dtype=np.float32)


def learned(dialog: Dialog, embedding: Embedding | None, *, progress: Progress = lambda what, done, of: None) -> Understanding:
    """Train for a dialog; ``embedding`` None: by letters alone. Seconds, and under a minute for the largest dialogs."""
    examples = examples_of(dialog)
    classifier = None
    if examples.texts:
        embedded = None
        if embedding is not None and len(examples.texts) > MAX_EMBEDDED:
            embedded = some_embedded(examples, embedding, progress)
        classifier = trained(examples, embedding, embedded=embedded, progress=progress)
    return Understanding(dialog, classifier, looked_up(dialog, progress))


def looked_up(dialog: Dialog, progress: Progress) -> Answers | None:
    """Return the index of a dialog's answers where they are too many to be learned like nodes."""
    questions = questions_of(dialog) if len(dialog.answers) > FEW_ANSWERS else []
    return indexed(questions, progress=progress) if questions else None


def examples_of(dialog: Dialog) -> Examples:
    """Return what a dialog gives to learn: its nodes' examples and labels, and where they are few the answers' questions."""
    synonyms = Synonyms(dialog.synonyms)
    pairs = dict.fromkeys((synonyms.apply(normalised(text)), node) for node, text in _sentences(dialog))
    return Examples(tuple(text for text, _ in pairs if text), tuple(node for text, node in pairs if text))


def questions_of(dialog: Dialog) -> list[tuple[str, str]]:
    """Return the id of an answer and a question, of all."""
    synonyms = Synonyms(dialog.synonyms)
    return [(answer.id, synonyms.apply(normalised(text))) for answer in dialog.answers for text in sentences_of(answer.questions)]


def _sentences(dialog: Dialog) -> Iterator[tuple[str, str]]:
    labels = {
        (choice.go, language): in_language(choice.label, language)
        for node in dialog.nodes.values()
        for choice in node.choices
        for language in dialog.languages
        if choice.label
    }
    chosen = {choice.go for node in dialog.nodes.values() for choice in node.choices}
    for name, node in dialog.nodes.items():
        # What only other nodes lead to is no wish: its name is for those who read of it.
        wished = bool(node.examples) or name in chosen
        own = [in_language(node.label, language) for language in dialog.languages] if wished else []
        own += [labels[name, language] for language in dialog.languages if (name, language) in labels]
        for text in (*sentences_of(node.examples), *own):
            yield name, text
    if len(dialog.answers) <= FEW_ANSWERS:
        for answer in dialog.answers:
            for text in sentences_of(answer.questions):
                yield FAQ_PREFIX + answer.id, text


def some_embedded(examples: Examples, embedding: Embedding, progress: Progress) -> dict[str, Floats]:
    """Give vectors to the first example of each node, then to the second of each, until there are enough."""
    turn: dict[str, int] = {}
    order: list[tuple[int, int, str]] = []
    for at, (text, node) in enumerate(zip(examples.texts, examples.nodes, strict=True)):
        turn[node] = turn.get(node, 0) + 1
        order.append((turn[node], at, text))
    chosen = [text for _, _, text in sorted(order)[:MAX_EMBEDDED]]
    known: dict[str, Floats] = {}
    for at, text in enumerate(chosen):
        if at % 100 == 0:
            progress("reading examples", at, len(chosen))
        known[text] = embedding.vectors([text])[0]
    return known


def _asked(best: tuple[tuple[str, float], ...]) -> dict[str, float]:
    """Return how surely each is meant: half from 0.6 of likeness on, as a question in other words has it."""
    return {name: float(1.0 / (1.0 + np.exp(-14.0 * (likeness - 0.6)))) for name, likeness in best if likeness > 0.2}


def _sure(wish: Wish) -> bool:
    return bool(wish.ranked) and wish.ranked[0].probability >= SURE and wish.in_scope >= SURE


def _without(wish: Wish, unwanted: tuple[str, ...]) -> Wish:
    left = [each for each in wish.ranked if each.node not in unwanted]
    total = sum(each.probability for each in left) or 1.0
    gone = sum(each.probability for each in wish.ranked if each.node in unwanted)
    ranked = tuple(Scored(each.node, min(1.0, each.probability * (1.0 + gone / total))) for each in left)
    return Wish(wish.text, ranked, wish.in_scope, unwanted)
