import tomllib
from pathlib import Path

from ivr.definition.reading import read_dialog
from ivr.example.company import HOST
from ivr.example.files import dialog_file
from ivr.lint.checks import lint

TOP = Path(__file__).parents[3]


def test_the_dialog_is_there_with_all_that_it_names_and_nothing_is_wrong() -> None:
    definition = read_dialog(dialog_file())

    assert lint(definition) == []
    assert len(definition.dialog.answers) >= 40


def test_each_answer_is_asked_for_in_several_ways_in_both_languages() -> None:
    for answer in read_dialog(dialog_file()).dialog.answers:
        assert isinstance(answer.questions, dict)
        assert {language: len(asked) for language, asked in answer.questions.items()} == {"zh": 2, "en": 2}, answer.id


def test_its_systems_are_the_example_companys() -> None:
    handlers = read_dialog(dialog_file()).dialog.handlers

    assert all(handler.url.startswith(f"http://{HOST}/") for handler in handlers.values())


def test_a_wheel_brings_the_folder_to_where_it_is_looked_for() -> None:
    targets = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]

    assert targets["wheel"]["force-include"]["config/itr"] == "ivr/_data/itr"
    assert dialog_file().parent == TOP / "config" / "itr"
