from pathlib import Path

from ivr.itr.missed import MAX_BYTES, MAX_CHARACTERS, Missed, blotted
from ivr.understanding.tables import read_rows


def test_sentences_are_a_table_that_learn_reads(tmp_path: Path) -> None:
    missed = Missed(tmp_path / "itr")
    missed.note("colourless\tgreen\n ideas")
    missed.note("my number is 138 0013 8000, or me@example.com")
    assert read_rows(missed.file, node_needed=False) == [
        ("", "colourless green ideas"),
        ("", "my number is #############, or @"),
    ]


def test_long_sentences_are_cut_and_short_numbers_stay() -> None:
    assert len(blotted("x" * 1_000)) == MAX_CHARACTERS
    assert blotted("2 parcels") == "2 parcels"


def test_a_full_table_becomes_the_older_one(tmp_path: Path) -> None:
    missed = Missed(tmp_path)
    missed.file.write_text("\tx\n" * (MAX_BYTES // 3 + 1))
    missed.note("y")
    assert missed.file.read_text() == "\ty\n"
    assert len(list(tmp_path.iterdir())) == 2


def test_without_room_the_talk_goes_on(tmp_path: Path) -> None:
    (tmp_path / "itr").write_text("in the way")
    Missed(tmp_path / "itr").note("x")
