import pytest
from support.understood import NODES, shop

from ivr.meaning import GlobalWord
from ivr.understanding.embedding import installed
from ivr.understanding.understanding import FEW_ANSWERS, MAX_EMBEDDED, Understanding, examples_of, learned, some_embedded


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return learned(shop(), installed())


def test_a_wish_is_ranked_and_its_language_known(understanding: Understanding) -> None:
    meaning = understanding.understand("Where's my Swiftbox?", at="main")

    assert (meaning.wishes[0].ranked[0].node, meaning.word, meaning.language) == ("track", None, "en")
    assert understanding.understand("快递到哪里了", at="main").language == "zh"


def test_a_word_is_no_wish(understanding: Understanding) -> None:
    meaning = understanding.understand("转人工", at="main")
    assert (meaning.wishes, meaning.word) == ((), GlobalWord.HUMAN)
    assert understanding.understand("  ", at="main").word is None


def test_an_answer_and_a_wish_in_one(understanding: Understanding) -> None:
    meaning = understanding.understand("No, I want my money back", at="main")
    assert (meaning.word, meaning.wishes[0].ranked[0].node) == (GlobalWord.NO, "refund")


@pytest.mark.parametrize("text", ["track my package and send me the bill", "查一下快递，还有我要开发票"])
def test_several_wishes_in_one_sentence_come_in_order(understanding: Understanding, text: str) -> None:
    meaning = understanding.understand(text, at="main")
    assert [wish.ranked[0].node for wish in meaning.wishes] == ["track", "invoice"]


@pytest.mark.parametrize("text", ["not the invoice, the refund", "不是发票，我要退款"])
def test_what_is_turned_down_is_not_offered(understanding: Understanding, text: str) -> None:
    wish = understanding.understand(text, at="main").wishes[0]
    assert (wish.ranked[0].node, wish.unwanted) == ("refund", ("invoice",))
    assert "invoice" not in [each.node for each in wish.ranked]


def test_only_turning_down_wishes_for_nothing(understanding: Understanding) -> None:
    wish = understanding.understand("not the invoice", at="main").wishes[0]
    assert (wish.ranked, wish.unwanted) == ((), ("invoice",))


def test_the_current_menu_comes_first() -> None:
    nodes = {
        "main": {"choices": [{"go": "one"}]},
        "one": {"examples": ["red apples", "green apples"]},
        "two": {"examples": ["red apples now", "green apples now"]},
    }
    understanding = learned(shop(nodes=nodes), None)
    here, elsewhere = (
        {each.node: each.probability for each in understanding.understand("yellow apples", at=at).wishes[0].ranked}
        for at in ("main", "two")
    )
    assert here["one"] > elsewhere["one"]


def test_few_answers_are_learned_and_many_looked_up() -> None:
    answers = [{"id": f"a{at}", "questions": [f"how is thing {at:05} made"], "say": "So."} for at in range(FEW_ANSWERS + 1)]
    few, many = (learned(shop(answers=answers[:count]), None) for count in (2, FEW_ANSWERS + 1))
    found = [each.understand("how is thing 00001 made", at="main").wishes[0] for each in (few, many)]

    assert [wish.ranked[0].node for wish in found] == ["faq:a1", "faq:a1"]
    assert found[1].in_scope > 0.8
    assert many.understand("track my package", at="main").wishes[0].ranked[0].node == "track"


def test_of_a_very_large_dialog_each_node_gets_a_vector_first() -> None:
    class Counting:
        name = "counting"
        asked: list[str] = []  # noqa: RUF012  # one instance

        def vectors(self, texts):  # type: ignore[no-untyped-def]  # as the port has it
            embedding = installed()
            assert embedding is not None
            self.asked += texts
            return embedding.vectors(["the same"] * len(texts))

    nodes = {f"n{at}": {"examples": [f"thing {at}", f"other {at}"]} for at in range(MAX_EMBEDDED)}
    assert len(examples_of(shop(nodes={"main": {"end": True}, **nodes})).texts) == 2 * MAX_EMBEDDED
    counting = Counting()
    some_embedded(examples_of(shop(nodes={"main": {"end": True}, **nodes})), counting, lambda what, done, of: None)
    assert counting.asked == [f"thing {at}" for at in range(MAX_EMBEDDED)]


def test_a_dialog_that_says_nothing_can_be_wished_for_nothing() -> None:
    understanding = learned(shop(nodes={"main": {"end": True}}), None)
    assert understanding.understand("anything", at="main").wishes[0].ranked == ()


def test_the_name_of_a_node_that_only_others_lead_to_is_nothing_to_wish_for() -> None:
    nodes = NODES | {"lost": {"label": "a lost parcel", "say": "Sorry."}, "track": NODES["track"] | {"then": "lost"}}
    inner, chosen = examples_of(shop(nodes=nodes)), examples_of(shop(nodes=nodes | {"main": {"choices": [{"go": "lost"}]}}))

    assert ("lost" in inner.nodes, "lost" in chosen.nodes) == (False, True)
