from pathlib import Path

import pytest

from gateway.model.yaml_text import SettingsError, key_text, parse, read_text

FILE = Path("d.yaml")


def test_keys_know_their_lines_and_words_stay_words() -> None:
    document = parse("a:\n  - b: NO\n    c: 1\n", FILE, "a")

    assert document.data == {"a": [{"b": "NO", "c": 1}]}
    assert document.place(("a", 0, "c")).line == 3
    assert document.place(("a", 0, "missing")).line == 2


def test_a_file_of_another_shape_is_told_how_one_begins() -> None:
    with pytest.raises(SettingsError, match=r"d.yaml:1: holds no keys at its top. Begin with a key such as `itr:`"):
        parse("- 1\n", FILE, "itr")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        read_text(tmp_path / "none.yaml")


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(SettingsError, match="nested too deep"):
        parse("a: " + "[" * 40 + "]" * 40, FILE, "a")


def test_a_key_path_is_written_as_people_do() -> None:
    assert key_text(("nodes", "main", "choices", 0)) == "nodes.main.choices[0]"
