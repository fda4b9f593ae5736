import msgspec
import pytest
from support.dialog_scripts import FOLDER, ChatPartner, FlowPartner, Script, delivery, play, scripts

from ivr.definition.reading import read_dialog
from ivr.lint.checks import lint
from ivr.understanding.understanding import Understanding, learned

SCRIPTS = scripts()


@pytest.mark.parametrize("script", [pytest.param(each, id=f"{each.language}-{place}") for place, each in enumerate(SCRIPTS)])
def test_a_conversation_goes_as_it_is_written_turn_by_turn(script: Script) -> None:
    play(script, FlowPartner(delivery(), script.language))


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    """By letters alone: the least that any installation has."""
    return learned(delivery(), None)


@pytest.mark.parametrize("script", [pytest.param(each, id=f"{each.language}-{place}") for place, each in enumerate(SCRIPTS)])
def test_it_goes_so_in_the_terminal_with_what_is_understood_there(script: Script, understanding: Understanding) -> None:
    play(script, ChatPartner(delivery(), script.language, understanding))


def test_both_languages_have_the_same_conversations() -> None:
    shapes = {language: [len(each.turns) for each in SCRIPTS if each.language == language] for language in ("en", "zh")}

    assert shapes["en"] == shapes["zh"]
    assert len(shapes["en"]) == 10


@pytest.mark.parametrize(
    "otherwise",
    [{"hear": "Something else."}, {"offer": ("Something",)}, {"asked": "bills"}, {"end": "served"}, {"told": {"phone": "1"}}],
    ids=lambda changed: next(iter(changed)),
)
def test_a_script_that_goes_otherwise_fails(otherwise: dict[str, object]) -> None:
    first = SCRIPTS[0]
    turns = (msgspec.structs.replace(first.turns[0], **otherwise), *first.turns[1:])
    with pytest.raises(AssertionError, match="turn 1"):
        play(Script(first.name, first.language, turns), FlowPartner(delivery(), first.language))


def test_the_dialog_has_nothing_wrong() -> None:
    assert lint(read_dialog(FOLDER / "delivery.yaml")) == []
