import numpy as np
import pytest
from support.example_talk import dialog
from support.understood import shop

from ivr.understanding.classifier import Classifier, Examples, trained
from ivr.understanding.embedding import Embedding, installed
from ivr.understanding.strangers import STRANGERS
from ivr.understanding.understanding import examples_of


def best(classifier: Classifier, text: str, *, from_speech: bool = False) -> str:
    judged = classifier.judged(text, from_speech=from_speech)
    assert float(judged.probabilities.sum()) == pytest.approx(1.0, abs=1e-4)
    return classifier.nodes[int(judged.probabilities.argmax())]


@pytest.mark.parametrize("embedding", [None, installed()], ids=["letters", "meaning"])
def test_sentences_go_to_the_node_that_they_are_like(embedding: Embedding | None) -> None:
    classifier = trained(examples_of(shop()), embedding)

    assert best(classifier, "please track the package") == "track"
    assert best(classifier, "我想退款") == "refund"
    assert classifier.judged("track my package").in_scope > classifier.judged("sing me a song about whales").in_scope


def test_other_words_of_the_same_meaning_need_vectors() -> None:
    assert best(trained(examples_of(shop()), installed()), "what became of my shipment") == "track"


def test_what_was_heard_counts_by_its_sound() -> None:
    classifier = trained(examples_of(shop()), None)
    wrote = classifier.judged("踹款")
    heard = classifier.judged("腿宽", from_speech=True)
    refund = classifier.nodes.index("refund")

    assert heard.probabilities[refund] > wrote.probabilities[refund]
    assert best(classifier, "腿宽", from_speech=True) == "refund"


def test_the_same_data_give_the_same_model() -> None:
    one, other = (trained(examples_of(shop()), None) for _ in range(2))
    assert all(np.array_equal(one.arrays[name], other.arrays[name]) for name in one.arrays)


def test_examples_without_a_vector_count_by_their_letters() -> None:
    embedding = installed()
    assert embedding is not None
    examples = Examples(("alpha beta", "gamma delta"), ("one", "two"))
    classifier = trained(examples, embedding, embedded={"alpha beta": embedding.vectors(["alpha beta"])[0]})

    assert best(classifier, "gamma delta") == "two"


def test_what_a_dialog_was_taught_is_in_its_scope_though_no_two_of_its_sentences_share_a_word() -> None:
    taught = dialog()  # two sentences a language for each of fifty answers: nothing to hold out
    classifier = trained(examples_of(taught), None)
    judged = [classifier.judged(text) for text in examples_of(taught).texts]

    assert min(each.in_scope for each in judged) > taught.limits.in_scope
    assert max(classifier.judged(text).in_scope for text in STRANGERS) < taught.limits.in_scope
