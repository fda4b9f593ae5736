from collections.abc import Callable

import pytest

from connectors.freeswitch_esl.outbound_values import LONGEST_S, endpoint, seconds, sound, terminators, word
from gateway.model.errors import CommandRefusedError


@pytest.mark.parametrize(
    ("check", "text"),
    [
        (sound, "tone_stream://%(200,100,440);loops=2"),
        (sound, "/sounds/文件.wav"),
        (endpoint, "user/1001"),
        (endpoint, "sofia/internal/1001@127.0.0.1:27101"),
        (endpoint, "sofia/gateway/carrier/+8613800138000"),
        (word, "USER_BUSY"),
    ],
)
def test_what_it_is_stays_as_it_is(check: Callable[[str], str], text: str) -> None:
    assert check(text) == text


@pytest.mark.parametrize("check", [sound, endpoint, word, terminators])
@pytest.mark.parametrize("text", ["a b", "a\nb", "a'b", 'a"b', "a{b}", "a\0", "user/1001,user/1002 x", "user/1001|user/1002'"])
def test_nothing_adds_an_argument_or_a_command(check: Callable[[str], str], text: str) -> None:
    with pytest.raises(CommandRefusedError):
        check(text)


@pytest.mark.parametrize(
    "text", ["1001", "user/", "user/1001,user/1002", "user/1001|user/1002", "{a=b}user/1001", "[a=b]user/1001"]
)
def test_an_endpoint_is_one(text: str) -> None:
    with pytest.raises(CommandRefusedError):
        endpoint(text)


def test_keys_that_end_an_input() -> None:
    assert terminators("#") == "#"
    assert terminators("") == "none"


@pytest.mark.parametrize("value", [0.0, -1.0, LONGEST_S + 1.0, float("nan"), float("inf")])
def test_a_time_is_one(value: float) -> None:
    assert seconds(5.0) == 5.0
    with pytest.raises(CommandRefusedError):
        seconds(value)
