from pathlib import Path

import pytest

from connectors.asterisk_ami import tail
from connectors.asterisk_ami.tail import Tail


def test_each_reading_brings_the_whole_lines_that_are_new(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo\nthr")
    file = Tail(path)
    assert file.new_lines() == ["one", "two"]
    assert file.new_lines() == []
    path.write_text("one\ntwo\nthree\n")
    assert file.new_lines() == ["three"]
    file.forget()
    assert file.new_lines() == ["one", "two", "three"]


def test_rotated_file_is_read_from_its_beginning(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\ntwo\n")
    file = Tail(path)
    file.new_lines()
    path.rename(tmp_path / "log.1")
    path.write_text("three\n")
    assert file.new_lines() == ["three"]
    path.write_text("")
    assert file.new_lines() == []


def test_long_file_is_read_at_its_end_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail, "TAIL_BYTES", 25)
    path = tmp_path / "log"
    path.write_text("".join(f"line {number}\n" for number in range(100)))
    assert Tail(path).new_lines() == ["line 97", "line 98", "line 99"]


def test_what_is_no_text_hurts_nobody(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"\xff\xfe\x00\nnext\n")
    assert Tail(path).new_lines() == ["\ufffd\ufffd\x00", "next"]


def test_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        Tail(tmp_path / "log").new_lines()
