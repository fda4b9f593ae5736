import re
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from ivr.definition.reading import parse_dialog, read_dialog
from ivr.importers.menus import Entry, Goal, GoalKind, Imported, Menu, Origin, Prompt
from ivr.importers.reading import read
from ivr.importers.writing import identifier, written
from ivr.lint.checks import lint

HERE = Origin("extensions.conf", 7)


def entry(digits: str, kind: GoalKind, target: str = "", label: str = "", *prompts: Prompt) -> Entry:
    return Entry(digits=digits, goal=Goal(kind=kind, target=target, prompts=prompts), origin=HERE, label=label)


def menu(name: str, *entries: Entry, **more: object) -> Menu:
    return Menu(id=name, origin=HERE, entries=entries, prompts=(Prompt(sound="custom/main-menu"),), **more)  # type: ignore[arg-type]  # a menu's fields


def test_keys_and_destinations_stay_and_the_dialog_can_be_read() -> None:
    main = menu(
        "ivr-1",
        entry("1", GoalKind.QUEUE, "600", "Sales"),
        entry("2", GoalKind.NUMBER, "1001"),
        entry("3", GoalKind.MENU, "ivr-2"),
        entry("9", GoalKind.HANG_UP, "", "", Prompt(sound="goodbye", text="Goodbye.")),
    )
    made = written(Imported(menus=(main, menu("ivr-2", entry("1", GoalKind.QUEUE, "600")))), name="Old IVR", language="en")
    dialog = parse_dialog(made.text, Path("old.yaml")).dialog
    assert (dialog.name, dialog.start, dialog.human.queue) == ("old-ivr", "ivr-1", "600")
    choices = [(choice.digit, choice.go) for choice in dialog.nodes["ivr-1"].choices]
    assert choices == [("1", "queue-600"), ("2", "number-1001"), ("3", "ivr-2"), ("9", "hang-up")]
    assert dialog.nodes["ivr-2"].choices[0].go == "queue-600"
    sales, extension, goodbye = (dialog.nodes[name] for name in ("queue-600", "number-1001", "hang-up"))
    assert sales.transfer is not None
    assert extension.transfer is not None
    assert (sales.transfer.queue, sales.label, extension.transfer.number) == ("600", {"en": "Sales"}, "1001")
    assert (goodbye.say, goodbye.prompt, goodbye.end) == ({"en": "Goodbye."}, "goodbye", True)
    assert dialog.nodes["ivr-1"].say == {"en": "main menu"}
    assert "# examples wanted" in made.text
    assert "# write what is said in custom/main-menu" in made.text
    assert made.unread == ()


@pytest.mark.parametrize(
    ("one", "why"),
    [
        (entry("1", GoalKind.VOICEMAIL, "1001"), "a dialog has no mailbox"),
        (entry("1", GoalKind.UNKNOWN), "where it leads is not known"),
        (entry("1", GoalKind.MENU, "gone"), "there is no such menu"),
        (entry("_1XX", GoalKind.NUMBER, "1"), "no entry of a menu"),
    ],
)
def test_what_has_no_place_is_told_by_its_line(one: Entry, why: str) -> None:
    made = written(Imported(menus=(menu("main", one),)), name="x", language="zh")
    assert [str(each.origin) for each in made.unread] == ["extensions.conf:7"]
    assert why in made.unread[0].why
    parse_dialog(made.text, Path("old.yaml"))


def test_what_silence_and_wrong_keys_lead_to_is_told_unless_it_is_the_menu_again() -> None:
    again, queue = Goal(kind=GoalKind.MENU, target="main"), Goal(kind=GoalKind.QUEUE, target="600")
    made = written(Imported(menus=(menu("main", on_silence=queue, on_wrong=again),)), name="x", language="en")
    assert [each.text for each in made.unread] == ["[main] after a silence: queue 600"]
    assert parse_dialog(made.text, Path("old.yaml")).dialog.nodes["main"].listen


def test_the_rigs_menus_lint_clean_once_examples_are_added(tmp_path: Path) -> None:
    rig = Path(__file__).parents[2] / "rig" / "cc1" / "extensions.conf"
    made = written(read([rig], None), name="rig", language="en")
    words = iter(f"{first}{second}" for first in "bcdfghjklmnpqrstvwz" for second in ("alo", "eki", "umo", "ofa", "ipu"))
    text = re.sub(
        r"examples: \{en: \[\]\}.*", lambda _: f"examples: {{en: [{', '.join(next(words) for _ in range(5))}]}}", made.text
    )
    file = tmp_path / "rig.yaml"
    file.write_text(text)
    assert [str(problem) for problem in lint(read_dialog(file))] == []


def test_nothing_is_written_of_nothing() -> None:
    assert written(Imported(menus=()), name="x", language="en").text == ""


@example(name="FALSE", label="", target="")
@example(name="on", label="null", target="yes")
@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=20))
def test_whatever_stands_in_names_and_comments_the_dialog_can_be_read(name: str, label: str, target: str) -> None:
    made = written(
        Imported(menus=(menu(name, entry("1", GoalKind.QUEUE, target, label), label=label),)), name=name, language="en"
    )
    assert len(parse_dialog(made.text, Path("old.yaml")).dialog.nodes) == 2
    assert yaml.safe_load(made.text)["nodes"]
    assert identifier(name)[0].isalpha()
