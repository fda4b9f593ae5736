import pytest
from support.dialogs import shop

from ivr.turns.sentences import SENTENCES, fill, holes, sentence


@pytest.mark.parametrize("name", SENTENCES)
def test_each_sentence_is_there_in_both_languages_with_the_same_values(name: str) -> None:
    assert SENTENCES[name].keys() == {"zh", "en"}
    assert set(holes(SENTENCES[name]["zh"])) == set(holes(SENTENCES[name]["en"]))


def test_a_dialogs_own_wording_comes_first() -> None:
    dialog = shop(**{"answers:": "sentences: {goodbye: {en: Bye!}}\nanswers:"})

    assert sentence(dialog, "goodbye", "en") == "Bye!"
    assert sentence(dialog, "go_ahead", "zh") == "请说。"


def test_values_are_filled_in_and_are_no_templates_themselves() -> None:
    assert fill("{a} and {b}{none}.", {"a": "{b}", "b": "2"}) == "{b} and 2."
    assert holes("{a} {b.c} {1}") == ("a", "b.c")
