import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.asterisk_ami.commands_values import (
    MAX_CONTEXT,
    MAX_CONTEXT_CHARACTERS,
    MAX_PENALTY,
    MAX_TEXT_CHARACTERS,
    context_variables,
    digits,
    number,
    penalty,
    text,
)
from gateway.model.errors import CommandRefusedError


@pytest.mark.parametrize("dialled", ["1001", "+85291234567", "*808001", "#72", "queue-7", "sip.user_1", "0" * 64])
def test_what_telephones_dial_is_a_number(dialled: str) -> None:
    assert number(dialled, "the number") == dialled


@pytest.mark.parametrize(
    "wrong", ["", "1\r\n", "1\n2", "1\0", "1 2", "1,n,2", "1&2", "1/2", "${X}", "1@x", "1)", "1;2", "9" * 65, "一", "１"]
)
def test_nothing_else_is(wrong: str) -> None:
    with pytest.raises(CommandRefusedError, match="the number"):
        number(wrong, "the number")


@given(st.text())
def test_whatever_passes_as_a_number_means_nothing_to_a_dial_plan(value: str) -> None:
    try:
        passed = number(value, "the number")
    except CommandRefusedError:
        return
    assert passed == value
    assert not set(value) & set("\r\n\0,&/()${}@;:=\"' ")


@pytest.mark.parametrize("wrong", ["", "12w", "a", "1\n", "1" * 65, "+1"])
def test_only_keys_of_a_telephone_are_pressed(wrong: str) -> None:
    assert digits("0123456789*#ABCD") == "0123456789*#ABCD"
    with pytest.raises(CommandRefusedError, match="keys"):
        digits(wrong)


@given(st.text())
def test_a_text_that_passes_shows_all_that_it_holds(value: str) -> None:
    try:
        text(value, "the reason")
    except CommandRefusedError:
        return
    assert 0 < len(value) <= MAX_TEXT_CHARACTERS
    assert not any(unicodedata.category(character).startswith("C") for character in value)


@pytest.mark.parametrize("wrong", ["", "  ", "x" * (MAX_TEXT_CHARACTERS + 1), "a\nb", "a\r\nAction: Logoff", "a\x7f", "a\u202eb"])
def test_other_texts_are_refused_and_named(wrong: str) -> None:
    assert text("午休, späte", "the reason") == "午休, späte"
    with pytest.raises(CommandRefusedError, match="the reason"):
        text(wrong, "the reason")


@pytest.mark.parametrize("wrong", [-1, MAX_PENALTY + 1])
def test_a_penalty_is_a_rank(wrong: int) -> None:
    assert (penalty(0), penalty(MAX_PENALTY)) == ("0", str(MAX_PENALTY))
    with pytest.raises(CommandRefusedError, match=str(wrong)):
        penalty(wrong)


def test_a_context_is_variables_that_later_legs_inherit() -> None:
    assert context_variables({"intent": "invoice", "Note_2": "阿明 called, twice"}) == [
        ("__TIELINE_INTENT", "invoice"),
        ("__TIELINE_NOTE_2", "阿明 called, twice"),
    ]
    assert context_variables({}) == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"": "x"},
        {"a b": "x"},
        {"SHELL(id)": "x"},
        {"x" * 41: "x"},
        {"intent": "a\r\nAction: Logoff"},
        {"intent": "x" * (MAX_CONTEXT_CHARACTERS + 1)},
        {f"n{at}": "x" for at in range(MAX_CONTEXT + 1)},
    ],
)
def test_other_contexts_are_refused(wrong: dict[str, str]) -> None:
    with pytest.raises(CommandRefusedError, match="context"):
        context_variables(wrong)
