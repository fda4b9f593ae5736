import unicodedata

import pytest

from gateway.model.passwords import MAX_CHARACTERS, prepared, weakness


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("", "10 are needed"),
        ("short one", "it has 9 characters, and 10 are needed"),
        ("x" * (MAX_CHARACTERS + 1), "more than 200"),
        ("aaaaaaaaaaaa", "repeats"),
        ("abcabcabcabc", "repeats"),
        ("1234567890", "guessed first"),
        ("PassWord123", "guessed first"),
        ("woaini1314520", "guessed first"),
        ("annabel.lee1", "own name or login"),
        ("AnnabelLee99", "own name or login"),
    ],
)
def test_what_is_guessed_is_refused(password: str, reason: str) -> None:
    assert reason in (weakness(password, login="annabel.lee@example.com", name="Annabel Lee") or "")


@pytest.mark.parametrize(
    "password",
    ["three words together", "kT9#vq2Lm!", "annabel likes seven green bottles", "一二三四五六七八九十", "Lee" * 3 + "x7Qp"],
)
def test_what_is_long_enough_is_taken_without_rules_about_its_characters(password: str) -> None:
    assert weakness(password, login="annabel.lee@example.com", name="Annabel Lee") is None


def test_a_password_is_the_same_however_a_keyboard_composes_it() -> None:
    assert prepared(unicodedata.normalize("NFD", "Käsebrötchen")) == unicodedata.normalize("NFC", "Käsebrötchen")
