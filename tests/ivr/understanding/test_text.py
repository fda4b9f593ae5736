import pytest

from ivr.understanding.text import MAX_CHARACTERS, Synonyms, language_of, normalised


def test_one_spelling_of_the_same() -> None:
    assert normalised("  Ｗhere　IS\nmy ") == "where is my"
    assert len(normalised("字" * 10_000)) == MAX_CHARACTERS


@pytest.mark.parametrize(
    ("text", "language"),
    [("where is it", "en"), ("我的包裹", "zh"), ("查 Swiftbox 的订单", "zh"), ("call Mr 王 please", "en"), ("138 0013", "xx")],
)
def test_letters_show_the_language(text: str, language: str) -> None:
    assert language_of(text, "xx") == language


def test_other_names_become_the_chief_one() -> None:
    synonyms = Synonyms({"包裹": ["快递", "快递件"], "Parcel": ["Box"]})

    assert synonyms.apply("我的快递件和快递") == "我的包裹和包裹"
    assert synonyms.apply("my box is no inbox") == "my parcel is no inbox"
    assert Synonyms({}).apply("as it is") == "as it is"
