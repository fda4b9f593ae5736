import re
import time

import pytest

from gateway.cli.tables import day_of, length_of, moment_of, printable, seconds_of, table, width


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    assert table(("id", "name"), [("1", "Chan Tai Man"), ("200", "")]) == "ID   NAME\n1    Chan Tai Man\n200\n"


def test_wide_characters_take_two_places() -> None:
    assert (width("李明"), width("é"), width("e\u0301")) == (4, 1, 1)
    assert table(("a", "b"), [("李明", "1"), ("x", "2")]) == "A     B\n李明  1\nx     2\n"


def test_nothing_is_said_to_be_nothing() -> None:
    assert table(("id",), []) == "(none)\n"


def test_a_callers_name_steers_no_terminal() -> None:
    assert printable("a\x1b[2Jb\nc") == "a?[2Jb?c"
    assert "\x1b" not in table(("name",), [("\x1b]0;mine\x07",)])


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0:00"), (59.9, "0:59"), (62.0, "1:02"), (3_723.0, "1:02:03")])
def test_lengths_are_written_as_clocks_do(seconds: float, text: str) -> None:
    assert length_of(seconds) == text


def test_times_are_those_of_here() -> None:
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", day_of(1_800_000_000.0))


def test_a_time_of_the_api_is_shown_as_it_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Hong_Kong")
    time.tzset()
    try:
        assert moment_of("2026-11-22T18:01:41.769Z") == "2026-11-23 02:01:41"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert moment_of(None) == ""
    assert seconds_of("2027-01-15T08:00:00.500Z") == 1_800_000_000.5
