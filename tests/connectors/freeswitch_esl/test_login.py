import pytest

from connectors.freeswitch_esl.login import Rights, subscription


def test_everything_wanted_is_asked_for_custom_events_last() -> None:
    wanted = frozenset({"CHANNEL_ANSWER", "CUSTOM callcenter::info", "DTMF"})
    assert subscription(wanted, Rights()) == ("CHANNEL_ANSWER DTMF CUSTOM callcenter::info", [])


def test_what_a_user_may_not_hear_is_not_asked_for_and_told() -> None:
    rights = Rights(events=frozenset({"CHANNEL_ANSWER", "CUSTOM", "fifo::info"}))
    wanted = frozenset({"CHANNEL_ANSWER", "CUSTOM callcenter::info", "CUSTOM fifo::info", "DTMF"})
    assert subscription(wanted, rights) == ("CHANNEL_ANSWER CUSTOM fifo::info", ["CUSTOM callcenter::info", "DTMF"])


@pytest.mark.parametrize(("allowed", "may"), [(None, True), ({"ALL"}, True), ({"show", "status"}, True), ({"status"}, False)])
def test_commands_are_open_to_whom_the_pbx_says(allowed: set[str] | None, may: bool) -> None:
    assert Rights(commands=None if allowed is None else frozenset(allowed)).may_ask("show") is may
