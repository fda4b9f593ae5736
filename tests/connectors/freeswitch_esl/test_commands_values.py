import pytest

from connectors.freeswitch_esl.commands_values import MAX_LEVEL, digits, level, name, number, path
from gateway.model.errors import CommandRefusedError


@pytest.mark.parametrize("text", ["1001", "*981001", "+8613800138000", "wang.fang", "a-b_c#"])
def test_what_a_telephone_dials_is_a_number(text: str) -> None:
    assert number(text, "the number") == text


SIGNS = ["\n", "\r", "\0", ",", "|", "&", "{", "}", "[", "]", "<", ">", "'", '"', "^", "$", "(", ")", "\\", "`", ";", " ", "\t"]


@pytest.mark.parametrize("sign", SIGNS)
def test_signs_that_mean_something_to_freeswitch_are_in_no_value(sign: str) -> None:
    for check in (lambda text: number(text, "it"), digits, lambda text: name(text, "it")):
        with pytest.raises(CommandRefusedError):
            check(f"1{sign}2")
        with pytest.raises(CommandRefusedError):
            check(f"1{sign}")


@pytest.mark.parametrize("sign", ["\n", "'", '"', "\\", "`", "\0"])
def test_no_path_ends_its_quotes(sign: str) -> None:
    with pytest.raises(CommandRefusedError):
        path(f"/recordings/a{sign}b.wav")


def test_a_path_with_a_blank_is_quoted() -> None:
    assert path("/my recordings/a.wav") == "'/my recordings/a.wav'"
    assert path("/recordings/录音.wav") == "/recordings/录音.wav"


@pytest.mark.parametrize("text", ["", "x" * 129])
def test_nothing_and_far_too_much_is_no_value(text: str) -> None:
    for check in (lambda given: number(given, "it"), digits, lambda given: name(given, "it")):
        with pytest.raises(CommandRefusedError):
            check(text)


def test_names_of_queues_may_be_chinese() -> None:
    assert name("客服@default", "the queue") == "客服@default"


@pytest.mark.parametrize("penalty", [-1, MAX_LEVEL + 1])
def test_no_level_is_absurd(penalty: int) -> None:
    assert level(0) == "0"
    with pytest.raises(CommandRefusedError):
        level(penalty)
