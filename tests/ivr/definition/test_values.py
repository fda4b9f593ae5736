import pytest

from ivr.definition.values import Examples, Words, in_language, sentences_of


@pytest.mark.parametrize(
    ("words", "said"),
    [({"zh": "您好", "en": "Hello"}, "Hello"), ({"zh": "您好"}, "您好"), ("Hello", "Hello"), (None, ""), ({}, "")],
)
def test_words_are_said_in_the_language_or_in_one_that_is_there(words: Words | None, said: str) -> None:
    assert in_language(words, "en") == said


@pytest.mark.parametrize(
    ("examples", "language", "found"),
    [
        (("a", "b"), None, ("a", "b")),
        (("a", "b"), "en", ("a", "b")),
        ({"zh": ("甲",), "en": ("a", "b")}, "en", ("a", "b")),
        ({"zh": ("甲",), "en": ("a", "b")}, None, ("甲", "a", "b")),
        ({"zh": ("甲",)}, "en", ()),
    ],
)
def test_examples_are_told_by_language(examples: Examples, language: str | None, found: tuple[str, ...]) -> None:
    assert sentences_of(examples, language) == found
